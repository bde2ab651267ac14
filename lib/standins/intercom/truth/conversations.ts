/** The truth about conversations and their parts, and everything that can happen to them. */
import { conversationRecord } from '../generate/conversation-record.ts';
import {
  type ConversationState,
  contactOf,
  contactReference,
  conversationFields,
} from '../generate/conversations.ts';
import { conversationPart, generateParts, messagePart } from '../generate/parts.ts';
import * as personal from '../generate/personal.ts';
import { ADMIN_IDS, CONVERSATION_IDS, partId } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { createRandom } from '../prng.ts';
import type { ConversationTruth, MutationOptions } from '../workspace-types.ts';
import { cutParts, type World } from '../world/world.ts';
import { moment, recordsOf, refuseFields, rowOf, splitTimes } from './expected-records.ts';

const APART = ['id', 'type', 'tags', 'conversation_parts'] as const;

/** All parts of a conversation: generated ones, or the stored ones after a change. */
const partsOf = (world: World, row: number, state: ConversationState): readonly JsonObject[] =>
  state.parts ?? generateParts(world.genesis, row, state);

export function conversationDetail(world: World, row: number): JsonObject {
  const state = world.conversations.table.state(row);
  const tagName = (id: string): string | undefined => {
    const name = world.plains.tags.record(id)?.name;
    return name === undefined ? undefined : String(name);
  };
  const { served, total } = cutParts(partsOf(world, row, state), 'newest', world.switches().partsTotalCount);
  return {
    ...conversationRecord(row, state, tagName, world.switches().countedParts),
    conversation_parts: { type: 'conversation_part.list', conversation_parts: served, total_count: total },
  };
}

export function createConversationTruth(world: World): ConversationTruth {
  const { table } = world.conversations;
  const { tags } = world.plains;
  const tagName = (id: string): string | undefined => {
    const name = tags.record(id)?.name;
    return name === undefined ? undefined : String(name);
  };
  type Change = (state: ConversationState, at: number, row: number) => Partial<ConversationState>;
  const change = (
    id: string,
    options: MutationOptions | undefined,
    bump: 'bump' | 'keep',
    next: Change,
  ): void => {
    const row = rowOf(table, id);
    const at = moment(world.clock, options);
    const state = table.state(row);
    table.set(row, { ...state, ...(bump === 'bump' ? { updatedAt: at } : {}), ...next(state, at, row) });
  };
  /** The first change stores all parts, because the times of generated parts derive from the conversation's. */
  const append = (
    state: ConversationState,
    row: number,
    at: number,
    details: JsonObject,
  ): Partial<ConversationState> => {
    const parts = partsOf(world, row, state);
    const part = conversationPart(partId(CONVERSATION_IDS.idOf(row), parts.length), at, details);
    return { parts: [...parts, part], partCount: parts.length + 1 };
  };
  const byAdmin = (): JsonObject => personal.author(world.genesis.seed, 'admin', ADMIN_IDS.idOf(0), 0);
  const move = (id: string, options: MutationOptions | undefined, open: boolean): void =>
    change(id, options, 'bump', (state, at, row) => ({
      ...append(state, row, at, {
        part_type: open ? 'open' : 'close',
        state: open ? 'open' : 'closed',
        author: byAdmin(),
      }),
      fields: { ...state.fields, open, state: open ? 'open' : 'closed' },
    }));

  return {
    ...recordsOf(table, (row, state) =>
      conversationRecord(row, state, tagName, world.switches().countedParts),
    ),
    get size() {
      return table.size;
    },
    parts(id) {
      const row = rowOf(table, id);
      return partsOf(world, row, table.state(row));
    },
    partCount: (id) => table.state(rowOf(table, id)).partCount,
    tagIds: (id) =>
      table
        .state(rowOf(table, id))
        .tags.map((tag) => tag.id)
        .filter(tags.has),
    detail(id) {
      const row = table.find(id);
      return row === undefined ? undefined : conversationDetail(world, row);
    },
    create(fields = {}, options) {
      refuseFields('conversations', fields, APART);
      const at = moment(world.clock, options);
      const { rest, times } = splitTimes(fields);
      const time = { createdAt: at, updatedAt: at, ...times };
      const contact = contactOf(world.genesis, 203, table.rows);
      const generated = conversationFields(world.genesis, table.rows, contact, time);
      const row = table.add({
        ...time,
        fields: { ...generated, ...rest },
        tags: [],
        contact,
        partCount: 0,
        parts: [],
      });
      return table.idOf(row);
    },
    update(id, fields, options) {
      refuseFields('conversations', fields, APART);
      const { rest, times } = splitTimes(fields);
      change(id, options, 'bump', (state, _at, row) => ({
        fields: { ...state.fields, ...rest },
        parts: partsOf(world, row, state),
        ...times,
      }));
    },
    delete(id, options) {
      table.remove(rowOf(table, id));
      world.deletedConversations.push({ id, deletedAt: moment(world.clock, options) });
    },
    addPart(id, part, options) {
      const row = rowOf(table, id);
      const { contact, partCount } = table.state(row);
      const random = createRandom(world.genesis.seed, 'added part', row * 10_007 + partCount);
      const details = part ?? messagePart(world.genesis, contact, random);
      change(id, options, 'bump', (state, at) => append(state, row, at, details));
      return String(table.state(row).parts?.at(-1)?.id);
    },
    redactPart(id, wanted, options) {
      change(id, options, 'bump', (state, at, row) => {
        const parts = partsOf(world, row, state);
        if (!parts.some((part) => part.id === wanted))
          throw new Error(`conversation "${id}": no part "${wanted}"`);
        const redact = (part: JsonObject): JsonObject =>
          part.id === wanted
            ? { ...part, body: null, attachments: [], redacted: true, updated_at: at }
            : part;
        return { parts: parts.map(redact) };
      });
    },
    close: (id, options) => move(id, options, false),
    reopen: (id, options) => move(id, options, true),
    rate: (id, rating, remark, options) =>
      change(id, options, 'bump', (state, at, row) => ({
        ...append(state, row, at, { part_type: 'conversation_rating_changed', author: byAdmin() }),
        fields: {
          ...state.fields,
          conversation_rating: {
            rating,
            remark: remark ?? personal.ratingRemark(createRandom(world.genesis.seed, 'rating', row)),
            created_at: at,
            updated_at: at,
            contact: contactReference(state.contact),
            teammate: { type: 'admin', id: ADMIN_IDS.idOf(0) },
          },
        },
      })),
    tag(id, tagId, options) {
      if (!tags.has(tagId)) throw new Error(`conversations: no tag "${tagId}"`);
      change(id, options, world.switches().conversationTagBump, (state, at, row) => ({
        parts: partsOf(world, row, state),
        tags: [
          ...state.tags.filter((tag) => tag.id !== tagId),
          { id: tagId, appliedAt: at, appliedBy: { type: 'admin', id: ADMIN_IDS.idOf(0) } },
        ],
      }));
    },
    untag: (id, tagId, options) =>
      change(id, options, world.switches().conversationTagBump, (state, _at, row) => ({
        parts: partsOf(world, row, state),
        tags: state.tags.filter((tag) => tag.id !== tagId),
      })),
  };
}
