/** Which objects run together: objects with the same frequency share one schedule. */
import type { Deployment, Frequency } from '../../functions/config/deployment.ts';
import type { ObjectName } from '../../functions/core/names.ts';
import { type Schedule, scheduleOf } from './schedule.ts';

export interface ObjectGroup {
  /** Null for the group that runs at the pipeline's frequency. */
  readonly namedAfter: ObjectName | null;
  readonly objects: readonly ObjectName[];
  readonly frequency: Frequency;
  readonly schedule: Schedule;
}

const textOf = ({ expression, timezone }: Schedule): string => `${expression} ${timezone}`;

/**
 * Groups objects by when they run; '60 minutes' and '1 hour' are the same. A group is named after its first object and
 * not after its frequency, so a new frequency changes the schedule instead of replacing it.
 * @param objects the configured ones
 */
export function objectGroups(
  objects: readonly ObjectName[],
  { frequency, objectFrequency }: Pick<Deployment, 'frequency' | 'objectFrequency'>,
): readonly ObjectGroup[] {
  const common = scheduleOf(frequency);
  const scheduled = objects.map((object) => {
    const own = objectFrequency[object];
    return own === undefined
      ? { object, frequency, schedule: common }
      : { object, frequency: own, schedule: scheduleOf(own) };
  });
  const byText = Map.groupBy(scheduled, ({ schedule }) => textOf(schedule));
  return [...byText.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const isCommon = textOf(first.schedule) === textOf(common);
    return [
      {
        namedAfter: isCommon ? null : first.object,
        objects: members.map(({ object }) => object),
        frequency: first.frequency,
        schedule: first.schedule,
      },
    ];
  });
}
