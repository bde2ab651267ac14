/** How often a pipeline runs, for its bill. */
import type { Deployment } from '../../../functions/config/deployment.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import { objectGroups } from '../../constructs/object-groups.ts';
import { firingsPerDay } from '../../constructs/schedule.ts';
import { DAYS_PER_MONTH } from './prices.ts';
import type { RunGroup } from './usage.ts';

/** @param objects the configured ones */
export const runGroups = (objects: readonly ObjectName[], deployment: Deployment): readonly RunGroup[] =>
  objectGroups(objects, deployment).map((group) => ({
    objects: group.objects,
    runsPerMonth: firingsPerDay(group.frequency) * DAYS_PER_MONTH,
  }));
