/**
 * Everything that the lake holds about a person: rows that name their id, an address or its hash, in any column of any
 * version, and the rows of the conversations that they took part in.
 */
import type { Manifest, ManifestFile } from '../../../functions/core/engine-files.ts';
import type { PersonHashes } from '../../../functions/core/erasure.ts';
import { DELETIONS, OBJECT_NAMES, type ObjectName, type TableName } from '../../../functions/core/names.ts';
import type { HashText, Lake } from '../../../functions/core/ports.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import { createEraser, type Eraser } from '../../../functions/rows/eraser.ts';
import { damagedFile } from '../../../functions/sync/damaged-file.ts';
import { type Line, rowsOf } from '../../../functions/sync/lines.ts';
import { manifestsOf, thatCount } from '../../../functions/sync/manifests.ts';

export type ReadableLake = Pick<Lake, 'get' | 'list'>;

export interface TableFile extends ManifestFile {
  readonly object: ObjectName;
  readonly table: TableName;
}

export interface PersonRow {
  readonly table: TableName;
  readonly file: string;
  /** As it is in the file, without its newline. */
  readonly line: string;
  /** `conversation`: the row itself does not name the person. */
  readonly because: 'named' | 'conversation';
}

const filesOf = ({ object, tables }: Manifest): readonly TableFile[] =>
  Object.entries(tables).flatMap(([table, { files }]) =>
    files.map((file) => ({ ...file, object, table: table as TableName })),
  );

/** The files of all manifests that count. */
export async function countingFiles(lake: ReadableLake): Promise<readonly TableFile[]> {
  const files: TableFile[] = [];
  for (const object of OBJECT_NAMES)
    for (const { manifest } of thatCount(await manifestsOf(lake, object))) files.push(...filesOf(manifest));
  return files;
}

/** @throws ContractError if the file is missing or damaged: without it the answer would be incomplete */
async function* rowsIn(lake: ReadableLake, { key }: ManifestFile): AsyncIterable<Line> {
  const body = await lake.get(key);
  if (body === null) throw damagedFile(key, 'is missing');
  yield* rowsOf(key, body);
}

const isHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/** What is known of a person so far. */
interface Known {
  readonly ids: Set<string>;
  readonly emails: Set<string>;
  readonly external_ids: Set<string>;
}

const sizeOf = ({ ids, emails, external_ids }: Known): number => ids.size + emails.size + external_ids.size;

const hashesOf = (known: Known, conversations: readonly string[] = []): PersonHashes => ({
  ids: [...known.ids].toSorted(),
  emails: [...known.emails].toSorted(),
  external_ids: [...known.external_ids].toSorted(),
  conversations: conversations.toSorted(),
});

const add = (hashes: Set<string>, value: unknown, hash: HashText, isAddress = false): void => {
  if (typeof value !== 'string' || value === '') return;
  if (isHash(value)) hashes.add(value);
  else hashes.add(hash(value));
  if (isAddress && !isHash(value)) hashes.add(hash(value.toLowerCase()));
};

/** Every id and address that any version of the contact had, and those of merged contacts. */
async function identify(
  lake: ReadableLake,
  files: readonly TableFile[],
  who: string,
  hash: HashText,
): Promise<Known> {
  const isAddress = who.includes('@');
  const known: Known = { ids: new Set(), emails: new Set(), external_ids: new Set() };
  if (isAddress) add(known.emails, who, hash, true);
  else known.ids.add(hash(who));
  const places = files.filter(
    ({ object, table }) =>
      OBJECTS[object].person?.isPerson === true && (table === object || table === DELETIONS),
  );
  for (let size = 0; size < sizeOf(known); ) {
    size = sizeOf(known);
    for (const file of places) {
      const eraserNow = (): Eraser => createEraser(OBJECTS[file.object], [hashesOf(known)], hash);
      let eraser = eraserNow();
      for await (const { row } of rowsIn(lake, file)) {
        if (!eraser.names(file.table, row)) continue;
        const before = sizeOf(known);
        add(known.ids, row.id, hash);
        add(known.ids, row.merged_into, hash);
        add(known.emails, row.email, hash, true);
        add(known.external_ids, row.external_id, hash);
        if (sizeOf(known) > before) eraser = eraserNow();
      }
    }
  }
  return known;
}

/**
 * Finds out by which ids and addresses the lake knows a person.
 * @param who an Intercom id or an e-mail address
 * @throws ContractError if a listed file is missing or damaged
 */
export async function recognize(
  lake: ReadableLake,
  files: readonly TableFile[],
  who: string,
  hash: HashText,
): Promise<PersonHashes> {
  const known = await identify(lake, files, who, hash);
  const alone = new Set<string>();
  const inCompany = new Set<string>();
  for (const file of files.filter(({ object, table }) => table === object)) {
    if (OBJECTS[file.object].person?.conversation?.people === undefined) continue;
    const eraser = createEraser(OBJECTS[file.object], [hashesOf(known)], hash);
    for await (const { row } of rowsIn(lake, file)) {
      const conversation = eraser.conversationOf(file.table, row);
      if (conversation === null || !eraser.names(file.table, row)) continue;
      (eraser.isAlone(file.table, row) ? alone : inCompany).add(hash(conversation));
    }
  }
  return hashesOf(known, [...alone.difference(inCompany)]);
}

/** One eraser for each object. */
export function erasersOf(person: PersonHashes, hash: HashText): (object: ObjectName) => Eraser {
  const made = new Map(OBJECT_NAMES.map((name) => [name, createEraser(OBJECTS[name], [person], hash)]));
  return (object) => made.get(object) as Eraser;
}

/**
 * @param who an Intercom id or an e-mail address
 * @throws ContractError if a listed file is missing or damaged
 */
export async function* personRows(lake: ReadableLake, who: string, hash: HashText): AsyncIterable<PersonRow> {
  const files = await countingFiles(lake);
  const eraserOf = erasersOf(await recognize(lake, files, who, hash), hash);
  const conversations = new Set<string>();
  for (const file of files) {
    const eraser = eraserOf(file.object);
    for await (const { row } of rowsIn(lake, file)) {
      const conversation = eraser.conversationOf(file.table, row);
      if (conversation !== null && eraser.names(file.table, row)) conversations.add(conversation);
    }
  }
  for (const { object, table, ...file } of files) {
    const eraser = eraserOf(object);
    for await (const { text, row } of rowsIn(lake, file)) {
      const conversation = eraser.conversationOf(table, row);
      const because = eraser.names(table, row)
        ? 'named'
        : conversation !== null && conversations.has(conversation)
          ? 'conversation'
          : null;
      if (because !== null) yield { table, file: file.key, line: text.trimEnd(), because };
    }
  }
}

export interface TableCount {
  readonly table: TableName;
  readonly removed: number;
  readonly blanked: number;
}

/** What an erasure would do, by table. */
export async function countErased(
  lake: ReadableLake,
  files: readonly TableFile[],
  person: PersonHashes,
  hash: HashText,
): Promise<readonly TableCount[]> {
  const eraserOf = erasersOf(person, hash);
  const counts = new Map<TableName, { removed: number; blanked: number }>();
  for (const file of files) {
    const eraser = eraserOf(file.object);
    for await (const { text } of rowsIn(lake, file)) {
      const { change } = eraser.erase(file.table, text);
      if (change === 'none') continue;
      const count = counts.get(file.table) ?? { removed: 0, blanked: 0 };
      count[change] += 1;
      counts.set(file.table, count);
    }
  }
  return [...counts].map(([table, count]) => ({ table, ...count }));
}
