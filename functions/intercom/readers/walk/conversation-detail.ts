/** One conversation and its parts (docs/intercom-api.md 6.4), as records and evidence. */

import type { ObjectDeclaration } from '../../../core/declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts';
import { sum } from '../../../core/metrics.ts';
import type { PageEvidence, ReadRecord } from '../../../core/reading.ts';
import type { EpochMs } from '../../../core/time.ts';
import { recordId, stampOf } from './identify.ts';
import { contractError, parseCount, recordsOf } from './list-answers.ts';

/** Intercom returns only the newest 500 parts of a conversation; older ones cannot be read. */
const PARTS_CAP = 500;

export interface ConversationDetail {
  readonly id: string;
  readonly records: readonly ReadRecord[];
  readonly partsExpected: number;
  readonly overCap: boolean;
  /** Size of the answer in bytes. */
  readonly bytes: number;
}

const object = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});

/**
 * All parts of a conversation, stamped with the conversation's own `updated_at`. They are never filtered
 * by their own times, because that loses parts.
 * @throws ContractError if the list of parts is missing although Intercom counts some
 */
export function conversationDetail(
  declaration: ObjectDeclaration,
  id: string,
  body: JsonObject,
  answer: { readonly receivedAtMs: EpochMs; readonly bytes: number },
): ConversationDetail {
  const { receivedAtMs, bytes } = answer;
  const stampedAt = stampOf(body, 'updated_at') ?? 0;
  const list = body.conversation_parts;
  const counted = parseCount(object(body.statistics).count_conversation_parts);
  const listed = parseCount(object(list).total_count);
  const expected = counted ?? listed ?? 0;
  if (!isJsonObject(list) && expected > 0) {
    throw contractError(
      'records_missing',
      `A conversation came without its parts, although Intercom counts ${expected}`,
    );
  }
  const parts = isJsonObject(list) ? recordsOf(list, ['conversation_parts'], '/conversations/{id}') : [];
  return {
    id,
    records: parts.map((part) => {
      const record = { ...part, conversation_id: id };
      return { id: recordId(declaration, record), record, stampedAt, receivedAtMs };
    }),
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
