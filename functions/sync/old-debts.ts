/** Debts that stay: a day of runs has tried to read them (DESIGN: debts). */
import type { Completeness, Debt } from '../core/engine-files.ts';
import { DAY_SECONDS, type EpochMs } from '../core/time.ts';

export const oldDebts = (completeness: Completeness | null | undefined, now: EpochMs): readonly Debt[] =>
  completeness?.debts.filter(({ since }) => now - Date.parse(since) > DAY_SECONDS * 1000) ?? [];
