/** Checks that the lake holds what its manifests list: for an object, file by file. Nothing is changed. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { counted } from '../core/counted.ts';
import type { ObjectDeclaration } from '../core/declaration.ts';
import type { ManifestFile } from '../core/engine-files.ts';
import { tablePrefix } from '../core/lake-keys.ts';
import { type ObjectName, SHARED_TABLES, type TableName } from '../core/names.ts';
import type { Lake } from '../core/ports.ts';
import { manifestsOf, thatCount } from './manifests.ts';

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
  /** Files of the object's own tables that no manifest lists: left-overs of attempts that were cut off. */
  readonly orphans: readonly string[];
}

type ReadableLake = Pick<Lake, 'get' | 'list' | 'sizes'>;

/** Sizes of all files of the tables that the object writes to. */
async function sizesOf(
  lake: ReadableLake,
  tables: readonly TableName[],
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (const table of tables) {
    for await (const { key, bytes } of lake.sizes(tablePrefix(table))) sizes.set(key, bytes);
  }
  return sizes;
}

type Line = Readonly<Record<string, unknown>>;

/** The lines of a file, or what is wrong with it. */
function linesOf(key: string, body: Uint8Array): readonly Line[] | string {
  try {
    const text = (key.endsWith('.gz') ? gunzipSync(body) : Buffer.from(body)).toString('utf8');
    if (text !== '' && !text.endsWith('\n')) return 'its last line is cut off';
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  } catch (error) {
    return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
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

/** The first thing that is wrong with the content of a file; null if nothing is. */
function contentProblem(
  file: ManifestFile,
  body: Uint8Array,
  rule: RowRule | undefined,
  versions: { readonly known: ReadonlySet<string> | null; readonly seen: Set<string> },
): string | null {
  if (createHash('sha256').update(body).digest('hex') !== file.sha256) return 'its SHA-256 differs';
  const lines = linesOf(file.key, body);
  if (typeof lines === 'string') return lines;
  if (lines.length !== file.rows) return `it has ${counted(lines.length, 'row')}, not ${file.rows}`;
  if (rule === undefined) return null;
  for (const [index, line] of lines.entries()) {
    const missing = rule.keys.find((key) => line[key] === null || line[key] === undefined);
    if (missing !== undefined) return `row ${index + 1} has no ${missing}`;
    const version = line[rule.version];
    if (typeof version !== 'string') return `row ${index + 1} has no ${rule.version}`;
    if (rule.version === '_version') versions.seen.add(version);
    else if (versions.known?.has(version) === false)
      return `row ${index + 1} belongs to no row of its parent`;
  }
  return null;
}

/**
 * @param options.deep reads every file: its SHA-256, every line, keys and versions, and that each row of a child
 *   table belongs to a row of its parent
 * @throws ContractError if a manifest cannot be read
 */
export async function verifyObject(
  lake: ReadableLake,
  declaration: ObjectDeclaration,
  { deep }: { readonly deep: boolean },
): Promise<Verification> {
  const all = await manifestsOf(lake, declaration.name);
  const rules = rulesOf(declaration);
  const own = [...rules.keys()] as TableName[];
  const sizes = await sizesOf(lake, [...own, ...SHARED_TABLES]);
  const current = thatCount(all);
  const problems: Problem[] = [];
  let files = 0;
  let rows = 0;
  let bytes = 0;
  for (const { key: manifestKey, manifest } of current) {
    const seen = new Set<string>();
    let isParentDamaged = false;
    // The object's own table first: the rows of its children name its versions.
    const tables = Object.entries(manifest.tables).toSorted(([a], [b]) =>
      a === declaration.name ? -1 : b === declaration.name ? 1 : 0,
    );
    for (const [table, { files: listed }] of tables) {
      for (const file of listed) {
        files += 1;
        rows += file.rows;
        bytes += file.bytes;
        const report = (problem: string): void => {
          problems.push({ key: file.key, manifest: manifestKey, problem });
          isParentDamaged ||= table === declaration.name;
        };
        const size = sizes.get(file.key);
        if (size === undefined) report('it is missing');
        else if (size !== file.bytes) report(`it has ${size} bytes, not ${file.bytes}`);
        else if (deep) {
          const body = await lake.get(file.key);
          const known = table === declaration.name || isParentDamaged ? null : seen;
          const problem =
            body === null ? 'it is missing' : contentProblem(file, body, rules.get(table), { known, seen });
          if (problem !== null) report(problem);
        }
      }
    }
  }
  const listed = new Set(
    all.flatMap(({ manifest }) =>
      Object.values(manifest.tables).flatMap(({ files: of }) => of.map(({ key }) => key)),
    ),
  );
  const isOwn = (key: string): boolean => own.some((table) => key.startsWith(tablePrefix(table)));
  const orphans = [...sizes.keys()].filter((key) => isOwn(key) && !listed.has(key));
  return { object: declaration.name, manifests: current.length, files, rows, bytes, problems, orphans };
}
