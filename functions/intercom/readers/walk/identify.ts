/** Turns a record from Intercom into what the engine takes: its id, its time and when it arrived. */
import type { ObjectDeclaration } from '../../../core/declaration.ts';
import { isRawInteger, type JsonObject, type JsonValue } from '../../../core/json.ts';
import type { ReadRecord } from '../../../core/reading.ts';
import type { EpochMs, EpochSeconds } from '../../../core/time.ts';
import { contractError } from './list-answers.ts';

const idText = (value: JsonValue | undefined): string | null => {
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number') return String(value);
  return isRawInteger(value) ? value.rawJSON : null;
};

/** A time in a record; null if Intercom gives none. */
export const stampOf = (record: JsonObject, field: string): EpochSeconds | null => {
  const value = record[field];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
};

/**
 * The record's primary key as one text; several keys are joined by `/`.
 * @throws ContractError if a key is missing, because the row could not be told apart from others
 */
export function recordId(
  { name, primaryKey }: Pick<ObjectDeclaration, 'name' | 'primaryKey'>,
  record: JsonObject,
): string {
  const keys = primaryKey.map((key) => {
    const text = idText(record[key]);
    if (text === null) throw contractError('record_without_id', `A record of ${name} came without '${key}'`);
    return text;
  });
  return keys.join('/');
}

export function identify(
  declaration: ObjectDeclaration,
  record: JsonObject,
  receivedAtMs: EpochMs,
): ReadRecord {
  const stamped = declaration.versionField === null ? null : stampOf(record, declaration.versionField);
  return { id: recordId(declaration, record), record, stampedAt: stamped ?? 0, receivedAtMs };
}
