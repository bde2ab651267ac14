/** Cursors: base64 of `[sort value in ms, id, next page]` (docs/intercom-api.md 4.2), opaque to clients. */

import type { Switches } from '../switches.ts';
import type { Clock } from '../world/clock.ts';

export interface Cursor {
  /** Seconds, or -1 for a missing sort value. */
  readonly value: number;
  readonly id: string;
  readonly page: number;
}

const encode = ({ value, id, page }: Cursor, numericId: boolean): string =>
  Buffer.from(JSON.stringify([value < 0 ? -1 : value * 1000, numericId ? Number(id) : id, page])).toString(
    'base64',
  );

function decode(text: string): Cursor | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text.replaceAll('\n', ''), 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length !== 3) return undefined;
  const [value, id, page]: unknown[] = parts;
  if (typeof value !== 'number' || (typeof id !== 'string' && typeof id !== 'number')) return undefined;
  if (typeof page !== 'number' || !Number.isInteger(page) || page < 2) return undefined;
  return { value: value < 0 ? -1 : Math.floor(value / 1000), id: String(id), page };
}

export interface Cursors {
  issue(cursor: Cursor, numericId: boolean, query: string): string;
  /** Undefined if the cursor is refused. */
  open(text: string, query: string): Cursor | undefined;
}

const REMEMBERED = 10_000;
const LIFETIME_MS = 60_000;

/** Remembers issued cursors only for the switches about lifetime and foreign queries. */
export function createCursors(clock: Clock, switches: () => Switches): Cursors {
  const issued = new Map<string, { readonly atMs: number; readonly query: string }>();
  return {
    issue(cursor, numericId, query) {
      const text = encode(cursor, numericId);
      issued.set(text, { atMs: clock.nowMs(), query });
      if (issued.size > REMEMBERED) issued.delete(issued.keys().next().value ?? text);
      return switches().cursorNewlines === 'embedded' ? `${text.slice(0, 20)}\n${text.slice(20)}` : text;
    },
    open(text, query) {
      const known = issued.get(text.replaceAll('\n', ''));
      const { cursorLifetime, foreignCursor } = switches();
      if (
        cursorLifetime === 'one_minute' &&
        (known === undefined || clock.nowMs() - known.atMs > LIFETIME_MS)
      ) {
        return undefined;
      }
      if (foreignCursor === 'refused' && known !== undefined && known.query !== query) return undefined;
      return decode(text);
    },
  };
}
