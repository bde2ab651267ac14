/** The rate budget without a table: instances share a `BudgetTable`. */
import type { Clock, RateBudget } from '../../../functions/core/ports.ts';
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
  const windowEnd = (): EpochMs => Math.floor(clock.now() / WINDOW_MS) * WINDOW_MS + WINDOW_MS;
  const limit = (): number => table.limit ?? FIRST_LIMIT;
  return {
    async permit(priority, signal) {
      for (;;) {
        signal.throwIfAborted();
        const end = windowEnd();
        const used = table.used.get(end) ?? 0;
        const reserve = priority === 'urgent' ? 0 : Math.max(1, Math.floor(limit() * 0.02));
        if (clock.now() >= table.pausedUntil && used < limit() - reserve) {
          table.used.set(end, used + 1);
          return;
        }
        await clock.sleep(Math.max(end, table.pausedUntil) - clock.now(), signal);
      }
    },
    observe(seen) {
      if (seen.limit !== null && seen.limit > 0) table.limit = seen.limit;
      if (seen.limit !== null && seen.remaining !== null && seen.resetAt !== null) {
        const end = seen.resetAt * 1000;
        table.used.set(end, Math.max(table.used.get(end) ?? 0, seen.limit - seen.remaining));
      }
      if (!seen.limited && seen.remaining !== 0) return;
      const until = seen.resetAt === null ? windowEnd() : seen.resetAt * 1000;
      table.pausedUntil = Math.max(table.pausedUntil, until);
    },
    limit: async () => limit(),
  };
}
