/** Turns what Intercom lists into what the engine takes: a record with its id and time, or a reject. Pure. */
import type { ObjectDeclaration } from '../../../core/declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts';
import type { ReadRecord, Reject } from '../../../core/reading.ts';
import { oddItemsOf, type RecordLists, recordLists } from '../../../core/relationship.ts';
import { idText, parseTime } from '../../../core/scalars.ts';
import { type EpochMs, type EpochSeconds, toSeconds } from '../../../core/time.ts';

/** Without a name it is not one of the object's own records. */
type Identified = Pick<ObjectDeclaration, 'primaryKey' | 'nullableKeys'> &
  Partial<Pick<ObjectDeclaration, 'name'>>;

/** The key of what is listed but is not the object's own record: a segment, a contact, a conversation. */
export const BY_ID: Identified = { primaryKey: ['id'] };

/** The record's primary key as one text, several keys joined by `/`; null if a key is missing. */
export function recordId({ primaryKey, nullableKeys }: Identified, record: JsonObject): string | null {
  let id: string | null = null;
  for (const key of primaryKey) {
    const text = idText(record[key]) ?? (nullableKeys?.includes(key) === true ? '' : null);
    if (text === null) return null;
    id = id === null ? text : `${id}/${text}`;
  }
  return id;
}

/** Why this value cannot be a row; null if it can. */
function faultOf(declaration: Identified, value: JsonValue): string | null {
  if (!isJsonObject(value)) return 'not an object';
  if (recordId(declaration, value) !== null) return null;
  const missing = declaration.primaryKey.filter(
    (key) => idText(value[key]) === null && declaration.nullableKeys?.includes(key) !== true,
  );
  return `no ${missing.join(', ')}`;
}

/** The record's own time; null if it cannot be read, so that its arrival has to stand in. */
function timeOf({ versionField, sync }: ObjectDeclaration, record: JsonObject): EpochSeconds | null {
  const stampedAt = versionField === null ? 0 : parseTime(record[versionField]);
  // The current state of an object that is read whole comes from the last run, not from times.
  return stampedAt ?? (sync.kind === 'full_refresh' ? 0 : null);
}

/** The record with its id and time. `unknown` is set later, once its lists have been asked for. */
export function identify(
  declaration: ObjectDeclaration,
  record: JsonObject,
  receivedAtMs: EpochMs,
): ReadRecord {
  const id = recordId(declaration, record) ?? '';
  const stampedAt = timeOf(declaration, record);
  if (stampedAt !== null) return { id, record, stampedAt, receivedAtMs };
  return { id, record, stampedAt: toSeconds(receivedAtMs), receivedAtMs, untimed: true };
}

/** Separates records from what cannot be a row. @param path where the values were listed */
export function sortOut(
  declaration: Identified,
  values: readonly JsonValue[],
  receivedAtMs: EpochMs,
  path: string,
): { readonly records: readonly JsonObject[]; readonly rejects: readonly Reject[] } {
  const records: JsonObject[] = [];
  const rejects: Reject[] = [];
  for (const [index, value] of values.entries()) {
    const reason = faultOf(declaration, value);
    if (reason === null) records.push(value as JsonObject);
    else
      rejects.push({
        table: declaration.name ?? null,
        path: `${path}[${index}]`,
        reason,
        value,
        receivedAtMs,
      });
  }
  return { records, rejects };
}

/** The record with its lists, and the names of those it does not know. @param lists of the record */
export function withLists(
  declaration: ObjectDeclaration,
  one: ReadRecord,
  lists: RecordLists = recordLists(declaration, one.record),
): ReadRecord & { readonly lists: RecordLists } {
  const { unknown } = lists;
  return unknown.length === 0 ? { ...one, lists } : { ...one, lists, unknown };
}

/** Items of the record's lists that cannot be rows of any table. */
export const oddItems = (
  declaration: ObjectDeclaration,
  { id, lists, receivedAtMs }: ReadRecord & { readonly lists: RecordLists },
): readonly Reject[] =>
  oddItemsOf(declaration, lists).map(({ child, item: { value, index, place } }) => ({
    table: child.table,
    path: `${id}.${place.field}[${index}]`,
    reason: `no key for ${child.table}`,
    value,
    receivedAtMs,
  }));
