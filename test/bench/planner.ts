/** Plans of a workspace that is too large to simulate: the counts are arithmetic, the planner is the real one. */
import type { Probe, SliceQuery } from '../../functions/core/reading.ts';
import type { EpochSeconds } from '../../functions/core/time.ts';
import { DEFAULT_LIMITS } from '../../functions/sync/dependencies.ts';
import { planSlices } from '../../functions/sync/plan/plan-slices.ts';
import type { Line } from './lines.ts';

const YEAR = 365 * 86_400;
const YEARS = 8;

/** Requests in an hour at 1,666 a window: what one run may read of conversations, one request each. */
const RECORDS_PER_RUN = 1_666 * 360;

/** Of all records changed in one second, as an import does. */
const BULK_SHARE = 0.005;

/** Plans run after run until no work remains. */
export async function plannerLine(conversations: number): Promise<Line> {
  const now = Math.floor(Date.now() / 1000);
  const start = now - YEARS * YEAR;
  const bulkAt = start + YEAR;
  const bulk = Math.round(conversations * BULK_SHARE);
  /** How many changed before a time. */
  const before = (time: EpochSeconds): number => {
    const share = Math.min(1, Math.max(0, (time - start) / (YEARS * YEAR)));
    return Math.floor((conversations - bulk) * share) + (time > bulkAt ? bulk : 0);
  };
  let probes = 0;
  const probe = async (query: SliceQuery): Promise<Probe> => {
    probes += 1;
    if (query.kind !== 'window') throw new Error('The planner only counts windows.');
    const { from, to } = query.updated;
    const matched = before(to ?? now + 1) - before(from ?? 0);
    return { matched, first: matched === 0 ? null : Math.max(from ?? 0, start) };
  };
  let from: EpochSeconds | null = null;
  let runs = 0;
  let slices = 0;
  let read = 0;
  for (let remains = true; remains; ) {
    const planned = await planSlices({
      window: { from, to: null },
      debts: [],
      debtPolicy: 'pay',
      restUpTo: null,
      allowance: {
        records: RECORDS_PER_RUN,
        slices: DEFAULT_LIMITS.maxSlices,
        recordsPerSlice: DEFAULT_LIMITS.sliceParents,
        slicesAtOnce: 4,
      },
      counting: { probe, granularity: 'second', now },
      since: new Date(now * 1000).toISOString(),
    });
    runs += 1;
    slices += planned.slices.length;
    read += planned.expected ?? 0;
    from = planned.windowTo;
    remains = planned.workRemains;
  }
  if (read !== conversations) throw new Error(`The plans hold ${read} of ${conversations} conversations.`);
  const whole = (value: number): string => value.toLocaleString('en-US');
  const ideal = Math.ceil(conversations / DEFAULT_LIMITS.sliceParents);
  return {
    what: `planning ${whole(conversations)} conversations`,
    product: `${whole(slices)} slices in ${runs} runs, ${whole(probes)} requests to count`,
    ideal: `${whole(ideal)} slices`,
    ratio: ideal / slices,
    wanted: '',
  };
}
