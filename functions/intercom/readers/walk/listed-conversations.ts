/** Lists the conversations whose parts a slice reads: those that a search finds, or the ids of a debt. */
import { createHash } from 'node:crypto';
import { type JsonObject, stringifyJson } from '../../../core/json.ts';
import type { Observed, Position, Reject, SliceQuery } from '../../../core/reading.ts';
import { parseTime } from '../../../core/scalars.ts';
import { BY_ID, recordId, sortOut } from './identify.ts';
import { searchPositions } from './search-position.ts';
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
      /** What was listed and is not a conversation that can be asked for. */
      readonly rejects: readonly Reject[];
      readonly observed: Observed;
      /** Position after this page. */
      readonly next: Position;
    }
  | { readonly type: 'restart'; readonly reason: string }
  | { readonly type: 'end'; readonly matched: number | null };

/**
 * A conversation without a time may have changed unnoticed, so its version follows from everything it came with. Versions
 * are kept in receipts, so it is a digest.
 */
function listed(record: JsonObject): ListedConversation {
  const id = recordId(BY_ID, record) ?? '';
  const time = parseTime(record.updated_at);
  const state = time ?? createHash('sha256').update(stringifyJson(record)).digest('hex');
  return { id, version: `${id} ${state}` };
}

/** Ids of a debt that are listed at once. */
const IDS_PER_STEP = 150;

function* listIds(ids: readonly string[], start: number): Generator<ListingStep, void, void> {
  for (let at = start; at < ids.length; at += IDS_PER_STEP) {
    const step = ids.slice(at, at + IDS_PER_STEP);
    const conversations = step.map((id) => ({ id, version: id }));
    yield { type: 'listed', conversations, rejects: [], observed: {}, next: at + step.length };
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
  // One page at a time: which conversations of a page are done is known by their place in this order.
  const asked = query.kind === 'window' ? { ...query, cuts: [] } : query;
  for await (const step of searcher.walk(asked, searchPositions(start))) {
    if (step.type !== 'page') {
      yield step;
      continue;
    }
    const { records, rejects } = sortOut(BY_ID, step.records, step.receivedAtMs, 'conversations');
    const { observed, position: next } = step;
    yield { type: 'listed', conversations: records.map(listed), rejects, observed, next };
  }
}
