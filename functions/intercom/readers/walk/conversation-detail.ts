/** One conversation and its parts (docs/intercom-api.md 6.4), as records and evidence. Pure. */

import type { ObjectDeclaration } from '../../../core/declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts';
import { sum } from '../../../core/metrics.ts';
import type { PageEvidence, ReadRecord, Reject } from '../../../core/reading.ts';
import { listUnder } from '../../../core/relationship.ts';
import { parseCount, parseTime } from '../../../core/scalars.ts';
import { type EpochMs, toSeconds } from '../../../core/time.ts';
import { oddItems, recordId, sortOut, withLists } from './identify.ts';

/** Intercom returns only the newest 500 parts of a conversation; older ones cannot be read. */
const PARTS_CAP = 500;

export interface ConversationDetail {
  readonly id: string;
  readonly records: readonly ReadRecord[];
  readonly rejects: readonly Reject[];
  readonly partsExpected: number;
  /** Parts that came, readable or not. */
  readonly partsListed: number;
  readonly overCap: boolean;
  /** Why some parts did not come although Intercom has them; null if all came. */
  readonly shortfall: string | null;
  /** Size of the answer. */
  readonly bytes: number;
}

/** A record that was just parsed. */
type Owned = { conversation_id?: string };

const object = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});

/** The parts as listed; null if they did not come in a known shape. */
function partsOf(body: JsonObject): readonly JsonValue[] | null {
  const holder = body.conversation_parts;
  if (Array.isArray(holder)) return holder as readonly JsonValue[];
  return (isJsonObject(holder) ? listUnder(holder, ['conversation_parts', 'data', 'parts']) : null) ?? null;
}

/**
 * How many parts Intercom has: by the list's own count, else by the statistic, which counts the first message
 * too (docs/intercom-api.md 10). Null if neither came.
 */
function partsCounted(body: JsonObject): number | null {
  const listed = parseCount(object(body.conversation_parts).total_count);
  if (listed !== null) return listed;
  const counted = parseCount(object(body.statistics).count_conversation_parts);
  return counted === null ? null : Math.max(0, counted - 1);
}

function isOverCap(body: JsonObject): boolean {
  const listed = parseCount(object(body.conversation_parts).total_count) ?? 0;
  const counted = parseCount(object(body.statistics).count_conversation_parts) ?? 0;
  return listed > PARTS_CAP || counted - 1 > PARTS_CAP;
}

/**
 * All parts of a conversation, stamped with the conversation's own `updated_at`. They are never filtered
 * by their own times, because that loses parts.
 */
export function conversationDetail(
  declaration: ObjectDeclaration,
  id: string,
  body: JsonObject,
  answer: { readonly receivedAtMs: EpochMs; readonly bytes: number },
): ConversationDetail {
  const { receivedAtMs, bytes } = answer;
  const time = parseTime(body.updated_at);
  const stampedAt = time ?? toSeconds(receivedAtMs);
  const listed = partsOf(body);
  const parts = listed ?? [];
  // Set on the part itself, which nobody else holds: this saves a copy of each.
  for (const part of parts) if (isJsonObject(part)) (part as Owned).conversation_id = id;
  const { records: readable, rejects } = sortOut(
    declaration,
    parts,
    receivedAtMs,
    `${id}.conversation_parts`,
  );
  const records = readable.map((record) => {
    const one = { id: recordId(declaration, record) ?? '', record, stampedAt, receivedAtMs };
    return withLists(declaration, time === null ? { ...one, untimed: true } : one);
  });
  const expected = partsCounted(body) ?? parts.length;
  const overCap = isOverCap(body);
  const wanted = overCap ? Math.min(expected, PARTS_CAP) : expected;
  const shortfall =
    listed === null
      ? 'came without its parts'
      : parts.length < wanted
        ? `listed ${parts.length} of ${wanted} parts`
        : null;
  return {
    id,
    records,
    rejects: [...rejects, ...records.flatMap((one) => oddItems(declaration, one))],
    partsExpected: expected,
    partsListed: parts.length,
    overCap,
    shortfall,
    bytes,
  };
}

export const evidenceOf = (details: readonly ConversationDetail[]): PageEvidence => ({
  partsExpected: sum(details.map(({ partsExpected }) => partsExpected)),
  partsWritten: sum(details.map(({ partsListed }) => partsListed)),
  overCap: details.filter(({ overCap }) => overCap).map(({ id }) => id),
});
