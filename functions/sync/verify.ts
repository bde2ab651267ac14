/** Checks file by file that the lake holds what an object's manifests list. Changes nothing. */
import { createHash } from 'node:crypto';
import { counted } from '../core/counted.ts';
import type { ObjectDeclaration } from '../core/declaration.ts';
import type { ManifestFile } from '../core/engine-files.ts';
import type { JsonObject } from '../core/json.ts';
import { manifestKey } from '../core/lake-keys.ts';
import { sum } from '../core/metrics.ts';
import type { ObjectName } from '../core/names.ts';
import type { Lake } from '../core/ports.ts';
import { isDamagedFile } from './damaged-file.ts';
import { rowsOf } from './lines.ts';
import { filesOf, manifestKeys, manifestsOf, type StoredManifest, thatCount } from './manifests.ts';
import { isIn, placesOf, writerOf } from './places.ts';

/** Something that is not as a manifest says. */
export interface Problem {
  readonly key: string;
  /** The manifest that lists the file. */
  readonly manifest: string;
  readonly problem: string;
}

export interface Verification {
  readonly object: ObjectName;
  readonly manifests: number;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  readonly problems: readonly Problem[];
  /** Files of the object that no manifest lists: left-overs of attempts that were cut off. */
  readonly orphans: readonly string[];
}

type ReadableLake = Pick<Lake, 'get' | 'list' | 'sizes'>;

/** Sizes of all files in the places where the object puts its own. */
async function sizesOf(
  lake: ReadableLake,
  declaration: ObjectDeclaration,
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (const { prefix } of placesOf(declaration)) {
    for await (const { key, bytes } of lake.sizes(prefix)) sizes.set(key, bytes);
  }
  return sizes;
}

/** @returns what makes the file unreadable; null if nothing does */
async function readRows(
  key: string,
  body: Uint8Array,
  see: (row: JsonObject) => void,
): Promise<string | null> {
  try {
    for await (const { text, row } of rowsOf(key, body)) {
      if (!text.endsWith('\n')) return 'its last line is cut off';
      see(row);
    }
    return null;
  } catch (error) {
    if (!isDamagedFile(error)) throw error;
    return 'it cannot be read: it is not whole gzip, or has a line that is not a JSON object';
  }
}

/** What every row of a table must have. */
interface RowRule {
  readonly keys: readonly string[];
  readonly version: '_version' | '_parent_version';
}

function rulesOf({ name, primaryKey, nullableKeys = [], children }: ObjectDeclaration) {
  const own = primaryKey.filter((key) => !nullableKeys.includes(key));
  return new Map<string, RowRule>([
    [name, { keys: own, version: '_version' }],
    ...children.map(({ table, primaryKey: keys }) => [table, { keys, version: '_parent_version' }] as const),
  ]);
}

interface Versions {
  /** The parent's versions; null if they are not known. */
  readonly known: ReadonlySet<string> | null;
  readonly seen: Set<string>;
}

/** The first thing that is wrong with the content of a file; null if nothing is. */
async function contentProblem(
  file: ManifestFile,
  body: Uint8Array,
  rule: RowRule | undefined,
  { known, seen }: Versions,
): Promise<string | null> {
  if (createHash('sha256').update(body).digest('hex') !== file.sha256) return 'its SHA-256 differs';
  let rows = 0;
  let first: string | null = null;
  const problemOf = (row: JsonObject, { keys, version: column }: RowRule): string | null => {
    const missing = keys.find((key) => row[key] === null || row[key] === undefined);
    if (missing !== undefined) return `row ${rows} has no ${missing}`;
    const version = row[column];
    if (typeof version !== 'string') return `row ${rows} has no ${column}`;
    if (column === '_version') seen.add(version);
    else if (known?.has(version) === false) return `row ${rows} belongs to no row of its parent`;
    return null;
  };
  const unreadable = await readRows(file.key, body, (row) => {
    rows += 1;
    if (rule !== undefined) first ??= problemOf(row, rule);
  });
  if (unreadable !== null) return unreadable;
  return rows === file.rows ? first : `it has ${counted(rows, 'row')}, not ${file.rows}`;
}

/** Not a table, so no rule for its keys. */
const EVIDENCE = 'evidence';

type Checked = Pick<Verification, 'files' | 'rows' | 'bytes' | 'problems'>;

/** Checks the files of one manifest. @param sizes of all files that exist */
async function checkManifest(
  lake: ReadableLake,
  declaration: ObjectDeclaration,
  { key: manifestKey, manifest }: StoredManifest,
  { sizes, deep }: { readonly sizes: ReadonlyMap<string, number>; readonly deep: boolean },
): Promise<Checked> {
  const rules = rulesOf(declaration);
  const seen = new Set<string>();
  const problems: Problem[] = [];
  const isOwn = (table: string): boolean => table === declaration.name;
  let isParentDamaged = false;
  // The object's own table first: the rows of its children name its versions.
  const tables = Object.entries(manifest.tables).toSorted(([a], [b]) => (isOwn(a) ? -1 : isOwn(b) ? 1 : 0));
  const inTables = tables.flatMap(([table, { files: listed }]) => listed.map((file) => ({ table, file })));
  const files = [...inTables, ...(manifest.evidence ?? []).map((file) => ({ table: EVIDENCE, file }))];
  for (const { table, file } of files) {
    const report = (problem: string): void => {
      problems.push({ key: file.key, manifest: manifestKey, problem });
      isParentDamaged ||= isOwn(table);
    };
    const size = sizes.get(file.key);
    if (size === undefined) report('it is missing');
    else if (size !== file.bytes) report(`it has ${size} bytes, not ${file.bytes}`);
    else if (deep) {
      const body = await lake.get(file.key);
      const known = isOwn(table) || isParentDamaged ? null : seen;
      const problem =
        body === null ? 'it is missing' : await contentProblem(file, body, rules.get(table), { known, seen });
      if (problem !== null) report(problem);
    }
  }
  return {
    files: files.length,
    rows: sum(inTables.map(({ file }) => file.rows)),
    bytes: sum(files.map(({ file }) => file.bytes)),
    problems,
  };
}

/**
 * Replaced files may be removed while we look, each manifest before its files. So if a manifest is gone in the end,
 * what was found of it is void, and we check those that stand in for it.
 * @param options.deep reads every file: its SHA-256, every line, keys and versions, and that each row of a child
 *   table belongs to a row of its parent
 * @throws ContractError if a manifest cannot be read
 */
export async function verifyObject(
  lake: ReadableLake,
  declaration: ObjectDeclaration,
  { deep }: { readonly deep: boolean },
): Promise<Verification> {
  const { name } = declaration;
  const checked = new Map<string, Checked>();
  for (;;) {
    const all = await manifestsOf(lake, name);
    const sizes = await sizesOf(lake, declaration);
    const current = thatCount(all);
    for (const one of current) {
      if (checked.has(one.key)) continue;
      checked.set(one.key, await checkManifest(lake, declaration, one, { sizes, deep }));
    }
    const left = new Set(await manifestKeys(lake, name));
    if (!current.every(({ key }) => left.has(key))) continue;
    const found = current.flatMap(({ key }) => checked.get(key) ?? []);
    for (const { key } of all) left.delete(key);
    const listed = new Set(all.flatMap(({ manifest }) => filesOf(manifest)));
    const isOrphan = (key: string): boolean =>
      placesOf(declaration).some((place) => isIn(key, place)) &&
      !listed.has(key) &&
      // A manifest that was committed meanwhile may list it.
      !left.has(manifestKey(name, writerOf(key) ?? ''));
    return {
      object: name,
      manifests: current.length,
      files: sum(found.map(({ files }) => files)),
      rows: sum(found.map(({ rows }) => rows)),
      bytes: sum(found.map(({ bytes }) => bytes)),
      problems: found.flatMap(({ problems }) => problems),
      orphans: [...sizes.keys()].filter(isOrphan),
    };
  }
}
