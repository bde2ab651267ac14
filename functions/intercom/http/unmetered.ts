/** Permits without limit, for a single request where there is no shared budget, or no right to it. */
import type { RateBudget } from '../../core/ports.ts';

export const UNMETERED: RateBudget = {
  permit: async () => undefined,
  observe: () => undefined,
  limit: async () => Number.POSITIVE_INFINITY,
};
