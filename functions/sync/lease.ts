/** The right of one execution to run an object (DESIGN: leases do not expire; commit order). */

import type { Draft } from '../core/engine-files.ts';
import { ContractError } from '../core/errors.ts';
import type { Lease, ObjectState } from '../core/ports.ts';
import type { ObjectDependencies } from './dependencies.ts';
import { finishCommit } from './finish-commit.ts';
import { requireStored } from './store.ts';

type LeaseDependencies = Pick<ObjectDependencies, 'state' | 'lake' | 'executions' | 'declaration'>;

export type LeaseResult =
  | { readonly status: 'held'; readonly state: ObjectState }
  | { readonly status: 'skipped'; readonly message: string };

/** Attempts to take a lease that others take at the same moment. */
const MAX_CONTENTION = 5;

const isOurs = (state: ObjectState, holder: Lease): boolean =>
  state.lease?.executionArn === holder.executionArn && state.lease.runId === holder.runId;

/** The state machine in an execution's ARN, `arn:…:execution:<state machine>:<execution>`. */
const machineOf = ({ executionArn }: Lease): string | undefined =>
  /^(.*:execution:[^:]+):/.exec(executionArn)?.[1];

/**
 * Whether a lease's execution may still work. A pipeline has one state machine: where it was destroyed and deployed
 * again it has another name, the functions of the old one are gone, and nobody may even ask for its executions.
 */
const isAtWork = async ({ executions }: LeaseDependencies, lease: Lease, asking: Lease): Promise<boolean> =>
  machineOf(lease) === machineOf(asking) && (await executions.isRunning(lease.executionArn));

/**
 * Takes the object's lease for a run, or keeps it when the run holds it already. A lease whose
 * execution no longer works is taken over, which raises the fence and shuts out every attempt of the
 * old holder; a commit found half done is finished first.
 */
export async function acquireLease(dependencies: LeaseDependencies, holder: Lease): Promise<LeaseResult> {
  const { state: store, declaration } = dependencies;
  for (let round = 0; round < MAX_CONTENTION; round += 1) {
    const state = await store.load(declaration.name);
    if (state.committed !== null && state.committed.runId > holder.runId) {
      return {
        status: 'skipped',
        message: `a later run, ${state.committed.runId}, has been committed; if that lies in the future, a clock was wrong`,
      };
    }
    if (isOurs(state, holder)) return { status: 'held', state: await settle(dependencies, state) };
    if (state.lease !== null && (await isAtWork(dependencies, state.lease, holder))) {
      return { status: 'skipped', message: `run ${state.lease.runId} is still working on it` };
    }
    const taken = await store.takeLease(declaration.name, state.fence, holder);
    if (taken.ok) return { status: 'held', state: await settle(dependencies, taken.value) };
  }
  throw new ContractError(
    `The lease of ${declaration.name} changed hands ${MAX_CONTENTION} times in a row.`,
    {
      code: 'lease_contention',
    },
  );
}

/** Finishes a commit that its run decided on and did not complete. */
async function settle(dependencies: LeaseDependencies, state: ObjectState): Promise<ObjectState> {
  if (state.committing === null) return state;
  const draft = await requireStored<Draft>(dependencies.lake, state.committing.draftKey);
  return finishCommit(dependencies, state, draft);
}

/**
 * Checks that the run still holds the lease; every attempt does so before it works.
 * @throws ContractError where it does not: another execution has taken over
 */
export async function requireLease(
  dependencies: Pick<ObjectDependencies, 'state' | 'declaration'>,
  holder: Lease,
): Promise<ObjectState> {
  const state = await dependencies.state.load(dependencies.declaration.name);
  if (isOurs(state, holder)) return state;
  throw new ContractError(
    `Run ${holder.runId} no longer holds ${dependencies.declaration.name}: another run has taken it over. Nothing of this run was committed; the other run continues.`,
    { code: 'lease_lost' },
  );
}
