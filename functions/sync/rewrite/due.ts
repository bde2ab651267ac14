/** Whether an object has to be maintained. A file of its own: most invocations need not load the rewrites. */
import { DAY_SECONDS, type EpochMs } from '../../core/time.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import type { KnownErasure } from '../erasures.ts';
import { isSweepDue, mayPay } from './tiers.ts';

type DueDependencies = Pick<ObjectDependencies, 'declaration' | 'clock' | 'config'>;

/** How long superseded versions are kept; null: for ever. */
export const keepMsOf = ({ config }: Pick<DueDependencies, 'config'>): EpochMs | null =>
  config.history.versionDays === null ? null : config.history.versionDays * DAY_SECONDS * 1_000;

/**
 * Whether `maintain` has to put runs together, look for left-overs, or erase a person. Names alone decide.
 * @param erasures those that the bucket knows
 * @param ids those of all manifests
 */
export function isMaintenanceDue(
  dependencies: DueDependencies,
  erasures: readonly KnownErasure[],
  ids: readonly string[],
): boolean {
  const { declaration, clock } = dependencies;
  if (erasures.some(({ step }) => step(declaration.name) !== 'removed')) return true;
  if (isSweepDue(ids)) return true;
  return declaration.sync.kind === 'incremental' && mayPay(ids, clock.now(), keepMsOf(dependencies));
}
