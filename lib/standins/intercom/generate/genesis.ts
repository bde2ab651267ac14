/** The parameters of the seeded history, and the times of its records. */
import { mix } from '../prng.ts';
import type { WorkspaceSizes } from '../sizes.ts';
import type { Timed } from '../table.ts';

export interface Genesis {
  readonly seed: number;
  readonly sizes: WorkspaceSizes;
  /** The end of the history, in epoch seconds. */
  readonly baseTime: number;
}

const DAY = 86_400;
const unit = (hash: number): number => hash / 4294967296;

export const historyStart = ({ baseTime, sizes }: Genesis): number => baseTime - sizes.historyDays * DAY;

/** True for rows of a bulk update, which all share one second (docs/intercom-api.md 5.2). */
function sharesSecond(genesis: Genesis, row: number, count: number): boolean {
  const shared = Math.min(genesis.sizes.sharedSecond, Math.floor(count / 2));
  const first = Math.floor(count / 4);
  return row >= first && row < first + shared;
}

/** Creation times are spread evenly over the history, in row order. Updates lie between creation and the end of the history. */
export function times(genesis: Genesis, salt: number, row: number, count: number): Timed {
  const start = historyStart(genesis);
  const span = genesis.baseTime - start;
  const hash = mix(mix(genesis.seed, salt), row);
  const createdAt = start + Math.floor(((row + unit(hash)) / Math.max(1, count)) * span);
  const touch = mix(hash, 1);
  const updatedAt =
    touch % 10 < 3 ? createdAt : createdAt + Math.floor((genesis.baseTime - createdAt) * unit(mix(hash, 2)));
  if (!sharesSecond(genesis, row, count)) return { createdAt, updatedAt };
  return { createdAt, updatedAt: genesis.baseTime - Math.floor(span / 8) };
}

/** True for the n-th of every `every` rows. Each odd shape has such a row, so that it occurs at any size. */
export const hasShape = (row: number, every: number, n: number): boolean => row % every === n;
