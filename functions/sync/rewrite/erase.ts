/**
 * Takes a person out of committed history: each manifest that has them in its files or facts is replaced by one that
 * does not (decision 022). Files without them stay as they are, and the new manifest lists them.
 */

import type { Draft, Manifest, ManifestFile, Part, RewriteReceipt } from '../../core/engine-files.ts';
import type { ErasedFile, ErasedObject } from '../../core/erasure.ts';
import {
  draftKey,
  erasedIdOf,
  erasedObjectKey,
  evidenceKey,
  manifestKey,
  partKey,
  rewriteReceiptKey,
} from '../../core/lake-keys.ts';
import { sum } from '../../core/metrics.ts';
import type { TableName } from '../../core/names.ts';
import { isoTime } from '../../core/time.ts';
import { createEraser, type Eraser } from '../../rows/eraser.ts';
import { isDamagedFile } from '../damaged-file.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { debtsWithout, requestOf } from '../erasures.ts';
import { requireSoleLease, type SoleLease } from '../lease.ts';
import { linesOf, rowsOf } from '../lines.ts';
import { manifestsOf, thatCount } from '../manifests.ts';
import { ownFiles } from '../own-files.ts';
import { encodeJson, readStored, storeOnce } from '../store.ts';
import { applyRewrite } from './apply.ts';
import {
  checkedBytes,
  compressionOf,
  createLineWriter,
  latestReceipt,
  type RewriteAttempt,
  replacedRun,
  sha256,
} from './compact.ts';
import { unlisted } from './left-overs.ts';

type EraseDependencies = Pick<ObjectDependencies, 'lake' | 'state' | 'declaration' | 'clock' | 'hashes'>;

interface Rewritten {
  readonly body: Buffer;
  readonly rows: number;
  readonly removed: number;
  readonly blanked: number;
}

/** The file without the person, line by line; null if it does not have them. */
async function without(
  eraser: Eraser,
  { table, ...file }: Part,
  body: Uint8Array,
): Promise<Rewritten | null> {
  const writer = createLineWriter(compressionOf(file.key));
  let removed = 0;
  let blanked = 0;
  for await (const line of linesOf(file.key, body)) {
    const erased = eraser.erase(table, line.toString('utf8'));
    if (erased.change === 'removed') removed += 1;
    else if (erased.change === 'none') await writer.write(line);
    else {
      blanked += 1;
      await writer.write(`${erased.line}\n`);
    }
  }
  const written = await writer.end();
  return removed + blanked === 0 ? null : { body: written, rows: file.rows - removed, removed, blanked };
}

/** Looks through the manifest's files from the last receipt on, one at least; null if the invocation has to end first. */
async function examine(
  dependencies: EraseDependencies,
  lease: SoleLease,
  { id, manifest, eraser }: { readonly id: string; readonly manifest: Manifest; readonly eraser: Eraser },
  attempt: RewriteAttempt,
): Promise<RewriteReceipt | null> {
  const { lake, declaration } = dependencies;
  const sources = Object.entries(manifest.tables).flatMap(([table, { files }]) =>
    files.map((file): Part => ({ table: table as TableName, ...file })),
  );
  let { receipt, sequence } = await latestReceipt(dependencies, id);
  let { taken, parts, erased = [] } = receipt;
  /** If two attempts write a receipt, the first one counts. Both continue from it, even if it says less than ours. */
  const store = async (): Promise<void> => {
    const key = rewriteReceiptKey(id, declaration.name, sequence);
    receipt = await storeOnce<RewriteReceipt>(lake, key, { format: 1, taken, parts, erased });
    sequence += 1;
    ({ taken, parts, erased = [] } = receipt);
  };
  const begun = taken;
  while (receipt.taken < sources.length) {
    if (taken > begun && attempt.isOver()) {
      if (taken > receipt.taken) await store();
      return null;
    }
    const source = sources[taken];
    if (source === undefined) {
      await store();
      continue;
    }
    taken += 1;
    const rewritten = await without(eraser, source, await checkedBytes(dependencies, source));
    if (rewritten === null) {
      parts = [...parts, source];
      continue;
    }
    const { body, rows, removed, blanked } = rewritten;
    const { table } = source;
    const key = partKey(table, id, {
      object: declaration.name,
      slice: '0001',
      attempt: attempt.id,
      number: sequence,
      compression: compressionOf(source.key),
    });
    const part: Part = { table, key, rows, bytes: body.length, sha256: sha256(body) };
    if (rows > 0) await ownFiles(dependencies, lease).putNew(key, body);
    const change: ErasedFile = {
      table,
      before: { key: source.key, sha256: source.sha256 },
      after: rows > 0 ? { key, sha256: part.sha256 } : null,
      removed,
      blanked,
    };
    if (rows > 0) parts = [...parts, part];
    erased = [...erased, change];
    await store();
  }
  return receipt;
}

/** The manifest without debts that ask for the person, and without their id in any text. */
function factsWithout(eraser: Eraser, manifest: Manifest): Manifest {
  const debts = debtsWithout(eraser, manifest.completeness.debts);
  const completeness = { ...manifest.completeness, debts };
  return { ...manifest, completeness: JSON.parse(eraser.withoutIds(JSON.stringify(completeness))) };
}

/** What the replaced manifest proved, without the person's ids. */
async function writeEvidence(
  dependencies: EraseDependencies,
  lease: SoleLease,
  id: string,
  { eraser, manifest }: { readonly eraser: Eraser; readonly manifest: Manifest },
  attempt: RewriteAttempt,
): Promise<readonly ManifestFile[]> {
  const { declaration } = dependencies;
  const bodies: Uint8Array[] = [];
  for (const file of manifest.evidence ?? []) {
    const text = Buffer.from(await checkedBytes(dependencies, file)).toString('utf8');
    bodies.push(Buffer.from(eraser.withoutIds(text)));
  }
  if (manifest.replaces === undefined) bodies.push(encodeJson(replacedRun(factsWithout(eraser, manifest))));
  const body = Buffer.concat(bodies);
  const rows =
    sum((manifest.evidence ?? []).map((file) => file.rows)) + (manifest.replaces === undefined ? 1 : 0);
  const key = evidenceKey(declaration.name, id, attempt.id);
  await ownFiles(dependencies, lease).putNew(key, body);
  return [{ key, rows, bytes: body.length, sha256: sha256(body) }];
}

const tablesOf = (manifest: Manifest, parts: readonly Part[]): Manifest['tables'] =>
  Object.fromEntries(
    Object.keys(manifest.tables).map((name) => {
      const files = parts.flatMap(({ table, ...file }) => (table === name ? [file] : []));
      return [name, { rows: sum(files.map(({ rows }) => rows)), files }];
    }),
  );

/** Whether anything but the files names the person. */
async function isNamedInFacts(
  dependencies: EraseDependencies,
  eraser: Eraser,
  manifest: Manifest,
): Promise<boolean> {
  const texts = [JSON.stringify(manifest.completeness)];
  for (const file of manifest.evidence ?? [])
    texts.push(Buffer.from(await checkedBytes(dependencies, file)).toString('utf8'));
  return texts.some((text) => eraser.withoutIds(text) !== text);
}

/** Replaces one manifest, if it has the person. False if the invocation has to end first. */
async function eraseRun(
  dependencies: EraseDependencies,
  lease: SoleLease,
  target: {
    readonly id: string;
    readonly erasure: string;
    readonly manifest: Manifest;
    readonly replaces: readonly string[];
    readonly eraser: Eraser;
  },
  attempt: RewriteAttempt,
): Promise<boolean> {
  const { lake, declaration, clock } = dependencies;
  const { id, erasure, manifest, replaces, eraser } = target;
  const found = await examine(dependencies, lease, target, attempt);
  if (found === null) return false;
  const { parts, erased = [] } = found;
  if (erased.length === 0 && !(await isNamedInFacts(dependencies, eraser, manifest))) return true;
  const key = draftKey(id, declaration.name);
  const draft =
    (await readStored<Draft>(lake, key)) ??
    (await storeOnce<Draft>(lake, key, {
      manifest: {
        ...factsWithout(eraser, manifest),
        run_id: id,
        mode: 'erasure',
        committed_at: isoTime(clock.now()),
        tables: tablesOf(manifest, parts),
        replaces,
        evidence: await writeEvidence(dependencies, lease, id, target, attempt),
        erased: { id: erasure, files: erased },
      },
      startFrom: null,
    }));
  await applyRewrite(dependencies, lease, draft);
  return true;
}

/**
 * Erases the person of one request from everything that counts. What was replaced stays until it is removed.
 * @returns false if the invocation has to end before it is done; the next one continues from the last receipt
 * @throws ContractError if a file is damaged, or another run has taken the object over
 */
export async function erasePerson(
  dependencies: EraseDependencies,
  lease: SoleLease,
  erasure: string,
  attempt: RewriteAttempt,
): Promise<boolean> {
  const { lake, declaration, clock, hashes } = dependencies;
  const request = await requestOf(lake, erasure);
  const eraser = createEraser(declaration, [request], await hashes.hashText());
  const all = (await manifestsOf(lake, declaration.name)).map(({ manifest }) => manifest);
  const there = new Set(all.map(({ run_id }) => run_id));
  const current = thatCount(all.map((manifest) => ({ key: '', manifest }))).map(({ manifest }) => manifest);
  const files = current.flatMap(({ erased }) => (erased?.id === erasure ? erased.files : []));
  for (const manifest of current) {
    if (manifest.erased?.id === erasure) continue;
    const { run_id } = manifest;
    // The id depends on the manifest, too: receipts must never continue with the files of another one.
    const id = erasedIdOf(run_id, sha256(`${erasure} ${run_id}`));
    const replaces = [run_id, ...(manifest.replaces ?? []).filter((one) => there.has(one))];
    const target = { id, erasure, manifest, replaces, eraser };
    if (!(await eraseRun(dependencies, lease, target, attempt))) return false;
    const written = await readStored<Manifest>(lake, manifestKey(declaration.name, id));
    files.push(...(written?.erased?.files ?? []));
  }
  await storeOnce<ErasedObject>(lake, erasedObjectKey(erasure, declaration.name, 'rewritten'), {
    format: 1,
    object: declaration.name,
    rewritten_at: isoTime(clock.now()),
    files,
  });
  return true;
}

/** How far left-overs have been looked through: up to the file with this key. */
interface Looked {
  readonly format: 1;
  readonly upTo: string;
}

/** The last receipt of the look through left-overs; null before the first. */
async function latestLook(
  { lake, declaration }: Pick<EraseDependencies, 'lake' | 'declaration'>,
  erasure: string,
): Promise<{ readonly looked: Looked | null; readonly sequence: number }> {
  let looked: Looked | null = null;
  for (let sequence = 1; ; sequence += 1) {
    const found = await readStored<Looked>(lake, rewriteReceiptKey(erasure, declaration.name, sequence));
    if (found === null) return { looked, sequence };
    looked = found;
  }
}

/**
 * Removes files that no manifest lists and that have the person: left by an attempt or a removal that was cut off. No
 * run needs them: one that began before the erasure commits nothing. Looks at one file at least.
 * @returns false if the invocation has to end before it is done; the next one continues after the last file
 */
export async function removeUnlisted(
  dependencies: EraseDependencies,
  lease: SoleLease,
  erasure: string,
  attempt: RewriteAttempt,
): Promise<boolean> {
  const { lake, declaration, hashes } = dependencies;
  const eraser = createEraser(declaration, [await requestOf(lake, erasure)], await hashes.hashText());
  const { looked, sequence } = await latestLook(dependencies, erasure);
  const begin = looked?.upTo ?? '';
  const files = (await Array.fromAsync(unlisted(dependencies)))
    .filter(({ key }) => key > begin)
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  for (const [at, { key, table }] of files.entries()) {
    if (at > 0 && attempt.isOver()) {
      const receipt = rewriteReceiptKey(erasure, declaration.name, sequence);
      await storeOnce<Looked>(lake, receipt, { format: 1, upTo: files[at - 1]?.key ?? begin });
      return false;
    }
    const body = await lake.get(key);
    if (body === null || !(await isNamedIn(eraser, table, key, body))) continue;
    // An attempt that takes over after this check wrote none of the files that were listed.
    await requireSoleLease(dependencies, lease);
    await lake.delete([key]);
  }
  return true;
}

/**
 * Of a damaged file nobody can tell, so it counts as if it did.
 * @param table null for evidence
 */
async function isNamedIn(
  eraser: Eraser,
  table: TableName | null,
  key: string,
  body: Uint8Array,
): Promise<boolean> {
  if (table === null) {
    const text = Buffer.from(body).toString('utf8');
    return eraser.withoutIds(text) !== text;
  }
  try {
    for await (const { text } of rowsOf(key, body))
      if (eraser.erase(table, text).change !== 'none') return true;
    return false;
  } catch (error) {
    if (!isDamagedFile(error)) throw error;
    return true;
  }
}
