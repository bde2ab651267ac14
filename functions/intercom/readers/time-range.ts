/**
 * Reads activity logs by windows of time (docs/intercom-api.md 6.9). Both bounds are always sent, one second wider
 * on each side, because it is unknown whether they are inclusive; an id seen twice is dropped.
 */
import type { ObjectDeclaration, ReadSpec } from '../../core/declaration.ts';
import { PermissionError } from '../../core/errors.ts';
import type { ObjectReader, Position, ReadEvent, Slice, Window } from '../../core/reading.ts';
import { DAY_SECONDS, type EpochSeconds, toSeconds } from '../../core/time.ts';
import { isTooMuchAsked } from '../http/failures.ts';
import { HASTY, PATIENT } from '../http/retry.ts';
import { readMe } from '../me.ts';
import { createFailureGate } from './walk/failure-gate.ts';
import { contractError } from './walk/list-answers.ts';
import { type NumberPage, walkNumbers } from './walk/number-walk.ts';
import { createPageSizes, type PageSizes } from './walk/page-sizes.ts';
import { askOptions, type ReaderDeps } from './walk/requests.ts';
import { createRecordTaker } from './walk/take-records.ts';
import {
  AT_ONCE,
  afterGood,
  afterLost,
  afterTooMuch,
  beginWindows,
  MIN_WINDOW_SECONDS,
  nextWindows,
  type RangeWindow,
  type WindowPosition,
} from './walk/window-widths.ts';

type TimeRangeRead = Extract<ReadSpec, { kind: 'time_range' }>;

/** Before Intercom existed: where to begin if a workspace has no creation time (docs/intercom-api.md 6.1). */
const INTERCOM_BEGAN: EpochSeconds = 1_293_840_000;

/** A window whose first page is on its way. */
interface OpenWindow {
  readonly window: RangeWindow;
  readonly pages: AsyncGenerator<NumberPage, void, void>;
  readonly first: Promise<IteratorResult<NumberPage, void>>;
}

export function createTimeRangeReader(
  declaration: ObjectDeclaration,
  read: TimeRangeRead,
  deps: ReaderDeps,
): ObjectReader {
  const { client, clock, signal } = deps;
  const ask = askOptions(declaration, deps);

  /** The slice's bounds. What a slow clock of ours leaves out lies after the cursor, so the next run reads it. */
  async function boundsOf({ from, to }: Window): Promise<RangeWindow> {
    const now = clock.now();
    if (from !== null) return { from, to: to ?? toSeconds(now) + 1 };
    const { createdAt, dateHeaderMs } = await readMe(client, { signal });
    const end = to ?? toSeconds(Math.max(now, dateHeaderMs ?? 0)) + 1;
    // A time in other units or in the future cannot be the beginning.
    const isKnown = createdAt !== null && createdAt < end;
    return { from: isKnown ? createdAt - DAY_SECONDS : INTERCOM_BEGAN, to: end };
  }

  async function begin({ query }: Slice): Promise<WindowPosition> {
    if (query.kind !== 'all' && query.kind !== 'window')
      throw contractError('unsupported_query', `${read.path} cannot be read by ${query.kind}`);
    const bounds = await boundsOf(query.kind === 'all' ? { from: null, to: null } : query.updated);
    return beginWindows(bounds, read.maxWindowSeconds);
  }

  /**
   * Asks for a window's first page at once. A window beyond the width that is known to work is more likely to fail
   * because of its length than its page size, so its pages do not shrink first.
   */
  function open(window: RangeWindow, sizes: PageSizes): OpenWindow {
    const { from, to } = window;
    const query = { [read.afterParameter]: from - 1, [read.beforeParameter]: to + 1 };
    const { path, recordsKey, perPageSizes } = read;
    const isLong = to - from > read.maxWindowSeconds;
    const pages = walkNumbers(
      client,
      ask,
      { path, query, recordsKeys: [recordsKey], perPageSizes },
      {
        sizes: isLong ? createPageSizes([sizes.current()]) : sizes,
        patience: to - from <= MIN_WINDOW_SECONDS ? PATIENT : HASTY,
      },
    );
    const first = pages.next();
    // A failure surfaces when its turn comes.
    first.catch(() => undefined);
    return { window, pages, first };
  }

  async function* walk(slice: Slice, start: Position | null): AsyncGenerator<ReadEvent, void, void> {
    const gate = createFailureGate(client, signal);
    const take = createRecordTaker(declaration, deps, ask, gate);
    let position = (start as WindowPosition | null) ?? (await begin(slice));
    let sizes = createPageSizes(read.perPageSizes);
    const largest = Math.max(...read.perPageSizes);
    let atOnce = 1;
    let before = new Set<string>();
    let seen = new Set<string>();
    let hasBegun = false;

    async function eventOf({ records: values, receivedAtMs }: NumberPage): Promise<ReadEvent> {
      const { records: taken, rejects } = await take(values, receivedAtMs, read.recordsKey);
      const records = taken.filter(({ id }) => !seen.has(id) && !before.has(id));
      for (const { id } of records) seen.add(id);
      return { type: 'page', records, rejects, ids: records.map(({ id }) => id), position };
    }

    /** Yields the window's records; returns how many there were, or what went wrong. */
    async function* readWindow({
      pages,
      first,
    }: OpenWindow): AsyncGenerator<
      ReadEvent,
      { readonly records: number } | { readonly error: unknown },
      void
    > {
      let records = 0;
      try {
        for (let next = await first; next.done !== true; next = await pages.next()) {
          hasBegun = true;
          records += next.value.records.length;
          yield await eventOf(next.value);
        }
        return { records };
      } catch (error) {
        return { error };
      }
    }

    while (position.windowStart < position.to) {
      const opened = nextWindows(position, atOnce).map((window) => open(window, sizes));
      atOnce = AT_ONCE;
      try {
        for (const one of opened) {
          const result = yield* readWindow(one);
          if ('error' in result) {
            const halved = isTooMuchAsked(result.error) ? afterTooMuch(position, one.window) : null;
            if (halved !== null) {
              sizes = createPageSizes(read.perPageSizes);
              position = halved;
              break;
            }
            // The permission covers the path, not a window. Owed, it would never be reported.
            if (result.error instanceof PermissionError && !hasBegun) throw result.error;
            yield {
              type: 'debt',
              scope: { window: one.window },
              reason: await gate.failed(result.error),
            };
            position = afterLost(position, one.window);
          } else {
            gate.succeeded();
            position = afterGood(position, one.window, result.records / largest);
          }
          before = seen;
          seen = new Set();
          yield { type: 'page', records: [], ids: [], position };
        }
      } finally {
        await Promise.all(opened.map(({ pages }) => pages.return()));
      }
    }
    yield { type: 'end', matched: null };
  }

  return { read: walk, probe: null };
}
