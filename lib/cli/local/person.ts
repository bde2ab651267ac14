/**
 * Everything that the lake holds of a person: rows that name their id, an address or its hash, in any column of any
 * version, and the rows of the conversations that they took part in.
 */
import type { ManifestFile } from '../../../functions/core/engine-files.ts';
import { ContractError } from '../../../functions/core/errors.ts';
import { OBJECT_NAMES, type TableName } from '../../../functions/core/names.ts';
import type { HashText, Lake } from '../../../functions/core/ports.ts';
import { linesOf, type Row, rowOf } from '../../../functions/sync/lines.ts';
import { manifestsOf, thatCount } from '../../../functions/sync/manifests.ts';

type ReadableLake = Pick<Lake, 'get' | 'list'>;

interface TableFile extends ManifestFile {
  readonly table: TableName;
}

/** How a person is recognized. */
interface Person {
  readonly ids: ReadonlySet<string>;
  /** In lower case; found inside texts, too. */
  readonly emails: ReadonlySet<string>;
  /** The customer's own ids, which mean the person only in places for such ids. */
  readonly externalIds: ReadonlySet<string>;
  readonly hashes: ReadonlySet<string>;
}

export interface PersonRow {
  readonly table: TableName;
  readonly file: string;
  /** As it is in the file, without its newline. */
  readonly line: string;
  /** `conversation`: the row itself does not name the person. */
  readonly because: 'named' | 'conversation';
}

/** The files of all manifests that count. */
async function filesOf(lake: ReadableLake): Promise<readonly TableFile[]> {
  const files: TableFile[] = [];
  for (const object of OBJECT_NAMES) {
    for (const { manifest } of thatCount(await manifestsOf(lake, object))) {
      for (const [table, { files: listed }] of Object.entries(manifest.tables)) {
        files.push(...listed.map((file) => ({ ...file, table: table as TableName })));
      }
    }
  }
  return files;
}

/** @throws ContractError if the file is missing or cannot be read */
async function* rowsOf(
  lake: ReadableLake,
  { key }: ManifestFile,
): AsyncIterable<{ readonly line: string; readonly row: Row }> {
  const body = await lake.get(key);
  try {
    if (body === null) throw new Error('it is missing');
    for await (const line of linesOf(key, body)) {
      yield { line: line.toString('utf8').trimEnd(), row: rowOf(line) };
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ContractError(
      `'${key}' in the lake is damaged (${reason}). Restore it from a copy: without it the answer would not be complete.`,
      { code: 'file_damaged', cause },
    );
  }
}

const ID_PLACE = /(^|_)ids?$/;
const EXTERNAL_PLACE = /^user_id$|(^|_)external_/;

/** JSON in a column; the text itself if it is not JSON. */
function unpacked(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isNamedIn(person: Person, value: unknown, place: string): boolean {
  if (typeof value === 'number') return isNamedIn(person, String(value), place);
  if (typeof value === 'string') {
    const inner = unpacked(value);
    if (inner !== value) return isNamedIn(person, inner, place);
    if (person.hashes.has(value)) return true;
    if (person.ids.has(value) && ID_PLACE.test(place)) return true;
    if (person.externalIds.has(value) && EXTERNAL_PLACE.test(place)) return true;
    const text = value.toLowerCase();
    return [...person.emails].some((email) => text.includes(email));
  }
  if (Array.isArray(value)) return value.some((item) => isNamedIn(person, item, place));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, inner]) => isNamedIn(person, inner, key));
}

const isHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/** Every id and address that versions of the contact have had. */
async function recognize(
  lake: ReadableLake,
  files: readonly TableFile[],
  who: string,
  hash: HashText | null,
): Promise<Person> {
  const isEmail = who.includes('@');
  const ids = new Set(isEmail ? [] : [who]);
  const emails = new Set(isEmail ? [who.toLowerCase()] : []);
  const externalIds = new Set<string>();
  const hashes = new Set(isEmail && hash !== null ? [who, who.toLowerCase()].map(hash) : []);
  const contacts = files.filter(({ table }) => table === 'contacts');
  const isTheirs = ({ id, email }: Row): boolean =>
    ids.has(String(id)) ||
    (typeof email === 'string' && (hashes.has(email) || emails.has(email.toLowerCase())));
  // The second time with every id, so that versions with another address are found.
  for (let round = 0; round < 2; round += 1) {
    for (const file of contacts) {
      for await (const { row } of rowsOf(lake, file)) {
        if (!isTheirs(row)) continue;
        ids.add(String(row.id));
        for (const [column, found] of [
          ['email', emails],
          ['external_id', externalIds],
        ] as const) {
          const value = row[column];
          if (typeof value !== 'string' || value === '') continue;
          if (isHash(value)) hashes.add(value);
          else {
            found.add(column === 'email' ? value.toLowerCase() : value);
            if (hash !== null) hashes.add(hash(value));
          }
        }
      }
    }
  }
  return { ids, emails, externalIds, hashes };
}

const conversationOf = (table: TableName, row: Row): string | null => {
  const id = table === 'conversations' ? row.id : row.conversation_id;
  return id === undefined || id === null ? null : String(id);
};

/**
 * @param who an id of Intercom, or an e-mail address
 * @param hash the pipeline's hash; null if it has no key
 * @throws ContractError if a listed file is missing or damaged
 */
export async function* personRows(
  lake: ReadableLake,
  who: string,
  hash: HashText | null,
): AsyncIterable<PersonRow> {
  const files = await filesOf(lake);
  const person = await recognize(lake, files, who, hash);
  const conversations = new Set<string>();
  for (const file of files) {
    for await (const { row } of rowsOf(lake, file)) {
      const conversation = conversationOf(file.table, row);
      if (conversation !== null && isNamedIn(person, row, '')) conversations.add(conversation);
    }
  }
  for (const { table, ...file } of files) {
    for await (const { line, row } of rowsOf(lake, file)) {
      const conversation = conversationOf(table, row);
      const because = isNamedIn(person, row, '')
        ? 'named'
        : conversation !== null && conversations.has(conversation)
          ? 'conversation'
          : null;
      if (because !== null) yield { table, file: file.key, line, because };
    }
  }
}
