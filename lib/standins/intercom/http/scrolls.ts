/** The only company scroll that a workspace can have open (docs/intercom-api.md 6.3). */
import { uuid } from '../prng.ts';
import type { Clock } from '../world/clock.ts';
import { ApiError, notFound } from './errors.ts';

const IDLE_MS = 60_000;
const PAGE = 100;

export interface Scrolls {
  /** Opens a scroll over these rows, or continues the open one. An empty page ends it. */
  next(
    param: string | null,
    rows: () => readonly number[],
  ): { readonly param: string; readonly rows: readonly number[] };
  /** Loses the scroll: the client must start again. */
  fail(): void;
}

export function createScrolls(clock: Clock, seed: number): Scrolls {
  let open:
    | { readonly param: string; readonly rows: readonly number[]; position: number; usedMs: number }
    | undefined;
  let opened = 0;
  return {
    next(param, rows) {
      const now = clock.nowMs();
      if (open !== undefined && now - open.usedMs > IDLE_MS) open = undefined;
      if (param === null) {
        if (open !== undefined)
          throw new ApiError(400, 'scroll_exists', 'scroll already exists for this workspace');
        opened += 1;
        open = { param: uuid(seed, opened), rows: rows(), position: 0, usedMs: now };
      } else if (open === undefined || open.param !== param) {
        throw notFound('scroll parameter not found');
      }
      const current = open;
      const page = current.rows.slice(current.position, current.position + PAGE);
      current.position += page.length;
      current.usedMs = now;
      if (page.length === 0) open = undefined;
      return { param: current.param, rows: page };
    },
    fail() {
      open = undefined;
    },
  };
}
