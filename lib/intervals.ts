/** How far apart the runs of a pipeline are, for those who wait for them. */
import type { Deployment } from '../functions/core/deployment.ts';
import type { ObjectName } from '../functions/core/names.ts';
import { objectGroups } from './object-groups.ts';

export interface Intervals {
  /** Longest time between two runs of the schedule that fires most often. */
  readonly shortestMinutes: number;
  /** And of the one that fires least often: until then every object has had a run. */
  readonly longestMinutes: number;
}

/** Null where the schedules are paused. */
export function intervalsOf(
  objects: readonly ObjectName[],
  deployment: Pick<Deployment, 'frequency' | 'objectFrequency' | 'paused'>,
): Intervals | null {
  if (deployment.paused) return null;
  const minutes = objectGroups(objects, deployment).map(({ schedule }) =>
    Math.ceil(schedule.gaps.longest / 60),
  );
  return { shortestMinutes: Math.min(...minutes), longestMinutes: Math.max(...minutes) };
}
