/** One conversation with its parts (docs/intercom-api.md 6.4): rows and evidence. */

import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts';
import { sum } from '../../../core/metrics.ts';
import type { PageEvidence, ReadRecord } from '../../../core/reading.ts';
import type { EpochMs } from '../../../core/time.ts';
import { stampOf } from './identify.ts';
import { broken, countOf, recordsOf } from './list-answers.ts';

/** Intercom returns the newest 500 parts of a conversation, and no way to the older ones. */
const PARTS_CAP = 500;

export interface ConversationDetail {
  readonly id: string;
  readonly records: readonly ReadRecord[];
  readonly partsExpected: number;
  readonly overCap: boolean;
  /** Size of the answer. */
  readonly bytes: number;
}

const object = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});

/**
 * All parts of a conversation, stamped with the conversation's own `updated_at`: never filtered by a
 * part's time, which loses parts (field reports 2).
 * @throws ContractError where the list of parts is missing although there are some
 */
export function conversationDetail(
  id: string,
  body: JsonObject,
  answer: { readonly receivedAtMs: EpochMs; readonly bytes: number },
): ConversationDetail {
  const { receivedAtMs, bytes } = answer;
  const stampedAt = stampOf(body, 'updated_at') ?? 0;
  const list = body.conversation_parts;
  const counted = countOf(object(body.statistics).count_conversation_parts);
  const listed = countOf(object(list).total_count);
  const expected = counted ?? listed ?? 0;
  if (!isJsonObject(list) && expected > 0) {
    throw broken('records_missing', `A conversation with ${expected} parts came without them`);
  }
  const parts = isJsonObject(list) ? recordsOf(list, ['conversation_parts'], 'A conversation') : [];
  return {
    id,
    records: parts.map((part) => ({ record: { ...part, conversation_id: id }, stampedAt, receivedAtMs })),
    partsExpected: expected,
    overCap: expected > parts.length && (parts.length >= PARTS_CAP || (listed ?? 0) > PARTS_CAP),
    bytes,
  };
}

export const evidenceOf = (details: readonly ConversationDetail[]): PageEvidence => ({
  partsExpected: sum(details.map(({ partsExpected }) => partsExpected)),
  partsWritten: sum(details.map(({ records }) => records.length)),
  overCap: details.filter(({ overCap }) => overCap).map(({ id }) => id),
});
