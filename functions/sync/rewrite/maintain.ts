/**
 * Keeps the history of an object short: puts the runs of past days together, removes what was replaced, and sweeps
 * up files that no manifest lists.
 */
import type { Manifest } from '../../core/engine-files.ts';
import type { ErasedObject } from '../../core/erasure.ts';
import { erasedObjectKey, isRewrite, manifestKey, runIdIn } from '../../core/lake-keys.ts';
import type { Lease } from '../../core/ports.ts';
import { type EpochMs, isoTime } from '../../core/time.ts';
import type { MaintainResult } from '../../core/workflow.ts';
import { beyondHistory } from '../commit/history.ts';
import { counting, type KnownManifest } from '../counting.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { type KnownErasure, knownErasures } from '../erasures.ts';
import { acquireSoleLease, requireSoleLease, type SoleLease } from '../lease.ts';
import { manifestKeys } from '../manifests.ts';
import { encodeJson, readStored, requireStored } from '../store.ts';
import { compact, type RewriteAttempt, sha256 } from './compact.ts';
import { keepMsOf } from './due.ts';
import { erasePerson, removeUnlisted } from './erase.ts';
import { sweep } from './left-overs.ts';
import { purge } from './purge.ts';
import { evidenceRewrite, isSweepDue, nextRewrite, purgeable, type Rewrite } from './tiers.ts';

type MaintainDependencies = Pick<
  ObjectDependencies,
  'lake' | 'state' | 'executions' | 'declaration' | 'clock' | 'config' | 'hashes'
>;

const DONE: MaintainResult = { status: 'done' };

/** Reads the manifests of rewrites only: a run's id says all that is needed. */
async function knownManifests({
  lake,
  declaration,
}: MaintainDependencies): Promise<readonly KnownManifest[]> {
  const keys = await manifestKeys(lake, declaration.name);
  return Promise.all(
    keys.map(async (key): Promise<KnownManifest> => {
      const runId = runIdIn(key);
      if (!isRewrite(runId)) return { runId, replaces: [], committedAtMs: 0 };
      const manifest = await readStored<Manifest>(lake, key);
      return {
        runId,
        replaces: manifest?.replaces ?? [],
        committedAtMs: Date.parse(manifest?.committed_at ?? ''),
      };
    }),
  );
}

/** An erasure, and how far the object has got with it. */
interface OpenErasure extends Pick<KnownErasure, 'id' | 'isNow'> {
  step: ReturnType<KnownErasure['step']>;
}

/** Erases whoever is still there. False if the invocation has to end before it is done. */
async function eraseAll(
  dependencies: MaintainDependencies,
  lease: SoleLease,
  erasures: readonly OpenErasure[],
  attempt: RewriteAttempt,
): Promise<boolean> {
  for (const erasure of erasures) {
    if (erasure.step !== 'asked') continue;
    if (!(await erasePerson(dependencies, lease, erasure.id, attempt))) return false;
    erasure.step = 'rewritten';
  }
  return true;
}

/** The time at which replaced files are judged. An erasure that is to be done at once does not wait for queries. */
const removalTime = ({ clock }: MaintainDependencies, erasures: readonly OpenErasure[]): EpochMs =>
  erasures.some(({ isNow, step }) => isNow && step === 'rewritten') ? Number.POSITIVE_INFINITY : clock.now();

/**
 * An erasure is done when nothing is left of what had been replaced by then. What is replaced later does not have the
 * person. False if the invocation has to end first.
 */
async function confirmRemoved(
  dependencies: MaintainDependencies,
  lease: SoleLease,
  erasures: readonly OpenErasure[],
  attempt: RewriteAttempt,
): Promise<boolean> {
  const { lake, declaration, clock } = dependencies;
  const rewritten = erasures.filter(({ step }) => step === 'rewritten');
  const left = rewritten.length === 0 ? [] : await knownManifests(dependencies);
  for (const erasure of rewritten) {
    const key = erasedObjectKey(erasure.id, declaration.name, 'rewritten');
    const rewrittenMs = Date.parse((await requireStored<ErasedObject>(lake, key)).rewritten_at);
    const before = left.filter(({ committedAtMs }) => committedAtMs <= rewrittenMs);
    const replaced = new Set(before.flatMap(({ replaces }) => replaces));
    if (left.some(({ runId }) => replaced.has(runId))) continue;
    if (!(await removeUnlisted(dependencies, lease, erasure.id, attempt))) return false;
    await lake.putNew(
      erasedObjectKey(erasure.id, declaration.name, 'removed'),
      encodeJson({ removed_at: isoTime(clock.now()) }),
    );
    erasure.step = 'removed';
  }
  return true;
}

/** What a step found to put together, after it removed what was due. */
interface Step {
  readonly rewrite: Rewrite | null;
  /** False if the invocation has to end first. */
  readonly isPurged: boolean;
}

/** The runs of past days become one. */
async function stepOfTiers(
  dependencies: MaintainDependencies,
  erasures: readonly OpenErasure[],
  attempt: RewriteAttempt,
): Promise<Step> {
  const { clock } = dependencies;
  const manifests = await knownManifests(dependencies);
  const old = purgeable(manifests, removalTime(dependencies, erasures));
  if (!(await purge(dependencies, old, attempt))) return { rewrite: null, isPurged: false };
  const left = manifests.filter(({ runId }) => !old.includes(runId));
  const rewrite = nextRewrite(left, clock.now(), sha256, keepMsOf(dependencies));
  return { rewrite, isPurged: true };
}

/** The evidence of runs beyond the history becomes one rewrite before they go. */
async function stepOfHistory(
  dependencies: MaintainDependencies,
  erasures: readonly OpenErasure[],
  attempt: RewriteAttempt,
): Promise<Step> {
  const { declaration } = dependencies;
  const manifests = await knownManifests(dependencies);
  const due = purgeable(manifests, removalTime(dependencies, erasures));
  if (!(await purge(dependencies, due, attempt))) return { rewrite: null, isPurged: false };
  const left = manifests.filter(({ runId }) => !due.includes(runId));
  const keys = counting(left).map(({ runId }) => manifestKey(declaration.name, runId));
  const old = (await beyondHistory(dependencies, keys)).map(({ key }) => runIdIn(key));
  return { rewrite: evidenceRewrite(left, old, sha256), isPurged: true };
}

/**
 * Does what is due, under the object's lease, with the files of every table that the object has ever had. Does nothing
 * if another run works on the object: the next commit asks again.
 * @throws ContractError if a file is damaged
 */
export async function maintainObject(
  {
    whole: declaration,
    ...ports
  }: Omit<MaintainDependencies, 'declaration'> & Pick<ObjectDependencies, 'whole'>,
  holder: Lease,
  attempt: RewriteAttempt,
): Promise<MaintainResult> {
  const dependencies = { ...ports, declaration };
  const { lake, state: store } = dependencies;
  const lease = await acquireSoleLease(dependencies, holder, attempt.id);
  if (lease === null) return DONE;
  // Listed once: erasures that are asked for from now on are for the next run.
  const erasures = (await knownErasures(lake)).map(
    ({ id, isNow, step }): OpenErasure => ({ id, isNow, step: step(declaration.name) }),
  );
  const nextStep = declaration.sync.kind === 'incremental' ? stepOfTiers : stepOfHistory;
  for (;;) {
    if (attempt.isOver()) return { status: 'continue' };
    await requireSoleLease(dependencies, lease);
    if (!(await eraseAll(dependencies, lease, erasures, attempt))) return { status: 'continue' };
    const { rewrite, isPurged } = await nextStep(dependencies, erasures, attempt);
    if (!isPurged) return { status: 'continue' };
    if (!(await confirmRemoved(dependencies, lease, erasures, attempt))) return { status: 'continue' };
    if (rewrite === null) break;
    if (!(await compact(dependencies, lease, rewrite, attempt))) return { status: 'continue' };
  }
  if (isSweepDue((await manifestKeys(lake, declaration.name)).map(runIdIn))) await sweep(dependencies, lease);
  await store.releaseLease(declaration.name, lease.fence);
  return DONE;
}
