/**
 * Keeps the history of an object short: puts the runs of past days together, removes what was replaced, and sweeps
 * up files that no manifest lists.
 */
import { createHash } from 'node:crypto';
import type { Manifest } from '../../core/engine-files.ts';
import { dayPrefix, manifestKey, manifestPrefix, runDateOf, runIdIn, tierOf } from '../../core/lake-keys.ts';
import type { TableName } from '../../core/names.ts';
import type { Lease } from '../../core/ports.ts';
import { DAY_SECONDS, type EpochMs } from '../../core/time.ts';
import type { MaintainResult } from '../../core/workflow.ts';
import { beyondHistory } from '../commit/history.ts';
import type { KnownManifest } from '../counting.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { acquireLease, requireLease } from '../lease.ts';
import { manifestsOf, thatCount } from '../manifests.ts';
import { readStored } from '../store.ts';
import { compact, type RewriteAttempt } from './compact.ts';
import { filesOf, purge } from './purge.ts';
import { evidenceRewrite, mayPay, nextRewrite, purgeable, type Rewrite, SWEEP_AFTER_MS } from './tiers.ts';

type MaintainDependencies = Pick<
  ObjectDependencies,
  'lake' | 'state' | 'executions' | 'declaration' | 'clock' | 'config'
>;

/** How long superseded versions are kept; null: for ever. */
const keepMsOf = ({ config }: MaintainDependencies): EpochMs | null =>
  config.history.versionDays === null ? null : config.history.versionDays * DAY_SECONDS * 1_000;

const DONE: MaintainResult = { status: 'done' };

async function manifestKeys({ lake, declaration }: MaintainDependencies): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const key of lake.list(manifestPrefix(declaration.name))) keys.push(key);
  return keys;
}

/** Whether `maintain` has something to do for an incremental object. One list of names decides. */
export async function isMaintenanceDue(dependencies: MaintainDependencies): Promise<boolean> {
  if (dependencies.declaration.sync.kind !== 'incremental') return false;
  const ids = (await manifestKeys(dependencies)).map(runIdIn);
  return mayPay(ids, dependencies.clock.now(), keepMsOf(dependencies));
}

/** Only rewrites are read: of a run, its id says all that is needed. */
async function knownManifests(dependencies: MaintainDependencies): Promise<readonly KnownManifest[]> {
  const keys = await manifestKeys(dependencies);
  return Promise.all(
    keys.map(async (key): Promise<KnownManifest> => {
      const runId = runIdIn(key);
      if (tierOf(runId) === null) return { runId, replaces: [], committedAtMs: 0 };
      const manifest = await readStored<Manifest>(dependencies.lake, key);
      return {
        runId,
        replaces: manifest?.replaces ?? [],
        committedAtMs: Date.parse(manifest?.committed_at ?? ''),
      };
    }),
  );
}

/** The tables that belong to this object alone. */
const ownTables = ({ declaration }: MaintainDependencies): readonly TableName[] => [
  declaration.name,
  ...declaration.children.map(({ table }) => table),
];

/**
 * Removes files of past days that no manifest lists: left-overs of attempts that were cut off. Every run of such a
 * day is over, because a later one has committed.
 */
async function sweep(
  dependencies: MaintainDependencies,
  days: readonly string[],
  manifests: readonly KnownManifest[],
): Promise<void> {
  const { lake, declaration } = dependencies;
  for (const day of days) {
    const ofDay = manifests.filter(({ runId }) => runDateOf(runId) === day);
    const stored = await Promise.all(
      ofDay.map(({ runId }) => readStored<Manifest>(lake, manifestKey(declaration.name, runId))),
    );
    const listed = new Set(stored.flatMap((manifest) => (manifest === null ? [] : filesOf(manifest))));
    for (const table of ownTables(dependencies)) {
      const orphans: string[] = [];
      for await (const key of lake.list(dayPrefix(table, day))) if (!listed.has(key)) orphans.push(key);
      await lake.delete(orphans);
    }
  }
}

/** Days whose runs have just been purged, and that are over for long. */
function daysToSweep(purged: readonly string[], now: number): readonly string[] {
  const days = new Set(purged.map(runDateOf));
  return [...days].filter((day) => now - Date.parse(`${day}T23:59:59.999Z`) > SWEEP_AFTER_MS);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What the next step removes, and what it puts together. */
interface Step {
  readonly rewrite: Rewrite | null;
  /** False if the invocation has to end first. */
  readonly isPurged: boolean;
}

/** The runs of past days become one. */
async function stepOfTiers(dependencies: MaintainDependencies, attempt: RewriteAttempt): Promise<Step> {
  const { clock } = dependencies;
  const manifests = await knownManifests(dependencies);
  const old = purgeable(manifests, clock.now());
  if (!(await purge(dependencies, old, attempt))) return { rewrite: null, isPurged: false };
  const left = manifests.filter(({ runId }) => !old.includes(runId));
  await sweep(dependencies, daysToSweep(old, clock.now()), left);
  const rewrite = nextRewrite(left, clock.now(), sha256, keepMsOf(dependencies));
  return { rewrite, isPurged: true };
}

/** What runs beyond the history noticed becomes one rewrite, before they go. */
async function stepOfHistory(dependencies: MaintainDependencies, attempt: RewriteAttempt): Promise<Step> {
  const stored = await manifestsOf(dependencies.lake, dependencies.declaration.name);
  const keys = thatCount(stored).map(({ key }) => key);
  const replaced = stored.flatMap(({ key }) => (keys.includes(key) ? [] : [runIdIn(key)]));
  const isPurged = await purge(dependencies, replaced, attempt);
  const old = (await beyondHistory(dependencies, keys)).map(runIdIn);
  return { rewrite: evidenceRewrite(old, sha256), isPurged };
}

/**
 * Does what is due, under the object's lease. Ends without a word if another run is reading the object: the next
 * commit asks again.
 * @throws ContractError if a file is damaged
 */
export async function maintainObject(
  dependencies: MaintainDependencies,
  holder: Lease,
  attempt: RewriteAttempt,
): Promise<MaintainResult> {
  const { state: store, declaration } = dependencies;
  const lease = await acquireLease(dependencies, holder);
  if (lease.status === 'skipped') return DONE;
  const nextStep = declaration.sync.kind === 'incremental' ? stepOfTiers : stepOfHistory;
  for (;;) {
    if (attempt.isOver()) return { status: 'continue' };
    await requireLease(dependencies, holder);
    const { rewrite, isPurged } = await nextStep(dependencies, attempt);
    if (!isPurged) return { status: 'continue' };
    if (rewrite === null) break;
    if (!(await compact(dependencies, holder, rewrite, attempt))) return { status: 'continue' };
  }
  const { fence } = await requireLease(dependencies, holder);
  await store.releaseLease(declaration.name, fence);
  return DONE;
}
