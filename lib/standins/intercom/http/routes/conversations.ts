/** Conversations and deleted conversations (docs/intercom-api.md 6.4). */

import type { ConversationState } from '../../generate/conversations.ts';
import { isObject, type JsonObject } from '../../json.ts';
import { oddRecord } from '../../odd-records.ts';
import { conversationFields } from '../../search/fields.ts';
import { THREAD_OPERATORS } from '../../search/operators.ts';
import { conversationDetail } from '../../truth/conversations.ts';
import { type Answer, ok, param, type Request, type Route, type Services } from '../context.ts';
import { HtmlError, notFound } from '../errors.ts';
import { listText, numberedPage, pageSize } from '../paging.ts';
import { createSearchRoute } from '../search-route.ts';
import { cursorList } from './contacts.ts';

export const scope = (): 'read_conversations' => 'read_conversations';
export const plan: NonNullable<Route['plan']> = ({ conversationsPlan }) => ({
  allowed: conversationsPlan === 'included',
  message: 'Active subscription needed.',
});

const createConversationsSearch = (): Route['handle'] =>
  createSearchRoute<ConversationState>(({ world, switches }) => ({
    searchable: world.conversations,
    fields: conversationFields(world),
    operators: () => THREAD_OPERATORS,
    dates: () => ({ kind: 'seconds', comparison: switches().comparison }),
    listType: 'conversation.list',
    key: 'conversations',
    defaultPerPage: 20,
    defaultSort: 'updated_at',
    numericId: true,
  }));

const plainText = (html: string): string =>
  html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

const withPlainBody = (item: JsonObject): JsonObject =>
  typeof item.body === 'string' ? { ...item, body: plainText(item.body) } : item;

/** `display_as=plaintext`: bodies without HTML. */
function plain(record: JsonObject): JsonObject {
  const { source, conversation_parts: list } = record;
  const parts = isObject(list) && Array.isArray(list.conversation_parts) ? list.conversation_parts : [];
  return {
    ...record,
    source: isObject(source) ? withPlainBody(source) : null,
    conversation_parts: isObject(list)
      ? { ...list, conversation_parts: parts.filter(isObject).map(withPlainBody) }
      : null,
  };
}

/** Lists fewer parts than `total_count` says. */
function withoutOldest(record: JsonObject, missing: number): JsonObject {
  const list = record.conversation_parts;
  if (missing === 0 || !isObject(list) || !Array.isArray(list.conversation_parts)) return record;
  return {
    ...record,
    conversation_parts: { ...list, conversation_parts: list.conversation_parts.slice(missing) },
  };
}

function getConversation(services: Services, request: Request): Answer {
  const row = services.world.conversations.table.find(param(request));
  if (row === undefined) {
    throw services.switches().conversationNotFound === 'html' ? new HtmlError(404, 'Not Found') : notFound();
  }
  const { shortages, switches, world } = services;
  const missing = shortages.of(switches().missingParts, param(request));
  const record = oddRecord(
    switches(),
    'conversations',
    withoutOldest(conversationDetail(world, row), missing),
  );
  return ok(JSON.stringify(request.query.get('display_as') === 'plaintext' ? plain(record) : record));
}

function deletedConversations(services: Services, request: Request): Answer {
  const oldestFirst = [...services.world.deletedConversations].sort((a, b) => a.deletedAt - b.deletedAt);
  const all = oldestFirst.map(({ id, deletedAt }) =>
    JSON.stringify({ type: 'conversation', id, metrics_retained: true, deleted_at: deletedAt }),
  );
  const ordered = request.query.get('order') === 'asc' ? all : all.reverse();
  const perPage = pageSize(services, request.query.get('per_page'), { fallback: 20, max: 60 });
  const { items, pages } = numberedPage(services, request, ordered, perPage);
  return ok(listText('conversations.list', 'conversations', items, { total_count: all.length, pages }));
}

export const createConversationRoutes = (): readonly Route[] => [
  {
    method: 'GET',
    path: '/conversations',
    scope,
    plan,
    handle: (services, request) =>
      cursorList(services, request, services.world.conversations, {
        order: services.switches().conversationsOrder,
        fallback: 20,
        type: 'conversation.list',
        key: 'conversations',
        numericId: true,
      }),
  },
  { method: 'POST', path: '/conversations/search', scope, plan, handle: createConversationsSearch() },
  { method: 'GET', path: '/conversations/deleted', scope, plan, since: 216, handle: deletedConversations },
  { method: 'GET', path: '/conversations/:id', scope, plan, handle: getConversation },
];
