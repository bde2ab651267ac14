/**
 * Reads activity logs in windows of time (docs/intercom-api.md 6.9). Both bounds are always sent, one second
 * wider on each side, because it is UNCONFIRMED whether they are inclusive. Ids seen twice are dropped. A window
 * that is too long for Intercom is halved.
 */
import type { ObjectDeclaration, ReadSpec } from '../../core/declaration.ts';
import type { ObjectReader, Position, ReadEvent, Slice, Window } from '../../core/reading.ts';
import { DAY_SECONDS, type EpochSeconds, toSeconds } from '../../core/time.ts';
import { isTooMuchAsked } from '../http/failures.ts';
import { HASTY, PATIENT } from '../http/retry.ts';
import { readMe } from '../me.ts';
import { createFailureGate } from './walk/failure-gate.ts';
import { identify } from './walk/identify.ts';
import { contractError } from './walk/list-answers.ts';
import { type NumberPage, walkNumbers } from './walk/number-walk.ts';
import { createPageSizes, type PageSizes } from './walk/page-sizes.ts';
import { askOptions, type ReaderDeps } from './walk/requests.ts';

type TimeRangeRead = Extract<ReadSpec, { kind: 'time_range' }>;

type TimeRangePosition = {
  /** Start of the window being read. After a stop it is read again from its first page. */
  readonly windowStart: EpochSeconds;
  readonly widthSeconds: number;
  readonly to: EpochSeconds;
};

/** No window is made shorter than this. */
const MIN_WINDOW_SECONDS = 600;

/** Good windows before a shortened one is doubled. */
const GROW_AFTER = 3;

/** Before Intercom existed; used if a workspace does not show its age (docs/intercom-api.md 6.1: `app` may be null). */
const INTERCOM_BEGAN: EpochSeconds = 1_293_840_000;

export function createTimeRangeReader(
  declaration: ObjectDeclaration,
  read: TimeRangeRead,
  deps: ReaderDeps,
): ObjectReader {
  const { client, clock, signal } = deps;
  const ask = askOptions(declaration, deps);

  /** The slice's bounds. The present is one second after the later of the two clocks. */
  async function boundsOf({ from, to }: Window): Promise<{ from: EpochSeconds; to: EpochSeconds }> {
    if (from !== null && to !== null) return { from, to };
    const { createdAt, dateHeaderMs } = await readMe(client, { signal });
    const present = toSeconds(Math.max(clock.now(), dateHeaderMs ?? 0)) + 1;
    const begin = createdAt === null ? INTERCOM_BEGAN : createdAt - DAY_SECONDS;
    return { from: from ?? begin, to: to ?? present };
  }

  async function begin({ query }: Slice): Promise<TimeRangePosition> {
    if (query.kind === 'ids') throw contractError('unsupported_query', `${read.path} cannot be read by id`);
    const { from, to } = await boundsOf(query.kind === 'all' ? { from: null, to: null } : query.updated);
    return { windowStart: from, widthSeconds: read.maxWindowSeconds, to };
  }

  /** Tries smaller pages before a shorter window. Page sizes that work are kept for the next windows. */
  function pagesOf(from: EpochSeconds, to: EpochSeconds, sizes: PageSizes, atSmallest: boolean) {
    const query = { [read.afterParameter]: from - 1, [read.beforeParameter]: to + 1 };
    const { path, recordsKey, perPageSizes } = read;
    const list = { path, query, recordsKeys: [recordsKey], perPageSizes };
    return walkNumbers(client, ask, list, { sizes, patience: atSmallest ? PATIENT : HASTY });
  }

  async function* walk(slice: Slice, start: Position | null): AsyncGenerator<ReadEvent, void, void> {
    const gate = createFailureGate(client, signal);
    let position = (start as TimeRangePosition | null) ?? (await begin(slice));
    let before = new Set<string>();
    let seen = new Set<string>();
    let sizes = createPageSizes(read.perPageSizes);
    let goodWindows = 0;

    function take({ records, receivedAtMs }: NumberPage): ReadEvent {
      const fresh = records
        .map((record) => identify(declaration, record, receivedAtMs))
        .filter(({ id }) => !seen.has(id) && !before.has(id));
      for (const { id } of fresh) seen.add(id);
      return {
        type: 'page',
        records: fresh,
        ids: fresh.map(({ id }) => id),
        position,
      };
    }

    function nextWindow(windowStart: EpochSeconds): void {
      const grow = goodWindows > 0 && goodWindows % GROW_AFTER === 0;
      const wider = grow ? Math.min(position.widthSeconds * 2, read.maxWindowSeconds) : position.widthSeconds;
      position = { ...position, windowStart, widthSeconds: wider };
      before = seen;
      seen = new Set();
    }

    while (position.windowStart < position.to) {
      const from = position.windowStart;
      const to = Math.min(from + position.widthSeconds, position.to);
      const atSmallest = to - from <= MIN_WINDOW_SECONDS;
      try {
        for await (const page of pagesOf(from, to, sizes, atSmallest)) yield take(page);
        gate.succeeded();
        goodWindows += 1;
      } catch (error) {
        goodWindows = 0;
        if (isTooMuchAsked(error) && !atSmallest) {
          sizes = createPageSizes(read.perPageSizes);
          const half = Math.max(MIN_WINDOW_SECONDS, Math.floor((to - from) / 2));
          position = { ...position, widthSeconds: half };
          continue;
        }
        const reason = await gate.failed(error);
        yield { type: 'debt', scope: { window: { from, to } }, reason };
      }
      nextWindow(to);
      yield { type: 'page', records: [], ids: [], position };
    }
    yield { type: 'end', matched: null };
  }

  return { read: walk, probe: null };
}
