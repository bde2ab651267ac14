/** The right of one execution to run an object. It never expires by time: only an execution that is over loses it. */

import type { Draft } from '../core/engine-files.ts';
import { ContractError, RetryableError } from '../core/errors.ts';
import { runStartOf } from '../core/lake-keys.ts';
import type { Lease, ObjectState } from '../core/ports.ts';
import type { ObjectDependencies } from './dependencies.ts';
import { finishCommit } from './finish-commit.ts';
import { requireStored } from './store.ts';

type LeaseDependencies = Pick<ObjectDependencies, 'state' | 'lake' | 'executions' | 'declaration' | 'clock'>;

export type LeaseResult =
  | { readonly status: 'held'; readonly state: ObjectState }
  | { readonly status: 'skipped'; readonly message: string };

/** How many times to try to take a lease that others take at the same moment. */
const MAX_CONTENTION = 5;

const isOurs = (state: ObjectState, holder: Lease): boolean =>
  state.lease?.executionArn === holder.executionArn && state.lease.runId === holder.runId;

/** How long Step Functions may take to show an execution: its answers lag behind. */
const SHOWN_AFTER_MS = 120_000;

/** The state machine in an execution's ARN, `arn:…:execution:<state machine>:<execution>`. */
const machineOf = ({ executionArn }: Lease): string | undefined =>
  /^(.*:execution:[^:]+):/.exec(executionArn)?.[1];

/**
 * True if the lease's execution may still be running. A pipeline has one state machine. If it was destroyed and
 * deployed again, it has another name, the old functions are gone, and we have no permission to ask about
 * the old executions.
 */
async function mayBeRunning(
  { executions, clock }: LeaseDependencies,
  lease: Lease,
  asking: Lease,
): Promise<boolean> {
  if (machineOf(lease) !== machineOf(asking)) return false;
  const status = await executions.status(lease.executionArn);
  return status === 'unknown' ? clock.now() - runStartOf(lease.runId) < SHOWN_AFTER_MS : status === 'running';
}

/**
 * Takes the object's lease for a run, or keeps it if the run holds it already. If the holder's execution is
 * over, its lease is taken over. That raises the fence, which shuts out every attempt of the old holder.
 * A commit that is found half done is finished first.
 * @throws ContractError if others keep changing the lease at the same moment
 */
export async function acquireLease(dependencies: LeaseDependencies, holder: Lease): Promise<LeaseResult> {
  const { state: store, declaration } = dependencies;
  for (let round = 0; round < MAX_CONTENTION; round += 1) {
    const state = await store.load(declaration.name);
    if (state.committed !== null && state.committed.runId > holder.runId) {
      return {
        status: 'skipped',
        message: `a later run, ${state.committed.runId}, has already committed; if its id lies in the future, a clock was wrong`,
      };
    }
    if (isOurs(state, holder)) return { status: 'held', state: await settle(dependencies, state) };
    if (state.lease !== null && (await mayBeRunning(dependencies, state.lease, holder))) {
      return { status: 'skipped', message: `run ${state.lease.runId} is still working on it` };
    }
    const taken = await store.takeLease(declaration.name, state.fence, holder);
    if (taken.ok) return { status: 'held', state: await settle(dependencies, taken.value) };
  }
  throw new ContractError(
    `The lease of ${declaration.name} changed hands ${MAX_CONTENTION} times in a row.`,
    { code: 'lease_contention' },
  );
}

/** Finishes a commit that its run began and did not complete. */
async function settle(dependencies: LeaseDependencies, state: ObjectState): Promise<ObjectState> {
  if (state.committing === null) return state;
  const draft = await requireStored<Draft>(dependencies.lake, state.committing.draftKey);
  return finishCommit(dependencies, state, draft);
}

/**
 * True while the run holds the lease and its execution has not ended. A run that was stopped keeps its lease
 * until another run takes it.
 */
export async function isStillHeld(
  { state, executions, declaration }: LeaseDependencies,
  holder: Lease,
): Promise<boolean> {
  if (!isOurs(await state.load(declaration.name), holder)) return false;
  return (await executions.status(holder.executionArn)) !== 'over';
}

const lost = ({ declaration }: Pick<LeaseDependencies, 'declaration'>, { runId }: Lease): ContractError =>
  new ContractError(
    `Run ${runId} no longer holds ${declaration.name}: another run has taken it over. Nothing of this run was committed. The other run continues.`,
    { code: 'lease_lost' },
  );

/**
 * Checks that the run still holds the lease. Every attempt does so before it works.
 * @throws ContractError if it does not: another execution has taken over
 */
export async function requireLease(
  dependencies: Pick<ObjectDependencies, 'state' | 'declaration'>,
  holder: Lease,
): Promise<ObjectState> {
  const state = await dependencies.state.load(dependencies.declaration.name);
  if (isOurs(state, holder)) return state;
  throw lost(dependencies, holder);
}

/** A lease and the fence at which it was taken: whoever takes it next raises the fence. */
export interface SoleLease extends Lease {
  readonly fence: number;
}

/**
 * Takes the lease for this attempt alone: earlier attempts of the same run that are still running are shut out, too.
 * What a rewrite replaces depends on what it found, so two of them must never run side by side.
 * @param attempt the id of the attempt, unique to it
 * @returns null if another run works on the object, or a later one has committed it
 * @throws RetryableError if another attempt takes it at the same moment
 */
export async function acquireSoleLease(
  dependencies: LeaseDependencies,
  holder: Lease,
  attempt: string,
): Promise<SoleLease | null> {
  const { state: store, declaration } = dependencies;
  const lease = await acquireLease(dependencies, holder);
  if (lease.status === 'skipped') return null;
  const taken = await store.takeLease(declaration.name, lease.state.fence, { ...holder, attempt });
  // If the answer to our own write was lost, the client's retry fails although the lease is ours.
  const state = taken.ok ? taken.value : await store.load(declaration.name);
  if (isOurs(state, holder) && state.lease?.attempt === attempt) return { ...holder, fence: state.fence };
  throw new RetryableError(`The fence of ${declaration.name} rose just before its maintenance began.`, {
    code: 'fence_raised',
  });
}

/** True if the object was taken over. */
export const isLeaseLost = (error: unknown): boolean =>
  error instanceof ContractError && error.code === 'lease_lost';

/** @throws ContractError if another attempt, of this run or another, has taken the object over */
export async function requireSoleLease(
  dependencies: Pick<ObjectDependencies, 'state' | 'declaration'>,
  lease: SoleLease,
): Promise<void> {
  const { fence } = await requireLease(dependencies, lease);
  if (fence !== lease.fence) throw lost(dependencies, lease);
}
