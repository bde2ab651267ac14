/**
 * Narrows a count that a walk does not reach to where the difference is. Intercom may forever count a record that it
 * never lists (docs/intercom-api.md 10). A debt for the whole slice would read all of it again in every run.
 */
import { createHash } from 'node:crypto';
import type { CountedShort, NewDebt, PlannedSlice } from '../../core/engine-files.ts';
import type { DebtScope, Listing, ObjectReader, Window, WindowQuery } from '../../core/reading.ts';
import { DAY_SECONDS, type EpochSeconds, HOUR_SECONDS, toSeconds } from '../../core/time.ts';
import type { ObjectDependencies } from '../dependencies.ts';

type WindowScope = Exclude<DebtScope, { readonly ids: readonly string[] }>;
type Axis = 'updated' | 'created';

/** Windows that are listed to narrow one slice. When they are used up, a window is owed as wide as it is. */
const MOST_STEPS = 60;

/** What a window lists, with its count. */
type CountedListing = Listing & { readonly matched: number };

/** What the walk that fell short has read. */
export interface WalkedRecords {
  /** Records that Intercom counted, and that the walk did not reach. */
  readonly missing: number;
  /** Whether nothing is left to do about a listed record: it was read, is deleted, or is owed by its id. */
  readonly isSettled: (id: string) => boolean;
}

/** A window that lists fewer records than it counts, or that has to be read again. */
interface ShortWindow {
  readonly query: WindowQuery;
  /** Null if its count is unknown, or it lists a record that was not read. */
  readonly listing: CountedListing | null;
}

const digestOf = ({ times }: Listing): string =>
  createHash('sha256')
    .update(JSON.stringify([...times].sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest('hex');

const countOf = ({ matched, times }: CountedListing): CountedShort => ({
  matched,
  listed: times.size,
  digest: digestOf({ matched, times }),
});

/** The query of a debt's window. It asks for the whole day of its upper bound if the engine cuts that day by `exact`. */
const queryOf = ({ window, created = null, exact = window }: WindowScope): WindowQuery => ({
  kind: 'window',
  updated: window,
  created,
  through: window.to !== null && window.to === exact.to,
});

/** Where a window can be cut in the middle; null if it is short enough. */
function middleOf(
  { updated, created }: WindowQuery,
  axis: Axis,
  shortest: number,
  now: EpochSeconds,
): number | null {
  const { from, to }: Window = (axis === 'updated' ? updated : created) ?? { from: null, to: null };
  const lower = from ?? 0;
  const upper = to ?? now + DAY_SECONDS;
  return upper - lower <= shortest ? null : Math.floor((lower + upper) / 2);
}

function halves(query: WindowQuery, axis: Axis, at: EpochSeconds): readonly [WindowQuery, WindowQuery] {
  const window: Window = query[axis] ?? { from: null, to: null };
  const left = { ...query, [axis]: { from: window.from, to: at } };
  const right = { ...query, [axis]: { from: at, to: window.to } };
  return axis === 'updated' ? [{ ...left, through: false }, right] : [left, right];
}

const isCounted = (listing: Listing | null): listing is CountedListing =>
  listing !== null && listing.matched !== null;

const isShort = ({ matched, times }: CountedListing): boolean => times.size < matched;

/** The windows inside this one in which something is missing, each as narrow as it pays to look. */
async function* shortWindows(
  list: NonNullable<ObjectReader['list']>,
  { declaration, clock }: Pick<ObjectDependencies, 'declaration' | 'clock'>,
  query: WindowQuery,
  isSettled: WalkedRecords['isSettled'],
  steps: { left: number },
): AsyncGenerator<ShortWindow> {
  const now = toSeconds(clock.now());
  const byDay = declaration.read.granularity === 'day';
  const axes: readonly (readonly [Axis, number])[] = byDay
    ? [
        ['updated', 2 * DAY_SECONDS],
        ['created', 2 * DAY_SECONDS],
      ]
    : [['updated', HOUR_SECONDS]];

  async function* within(one: WindowQuery): AsyncGenerator<ShortWindow> {
    steps.left -= 1;
    const listing = await list(one);
    if (!isCounted(listing) || ![...listing.times.keys()].every(isSettled)) {
      yield { query: one, listing: null };
      return;
    }
    if (!isShort(listing)) return;
    for (const [axis, shortest] of axes) {
      const at = steps.left < 2 ? null : middleOf(one, axis, shortest, now);
      if (at === null) continue;
      const found: ShortWindow[] = [];
      for (const half of halves(one, axis, at)) for await (const inner of within(half)) found.push(inner);
      // Both halves add up although the whole did not: something changed meanwhile, so the whole is owed.
      if (found.length > 0) yield* found;
      else yield { query: one, listing };
      return;
    }
    yield { query: one, listing };
  }
  yield* within(query);
}

/**
 * The debts for a count that was not reached. A debt has a count, and may later be found unchanged, only if everything
 * that its window lists was read. The debt stays as wide as it is if narrower ones do not explain all that is missing.
 */
export async function narrow(
  dependencies: ObjectDependencies,
  owed: NewDebt,
  { missing, isSettled }: WalkedRecords,
): Promise<readonly NewDebt[]> {
  const { scope } = owed;
  const { list } = dependencies.reader;
  if ('ids' in scope || list === undefined) return [owed];
  const { exact = scope.window } = scope;
  const found: NewDebt[] = [];
  let explained = 0;
  const windows = shortWindows(list, dependencies, queryOf(scope), isSettled, { left: MOST_STEPS });
  for await (const { query, listing } of windows) {
    const narrower: DebtScope = { window: query.updated, created: query.created, exact };
    if (listing === null) {
      found.push({ scope: narrower, reason: owed.reason });
      explained = missing;
      continue;
    }
    const count = countOf(listing);
    const reason = `Intercom counts ${count.matched}, and lists ${count.listed}`;
    found.push({ scope: narrower, reason, count });
    explained += count.matched - count.listed;
  }
  return explained < missing ? [owed] : found;
}

/**
 * The debt of a slice that was only short of a count, if Intercom still counts and lists the same: then there is
 * nothing to read. Else null.
 */
export async function unchangedDebt(
  { reader }: ObjectDependencies,
  { debt, query }: PlannedSlice,
): Promise<(NewDebt & { readonly count: CountedShort }) | null> {
  if (debt?.count === undefined || query.kind !== 'window' || reader.list === undefined) return null;
  const listing = await reader.list(query);
  if (!isCounted(listing) || !isShort(listing)) return null;
  const { matched, listed, digest } = countOf(listing);
  const { count } = debt;
  if (matched !== count.matched || listed !== count.listed || digest !== count.digest) return null;
  return { scope: debt.scope, reason: debt.reason, count };
}
