/** Lists the conversations whose parts a slice reads: those a search finds, or the ids of a debt. */
import type { JsonObject } from '../../../core/json.ts';
import type { Position, SliceQuery } from '../../../core/reading.ts';
import { recordId } from './identify.ts';
import { searchPosition } from './search-position.ts';
import type { Searcher } from './search-walk.ts';

export interface ListedConversation {
  readonly id: string;
  /** Differs if the conversation has changed since. */
  readonly version: string;
}

export type ListingStep =
  | {
      readonly type: 'listed';
      readonly conversations: readonly ListedConversation[];
      /** Position after this page. */
      readonly next: Position;
    }
  | { readonly type: 'restart'; readonly reason: string }
  | { readonly type: 'end'; readonly matched: number | null };

const CONVERSATION_KEY = { name: 'conversations', primaryKey: ['id'] } as const;

function listed(record: JsonObject): ListedConversation {
  const id = recordId(CONVERSATION_KEY, record);
  return { id, version: `${id} ${record.updated_at}` };
}

/** Ids of a debt that are listed at once. */
const IDS_PER_STEP = 150;

function* listIds(ids: readonly string[], start: number): Generator<ListingStep, void, void> {
  for (let at = start; at < ids.length; at += IDS_PER_STEP) {
    const step = ids.slice(at, at + IDS_PER_STEP);
    const conversations = step.map((id) => ({ id, version: id }));
    yield { type: 'listed', conversations, next: at + step.length };
  }
  yield { type: 'end', matched: ids.length };
}

/** Lists the conversations of a slice page by page, from the beginning or a position. */
export async function* listConversations(
  searcher: Searcher,
  query: SliceQuery,
  start: Position | null,
): AsyncGenerator<ListingStep, void, void> {
  if (query.kind === 'ids') {
    yield* listIds([...new Set(query.ids)], typeof start === 'number' ? start : 0);
    return;
  }
  for await (const step of searcher.walk(query, searchPosition(start))) {
    if (step.type !== 'page') yield step;
    else yield { type: 'listed', conversations: step.records.map(listed), next: step.position };
  }
}
