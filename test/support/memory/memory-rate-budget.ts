/** The rate budget without a table: instances share a `BudgetTable`. */
import type { Clock, RateBudget } from '../../../functions/core/ports.ts';
import { createServerClock } from '../../../functions/core/server-clock.ts';
import type { EpochMs } from '../../../functions/core/time.ts';

export interface BudgetTable {
  readonly used: Map<EpochMs, number>;
  limit: number | null;
  pausedUntil: EpochMs;
}

export const createBudgetTable = (): BudgetTable => ({ used: new Map(), limit: null, pausedUntil: 0 });

const WINDOW_MS = 10_000;
const FIRST_LIMIT = 166;

export function createMemoryRateBudget(clock: Clock, table: BudgetTable = createBudgetTable()): RateBudget {
  const intercom = createServerClock(clock);
  const windowEndOf = (at: EpochMs): EpochMs => Math.floor(at / WINDOW_MS) * WINDOW_MS + WINDOW_MS;
  const windowEnd = (): EpochMs => windowEndOf(intercom.now());
  const limit = (): number => table.limit ?? FIRST_LIMIT;
  const underWay: EpochMs[] = [];
  let carriedTo: EpochMs = 0;
  let overSince: EpochMs[] = [];
  return {
    async permit(priority, signal) {
      for (;;) {
        signal.throwIfAborted();
        const end = windowEnd();
        if (carriedTo !== end) {
          carriedTo = end;
          const late = [...underWay.filter((sentIn) => sentIn < end), ...overSince.filter((at) => at === end)]
            .length;
          overSince = [];
          table.used.set(end, (table.used.get(end) ?? 0) + late);
        }
        const used = table.used.get(end) ?? 0;
        const reserve = priority === 'urgent' ? 0 : Math.max(1, Math.floor(limit() * 0.02));
        if (intercom.now() >= table.pausedUntil && used < limit() - reserve) {
          table.used.set(end, used + 1);
          underWay.push(end);
          return () => {
            underWay.splice(underWay.indexOf(end), 1);
            if (end < windowEnd() && carriedTo !== windowEnd()) overSince.push(windowEnd());
          };
        }
        await clock.sleep(Math.max(end, table.pausedUntil) - intercom.now(), signal);
      }
    },
    observe({ limit: stated, remaining, limited, time }) {
      if (time !== null) intercom.observe(time);
      if (stated !== null && stated > 0) table.limit = stated;
      const end = windowEndOf(time?.dateMs ?? intercom.now());
      const isOfWindow = time === null || windowEndOf(intercom.at(time.sentAtMs)) === end;
      if (!isOfWindow && !limited) return;
      if (stated !== null && remaining !== null) {
        table.used.set(end, Math.max(table.used.get(end) ?? 0, stated - remaining));
      }
      if (limited || remaining === 0) table.pausedUntil = Math.max(table.pausedUntil, end);
    },
    limit: async () => limit(),
  };
}
