/**
 * Takes a person out of rows that are already written, or about to be. A person is known by keyed hashes only. Pure.
 *
 * - A row that is the person goes, and so do their child rows, and rows whose key names them.
 * - A row about them, or of a conversation with nobody else, loses every personal field and every undeclared one.
 * - Any other row loses what names them: an object that is them, or else the single value.
 */
import type { ObjectDeclaration } from '../core/declaration.ts';
import { tablesOf } from '../core/declared-tables.ts';
import type { PersonHashes } from '../core/erasure.ts';
import {
  isJsonObject,
  isRawInteger,
  type JsonObject,
  type JsonValue,
  parseJson,
  stringifyJson,
} from '../core/json.ts';
import { DELETIONS, REJECTS, type TableName } from '../core/names.ts';
import { parsePath, type Step } from '../core/paths.ts';
import type { HashText } from '../core/ports.ts';
import { pathsInRecord } from '../core/relationship.ts';
import { createTreatments } from './field-rules.ts';

/** What became of a row. `line` has no newline. */
export type Erased =
  | { readonly change: 'none' }
  | { readonly change: 'removed' }
  | { readonly change: 'blanked'; readonly line: string };

export interface Eraser {
  /** @param line a line of the table, with or without its newline */
  readonly erase: (table: TableName, line: string) => Erased;
  /** A text without the person's ids, such as a manifest that names them. */
  readonly withoutIds: (text: string) => string;
  /** True if it is an id of the person. */
  readonly isId: (text: string) => boolean;
  /** Whether the row names the person, anywhere. */
  readonly names: (table: TableName, row: JsonObject) => boolean;
  /** The conversation that the row belongs to; null if the table has none. */
  readonly conversationOf: (table: TableName, row: JsonObject) => string | null;
  /** True if the row shows that its conversation is with this person and nobody else. */
  readonly isAlone: (table: TableName, row: JsonObject) => boolean;
}

type Person = { readonly [Kind in keyof PersonHashes]: ReadonlySet<string> };

/** What Intercom calls people in references. An object of another type is not a person, or another kind of person. */
const PEOPLE: ReadonlySet<unknown> = new Set(['contact', 'user', 'lead', 'visitor']);

const ID_PLACE = /(^|_)ids?$|^merged_into$/;
const OWN_ID_PLACE = /^user_id$|(^|_)external_/;

/** Keys that say who an object is. */
const IDENTITY = /^(id|user_id|contact_id|external_id|email|email_address)$/;

/** A column that says whom a row is about, and its key in the item that it comes from. */
interface IdentityColumn {
  readonly name: string;
  readonly key: string;
}

/**
 * By table: for the object, columns of its key besides `id` that may identify a person; for its children, columns whose
 * values identify a person in these places of the parent's record.
 */
const identityColumns = (
  { name: object, primaryKey, children }: ObjectDeclaration,
  about: readonly string[],
): ReadonlyMap<TableName, readonly IdentityColumn[]> =>
  new Map<TableName, readonly IdentityColumn[]>([
    [
      object,
      primaryKey.flatMap((name) => (name !== 'id' && IDENTITY.test(name) ? [{ name, key: name }] : [])),
    ],
    ...children.map((child): [TableName, readonly IdentityColumn[]] => [
      child.table,
      child.columns.flatMap((column) => {
        const path = pathsInRecord(child, column).find((one) =>
          about.includes(one.slice(0, one.lastIndexOf('.'))),
        );
        const key = path?.slice(path.lastIndexOf('.') + 1) ?? '';
        return IDENTITY.test(key) ? [{ name: column.name, key }] : [];
      }),
    ]),
  ]);

const HASH = /^[0-9a-f]{64}$/;
const ADDRESS = /[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}._-]+/gu;
const PUNCTUATION = /^['._%+-]+|['._-]+$/g;
const WORD = /[\w-]+/g;

/** JSON in a column; undefined for any other text. */
function unpacked(text: string): JsonValue | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const scalarText = (value: JsonValue | undefined): string | null =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || isRawInteger(value)
      ? stringifyJson(value)
      : null;

/** The values at a path, through columns that hold JSON as text. */
function valuesAt(value: JsonValue | undefined, [step, ...rest]: readonly Step[]): readonly JsonValue[] {
  const found = typeof value === 'string' ? (unpacked(value) ?? value) : value;
  if (found === undefined || found === null) return [];
  if (step === undefined) return [found];
  if ('key' in step) return isJsonObject(found) ? valuesAt(found[step.key], rest) : [];
  return Array.isArray(found) ? found.flatMap((item: JsonValue) => valuesAt(item, rest)) : [];
}

/** Recognizes the person in values. */
function createRecognition(person: Person, hash: HashText) {
  const isOf = (known: ReadonlySet<string>, text: string): boolean =>
    known.size > 0 && (known.has(text) || known.has(hash(text)));

  const hasAddress = (text: string): boolean =>
    text.includes('@') &&
    (text.toLowerCase().match(ADDRESS) ?? []).some(
      (found) => isOf(person.emails, found) || isOf(person.emails, found.replaceAll(PUNCTUATION, '')),
    );

  /** Whether a value in this place, of an object of this type, names the person. */
  function isNamedBy(value: JsonValue | undefined, key: string, holder: JsonObject): boolean {
    const text = scalarText(value);
    if (text === null || text === '') return false;
    if (HASH.test(text) && (person.emails.has(text) || person.external_ids.has(text))) return true;
    if (OWN_ID_PLACE.test(key)) {
      const isOfPerson = key === 'user_id' || !('part_type' in holder);
      if (isOfPerson && isOf(person.external_ids, text)) return true;
    } else if (ID_PLACE.test(key)) {
      const { type = null } = holder;
      const isOther = key === 'id' && type !== null && !PEOPLE.has(type);
      return !isOther && isOf(person.ids, text);
    }
    return hasAddress(text);
  }

  const isThem = (value: JsonValue): boolean =>
    isJsonObject(value) &&
    Object.entries(value).some(([key, inner]) => IDENTITY.test(key) && isNamedBy(inner, key, value));

  return { isNamedBy, isThem };
}

/** Removes every value. The shape and each `type` stay. */
function emptied(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(emptied);
  if (!isJsonObject(value)) return null;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner = null]) => [key, key === 'type' ? inner : emptied(inner)]),
  );
}

/** What remains of a personal text inside JSON. */
const GONE: HashText = () => '';

/**
 * @param declaration the object whose files hold the rows
 * @param hash the pipeline's hash
 */
export function createEraser(
  declaration: ObjectDeclaration,
  people: readonly PersonHashes[],
  hash: HashText,
): Eraser {
  const all = (kind: keyof PersonHashes): ReadonlySet<string> => new Set(people.flatMap((one) => one[kind]));
  const person: Person = {
    ids: all('ids'),
    emails: all('emails'),
    external_ids: all('external_ids'),
    conversations: all('conversations'),
  };
  const { isNamedBy, isThem } = createRecognition(person, hash);
  const { person: places = {}, primaryKey, children } = declaration;
  const about = (places.about ?? []).map(parsePath);
  const identities = identityColumns(declaration, places.about ?? []);
  const everybody = places.conversation?.people === undefined ? null : parsePath(places.conversation.people);
  const personal = createTreatments(declaration, { fields: {}, sensitiveFields: 'hash' }, GONE);
  const keys = new Map<TableName, readonly string[]>([
    [declaration.name, primaryKey],
    ...children.map(({ table, primaryKey: own }) => [table, own] as const),
  ]);
  const declared = new Map(
    tablesOf(declaration).map(({ name, columns }) => [
      name as TableName,
      new Map(columns.map((column) => [column.name, column])),
    ]),
  );

  /** The column of the table that holds the parent's column of this name. */
  const parentColumn = (table: TableName, name: string): string | undefined =>
    table === declaration.name
      ? name
      : children
          .find((child) => child.table === table)
          ?.columns.find(({ from }) => 'parent' in from && from.parent === name)?.name;

  /** The keys of the record that a reject was a part of: its path begins with them. */
  function holderOf({ path = null }: JsonObject): readonly string[] {
    const [holder = '', ...inside] = typeof path === 'string' ? path.split('.') : [];
    return inside.length === 0 ? [] : holder.split('/');
  }

  function conversationOf(table: TableName, row: JsonObject): string | null {
    if (table === REJECTS) {
      return (places.conversation && holderOf(row)[primaryKey.indexOf(places.conversation.column)]) ?? null;
    }
    const column = places.conversation && parentColumn(table, places.conversation.column);
    return column === undefined ? null : scalarText(row[column]);
  }

  /** A row of the person's own table, of a child of it, or one whose key has the person. */
  function isPersonRow(table: TableName, row: JsonObject): boolean {
    if (places.isPerson !== true) {
      const own = keys.get(table) ?? [];
      return identifies(table, row).some(({ name }) => own.includes(name));
    }
    if (table === DELETIONS) return isNamedBy(row.id, 'id', {});
    const column = parentColumn(table, primaryKey[0] ?? '');
    if (column === undefined) return false;
    if (isNamedBy(row[column], 'id', {})) return true;
    return table === declaration.name && isThem(row);
  }

  /** The columns of a row that say that it is about the person. */
  const identifies = (table: TableName, row: JsonObject): readonly IdentityColumn[] =>
    (identities.get(table) ?? []).filter(({ name, key }) => isNamedBy(row[name], key, {}));

  function isOfConversation(table: TableName, row: JsonObject): boolean {
    const conversation = conversationOf(table, row);
    return conversation !== null && person.conversations.has(hash(conversation));
  }

  function isAbout(table: TableName, row: JsonObject): boolean {
    if (isOfConversation(table, row)) return true;
    if (isThem(withoutKeys(table, row)) || identifies(table, row).length > 0) return true;
    return table === declaration.name && about.some((path) => valuesAt(row, path).some(isThem));
  }

  const withoutKeys = (table: TableName, row: JsonObject): JsonObject => {
    const own = keys.get(table) ?? [];
    return Object.fromEntries(Object.entries(row).filter(([name]) => !own.includes(name)));
  };

  /** The value without what names the person; the same value if nothing does. */
  function unnamed(value: JsonValue, key: string, holder: JsonObject): JsonValue {
    if (typeof value === 'string') {
      const inner = unpacked(value);
      if (inner !== undefined) {
        const left = unnamed(inner, key, {});
        return left === inner ? value : stringifyJson(left);
      }
    }
    if (Array.isArray(value)) {
      const items = value.map((item: JsonValue) => unnamed(item, key, holder));
      return items.every((item, index) => item === value[index]) ? value : items;
    }
    if (!isJsonObject(value)) return isNamedBy(value, key, holder) ? null : value;
    if (isThem(value)) return emptied(value);
    const entries = Object.entries(value).map(
      ([name, inner = null]) => [name, inner, unnamed(inner, name, value)] as const,
    );
    if (entries.every(([, inner, left]) => inner === left)) return value;
    return Object.fromEntries(entries.map(([name, , left]) => [name, left]));
  }

  /** A column of a row about the person. */
  function blank(table: TableName, name: string, value: JsonValue): JsonValue {
    const column = declared.get(table)?.get(name);
    const treat = personal(table as ObjectDeclaration['name'], name);
    if (value === null || treat === null || treat === 'exclude') return value;
    if (column === undefined || column.personal === true) return null;
    const inner = typeof value === 'string' ? unpacked(value) : undefined;
    return inner === undefined ? treat(value) : stringifyJson(treat(inner));
  }

  function blanked(table: TableName, row: JsonObject): JsonObject {
    const isTheirs = isAbout(table, row);
    const own = keys.get(table) ?? [];
    return Object.fromEntries(
      Object.entries(row).map(([name, value = null]) => {
        if (name.startsWith('_') || own.includes(name)) return [name, value];
        const kept = isTheirs ? blank(table, name, value) : value;
        return [name, unnamed(kept, name, {})];
      }),
    );
  }

  const isId = (text: string): boolean => person.ids.has(hash(text));

  const withoutIds = (text: string): string =>
    text.replaceAll(WORD, (word) => (isId(word) ? 'erased' : word));

  /**
   * A reject has no places that we know. If it names the person anywhere, or was a part of their record or of a
   * conversation with nobody else, the whole record goes.
   */
  function rejected(row: JsonObject): JsonObject {
    const { record = null, path = null } = row;
    const isTheirs = isOfHolder(row) || isOfConversation(REJECTS, row);
    if (!isTheirs && unnamed(record, '', {}) === record) return row;
    return { ...row, record: null, path: typeof path === 'string' ? withoutIds(path) : path };
  }

  const isOfHolder = (row: JsonObject): boolean => holderOf(row).some(isId);

  return {
    erase(table, line) {
      const row = parseJson(line) as JsonObject;
      if (isPersonRow(table, row)) return { change: 'removed' };
      const left = table === REJECTS ? rejected(row) : blanked(table, row);
      if (Object.entries(left).every(([name, value]) => value === row[name])) return { change: 'none' };
      return { change: 'blanked', line: stringifyJson(left) };
    },
    withoutIds,
    isId,
    names: (table, row) =>
      isPersonRow(table, row) ||
      (table === REJECTS && isOfHolder(row)) ||
      Object.entries(withoutKeys(table, row)).some(
        ([name, value = null]) =>
          unnamed(value, name, {}) !== value || (value !== null && isNamedBy(value, name, row)),
      ),
    conversationOf,
    isAlone(table, row) {
      if (everybody === null || table !== declaration.name) return false;
      const found = valuesAt(row, everybody);
      return found.length > 0 && found.every(isThem);
    },
  };
}
