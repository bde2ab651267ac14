/**
 * Puts the files of several runs together byte for byte: gzip members may follow each other, and so may lines. Nothing
 * is parsed, and every version and run id stays as it was. Only a rewrite that drops old versions reads lines.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createGzip } from 'node:zlib';
import type {
  Draft,
  Manifest,
  ManifestFile,
  Part,
  ReplacedRun,
  RewriteReceipt,
} from '../../core/engine-files.ts';
import {
  draftKey,
  evidenceKey,
  manifestKey,
  partKey,
  rewriteReceiptKey,
  runDateOf,
} from '../../core/lake-keys.ts';
import { sum } from '../../core/metrics.ts';
import type { TableName } from '../../core/names.ts';
import { type EpochMs, isoTime } from '../../core/time.ts';
import { damagedFile } from '../damaged-file.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import type { SoleLease } from '../lease.ts';
import { linesOf } from '../lines.ts';
import { ownFiles } from '../own-files.ts';
import { encodeJson, readStored, requireStored, storeOnce } from '../store.ts';
import { applyRewrite } from './apply.ts';
import { compareVersions, type Dropped } from './retention.ts';
import type { Rewrite } from './tiers.ts';

/** Bytes of one rewritten file. They bound the memory of a rewrite. */
const FILE_BYTES = 64 * 1024 * 1024;

/** How many files are fetched at once. */
const AT_ONCE = 8;

type RewriteDependencies = Pick<ObjectDependencies, 'lake' | 'state' | 'declaration' | 'clock'>;

export interface RewriteAttempt {
  readonly id: string;
  /** True if the invocation should end soon. */
  readonly isOver: () => boolean;
}

/** A file to put together with its neighbours. */
interface Source extends ManifestFile {
  readonly table: TableName;
}

export const compressionOf = (key: string): 'gzip' | 'none' => (key.endsWith('.gz') ? 'gzip' : 'none');

const EVERY_TABLE = (): boolean => true;

/** Files of one table and one compression stand together, in the order of their runs. */
function sourcesOf(manifests: readonly Manifest[], keeps: (table: string) => boolean): readonly Source[] {
  const all = manifests.flatMap(({ tables }) =>
    Object.entries(tables).flatMap(([table, { files }]) =>
      keeps(table) ? files.map((file): Source => ({ table: table as TableName, ...file })) : [],
    ),
  );
  const group = ({ table, key }: Source): string => `${table} ${compressionOf(key)}`;
  return [...Map.groupBy(all, group)].toSorted(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, files]) => files);
}

/** The next files that make one: of one table and compression, as many as fit. */
function nextGroup(sources: readonly Source[]): readonly Source[] {
  const [first] = sources;
  if (first === undefined) return [];
  const group: Source[] = [];
  let bytes = 0;
  for (const source of sources) {
    const isSameKind = source.table === first.table && compressionOf(source.key) === compressionOf(first.key);
    if (!isSameKind || (group.length > 0 && bytes + source.bytes > FILE_BYTES)) break;
    group.push(source);
    bytes += source.bytes;
  }
  return group;
}

export const sha256 = (body: Uint8Array | string): string => createHash('sha256').update(body).digest('hex');

/** @throws ContractError if the file is not what its manifest says: a rewrite would make the damage permanent */
export async function checkedBytes(
  { lake }: Pick<RewriteDependencies, 'lake'>,
  file: ManifestFile,
): Promise<Uint8Array> {
  const body = await lake.get(file.key);
  if (body !== null && body.length === file.bytes && sha256(body) === file.sha256) return body;
  const what = body === null ? 'is missing' : 'is not what its manifest lists';
  throw damagedFile(file.key, what);
}

async function joined(dependencies: RewriteDependencies, group: readonly Source[]): Promise<Buffer> {
  const bodies: Uint8Array[] = [];
  for (let start = 0; start < group.length; start += AT_ONCE) {
    const some = group.slice(start, start + AT_ONCE);
    bodies.push(...(await Promise.all(some.map((file) => checkedBytes(dependencies, file)))));
  }
  return Buffer.concat(bodies);
}

/** Half the work of level 6, for files that are a twentieth larger. */
const GZIP_LEVEL = 4;

/** Puts lines into one file in memory. */
export interface LineWriter {
  write(line: Buffer | string): Promise<void>;
  end(): Promise<Buffer>;
}

export function createLineWriter(compression: 'gzip' | 'none'): LineWriter {
  const gzip = compression === 'gzip' ? createGzip({ level: GZIP_LEVEL }) : null;
  const chunks: Buffer[] = [];
  gzip?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return {
    async write(line) {
      if (gzip === null) chunks.push(Buffer.from(line));
      else if (!gzip.write(line)) await once(gzip, 'drain');
    },
    async end() {
      if (gzip !== null) {
        gzip.end();
        await once(gzip, 'end');
      }
      return Buffer.concat(chunks);
    },
  };
}

/** The files without the rows that are dropped, line by line. */
async function thinned(
  dependencies: RewriteDependencies,
  group: readonly Source[],
  isDropped: Dropped,
  compression: 'gzip' | 'none',
): Promise<{ readonly body: Buffer; readonly rows: number }> {
  const writer = createLineWriter(compression);
  let rows = 0;
  for (const file of group) {
    let at = 0;
    for await (const line of linesOf(file.key, await checkedBytes(dependencies, file))) {
      if (!isDropped(file.key, at)) {
        rows += 1;
        await writer.write(line);
      }
      at += 1;
    }
  }
  return { body: await writer.end(), rows };
}

export async function latestReceipt(
  { lake, declaration }: Pick<RewriteDependencies, 'lake' | 'declaration'>,
  id: string,
): Promise<{ readonly receipt: RewriteReceipt; readonly sequence: number }> {
  let receipt: RewriteReceipt = { format: 1, taken: 0, parts: [] };
  for (let sequence = 1; ; sequence += 1) {
    const found = await readStored<RewriteReceipt>(lake, rewriteReceiptKey(id, declaration.name, sequence));
    if (found === null) return { receipt, sequence };
    receipt = found;
  }
}

/** Puts the files together, at least one, with a receipt for each; null if the invocation has to end first. */
async function writeParts(
  dependencies: RewriteDependencies,
  lease: SoleLease,
  id: string,
  sources: readonly Source[],
  { attempt, dropped }: { readonly attempt: RewriteAttempt; readonly dropped: Dropped | null },
): Promise<readonly Part[] | null> {
  const { lake, declaration } = dependencies;
  const own = ownFiles(dependencies, lease);
  let { receipt, sequence } = await latestReceipt(dependencies, id);
  while (receipt.taken < sources.length) {
    const group = nextGroup(sources.slice(receipt.taken));
    const [first] = group;
    if (first === undefined) break;
    const { table } = first;
    const compression = compressionOf(first.key);
    const { body, rows } =
      dropped === null
        ? { body: await joined(dependencies, group), rows: sum(group.map((source) => source.rows)) }
        : await thinned(dependencies, group, dropped, compression);
    const key = partKey(table, id, {
      object: declaration.name,
      slice: '0001',
      attempt: attempt.id,
      number: sequence,
      compression,
    });
    const part: Part = { table, key, rows, bytes: body.length, sha256: sha256(body) };
    if (rows > 0) await own.putNew(key, body);
    // If two attempts write this receipt, the first one counts and both continue from it.
    receipt = await storeOnce<RewriteReceipt>(lake, rewriteReceiptKey(id, declaration.name, sequence), {
      format: 1,
      taken: receipt.taken + group.length,
      parts: rows > 0 ? [...receipt.parts, part] : receipt.parts,
    });
    sequence += 1;
    if (receipt.taken < sources.length && attempt.isOver()) return null;
  }
  return receipt.parts;
}

export const replacedRun = ({
  tables,
  schema: _schema,
  format: _format,
  replaces: _replaces,
  evidence: _evidence,
  erased: _erased,
  ...kept
}: Manifest): ReplacedRun => ({
  ...kept,
  rows: Object.fromEntries(Object.entries(tables).map(([table, { rows }]) => [table, rows])),
});

/** What the replaced manifests proved: the evidence of earlier rewrites as it is, and a line for each run. */
async function writeEvidence(
  dependencies: RewriteDependencies,
  lease: SoleLease,
  id: string,
  manifests: readonly Manifest[],
  attempt: RewriteAttempt,
): Promise<readonly ManifestFile[]> {
  const { declaration } = dependencies;
  const bodies: Uint8Array[] = [];
  let rows = 0;
  for (const manifest of manifests) {
    for (const file of manifest.evidence ?? []) {
      bodies.push(await checkedBytes(dependencies, file));
      rows += file.rows;
    }
    if (manifest.replaces !== undefined) continue;
    bodies.push(encodeJson(replacedRun(manifest)));
    rows += 1;
  }
  const body = Buffer.concat(bodies);
  const key = evidenceKey(declaration.name, id, attempt.id);
  await ownFiles(dependencies, lease).putNew(key, body);
  return [{ key, rows, bytes: body.length, sha256: sha256(body) }];
}

const WORST = ['complete', 'unproven', 'short'] as const;

/** The state of the object after the last of them, with what all of them wrote. */
function manifestOf(
  dependencies: RewriteDependencies,
  { id, replaces, keeps = EVERY_TABLE }: Rewrite,
  manifests: readonly Manifest[],
  {
    parts,
    evidence,
    dropped,
  }: {
    readonly parts: readonly Part[];
    readonly evidence: readonly ManifestFile[];
    readonly dropped: Manifest['dropped'] | undefined;
  },
): Manifest {
  const [first] = manifests;
  const last = manifests.at(-1);
  if (first === undefined || last === undefined) throw new Error(`${id} replaces nothing`);
  const names = new Set(manifests.flatMap(({ tables }) => Object.keys(tables).filter(keeps) as TableName[]));
  const filesOf = (table: TableName): readonly ManifestFile[] =>
    parts.flatMap(({ table: of, ...file }) => (of === table ? [file] : []));
  const windows = manifests.flatMap(({ window }) => (window === null ? [] : [window]));
  const statuses = manifests.map(({ completeness }) => completeness.status);
  const days = manifests.flatMap(({ run_id, spans }) =>
    spans === undefined ? [runDateOf(run_id)] : [spans.from, spans.to],
  );
  return {
    format: 1,
    object: last.object,
    run_id: id,
    mode: 'compaction',
    started_at: first.started_at,
    committed_at: isoTime(dependencies.clock.now()),
    window:
      windows.length === 0
        ? null
        : {
            from: Math.min(...windows.map(({ from }) => from)),
            to: Math.max(...windows.map(({ to }) => to)),
          },
    cursor: last.cursor === null ? null : { before: first.cursor?.before ?? null, after: last.cursor.after },
    tables: Object.fromEntries(
      [...names].map((table) => {
        const files = filesOf(table);
        return [table, { rows: sum(files.map(({ rows }) => rows)), files }];
      }),
    ),
    completeness: {
      ...last.completeness,
      status: WORST.findLast((status) => statuses.includes(status)) ?? last.completeness.status,
      matched: null,
      read: sum(manifests.map(({ completeness }) => completeness.read)),
      written: sum(manifests.map(({ completeness }) => completeness.written)),
      parts: null,
      relations: {},
    },
    schema: { ...last.schema, added: [], changed: [], dropped: [] },
    ...(last.rules !== undefined && {
      rules: { ...last.rules, mixed: manifests.some(({ rules }) => rules?.mixed === true) },
    }),
    replaces,
    ...(dropped !== undefined && { dropped }),
    spans: { from: days.toSorted()[0] ?? '', to: days.toSorted().at(-1) ?? '' },
    evidence,
  };
}

const rowsIn = (manifests: readonly Manifest[]): number =>
  sum(manifests.flatMap(({ tables }) => Object.values(tables).map(({ rows }) => rows)));

/** What is missing from the rewrite: what it dropped, and what earlier ones had dropped. */
function droppedBy(
  manifests: readonly Manifest[],
  parts: readonly Part[],
  cutoffMs: EpochMs | null,
): Manifest['dropped'] | undefined {
  const earlier = manifests.flatMap(({ dropped }) => (dropped === undefined ? [] : [dropped]));
  if (cutoffMs === null && earlier.length === 0) return undefined;
  const befores = earlier.map(({ before }) => before);
  const rows = sum(earlier.map((one) => one.rows)) + rowsIn(manifests) - sum(parts.map((part) => part.rows));
  return {
    before: [...befores, ...(cutoffMs === null ? [] : [isoTime(cutoffMs)])].toSorted().at(-1) ?? '',
    rows,
  };
}

/**
 * Rewrites the runs into one, and makes it count in the same order as a commit: files, mark, manifest, state.
 * Wherever it is killed, either the old runs count or the new one does, never both.
 * @returns false if the invocation has to end before it is done; the next one continues from the last receipt
 * @throws ContractError if a file is damaged, or another run has taken the object over
 */
export async function compact(
  dependencies: RewriteDependencies,
  lease: SoleLease,
  rewrite: Rewrite,
  attempt: RewriteAttempt,
): Promise<boolean> {
  const { lake, declaration } = dependencies;
  const { name } = declaration;
  const manifests = await Promise.all(
    rewrite.sources.map((id) => requireStored<Manifest>(lake, manifestKey(name, id))),
  );
  const { retention } = rewrite;
  const dropped =
    retention === undefined
      ? null
      : await compareVersions(dependencies, {
          rewriteId: rewrite.id,
          sources: manifests,
          later: await Promise.all(
            retention.later.map((id) => requireStored<Manifest>(lake, manifestKey(name, id))),
          ),
          cutoffMs: retention.cutoffMs,
          read: (file) => checkedBytes(dependencies, file),
          isOver: attempt.isOver,
        });
  if (retention !== undefined && dropped === null) return false;
  const sources = sourcesOf(manifests, rewrite.keeps ?? EVERY_TABLE);
  const parts = await writeParts(dependencies, lease, rewrite.id, sources, { attempt, dropped });
  if (parts === null) return false;
  const key = draftKey(rewrite.id, name);
  let draft = await readStored<Draft>(lake, key);
  if (draft === null) {
    const gone = droppedBy(manifests, parts, retention?.cutoffMs ?? null);
    const evidence = await writeEvidence(dependencies, lease, rewrite.id, manifests, attempt);
    const manifest = manifestOf(dependencies, rewrite, manifests, { parts, evidence, dropped: gone });
    draft = await storeOnce<Draft>(lake, key, { manifest, startFrom: null });
  }
  await applyRewrite(dependencies, lease, draft);
  return true;
}
