/** How `concurrency` is shared between invocations: the rules, without the table of shares (docs/decisions/013). */
import type { EpochMs } from './time.ts';

/** Milliseconds that one try of a request may take, its body included: three times the slowest page on record. */
export const REQUEST_TIMEOUT_MS = 60_000;

/** An invocation's share of the cap, or its place in line. */
export interface Share {
  readonly id: string;
  /** The object that it works for. The cap is divided between objects first. */
  readonly object: string;
  /** Requests that it may have under way. */
  readonly count: number;
  /** Requests that it could have under way now. 0: it sleeps until `until`, or is kept for the next invocation. */
  readonly wants: number;
  /** Whether it stops for others. A scroll does not: it would expire. */
  readonly yields: boolean;
  /** When it got its first request, or began to wait for it. */
  readonly since: EpochMs;
  readonly renewedAt: EpochMs;
  /** From this time on the share no longer counts. Every reader checks this. */
  readonly until: EpochMs;
}

/** Requests may be sent for this long after a renewal. So renewals may fail for a while. */
export const LEASE_MS = 20_000;

/** The clocks of machines may differ by this much. */
const SKEW_MS = 10_000;

/** After this long, the last request of a share is over on everyone's clock. */
const LIFE_MS = LEASE_MS + REQUEST_TIMEOUT_MS + SKEW_MS;

/** A share is written again after this long, even if nothing has changed. */
export const RENEW_MS = 5_000;

/** A share that was not renewed for this long gets nothing more of what it wants: its invocation may be dead. */
const AWAKE_MS = RENEW_MS + SKEW_MS;

/** An object waits `PATIENCE_MS` before others stop for it, and those work for `TURN_MS` before they stop. */
const PATIENCE_MS = 30_000;
const TURN_MS = 10_000;

/** On average, one sleeper wakes in each such period: that is 9 events of an execution (lib/constructs/workflow.ts). */
const SECONDS_PER_SLEEPER = 30;
const MOST_WAIT_SECONDS = 1_800;

/** A share is kept this long between two invocations, as long as an idle scroll lives (docs/intercom-api.md 6.3). */
const KEPT_MS = 60_000;

/** A sleeper that is later than this, after cold start and throttling, has lost its place. */
const GRACE_MS = 60_000;

export type ShareAsk = Pick<Share, 'id' | 'object' | 'wants' | 'yields'> & {
  /** Requests under way. */
  readonly inFlight: number;
};

export interface Dealt {
  readonly shares: readonly Share[];
  readonly mine: Share;
  /** Requests to have under way from now on. Fewer than `mine.count` while more are still under way. */
  readonly target: number;
  /** The invocation that has to stop, perhaps this one, because an object without any request has waited too long. */
  readonly stopping: Share | undefined;
}

const isLive =
  (now: EpochMs) =>
  ({ until }: Share): boolean =>
    until > now;

const isAwake = ({ wants, renewedAt }: Share, now: EpochMs): boolean =>
  wants > 0 && renewedAt > now - AWAKE_MS;

/** The same order for everyone who deals, so that all agree on who goes first. */
const inOrder = (shares: readonly Share[]): readonly Share[] =>
  shares.toSorted((a, b) => (a.id < b.id ? -1 : 1));

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

/** Requests of each object, given those of each share. */
function byObject(shares: readonly Share[], countOf: (share: Share) => number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const share of shares) counts.set(share.object, (counts.get(share.object) ?? 0) + countOf(share));
  return counts;
}

type Rank = readonly number[];

function isBefore(a: Rank, b: Rank): boolean {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

/** The first of those with the lowest rank. */
function lowest(shares: readonly Share[], rank: (one: Share) => Rank): Share | undefined {
  return shares.reduce<Share | undefined>(
    (best, one) => (best === undefined || isBefore(rank(one), rank(best)) ? one : best),
    undefined,
  );
}

/**
 * Each share's fair part. An invocation in progress keeps at least one request; the rest goes one by one to the object
 * with the fewest, and there to the invocation with the fewest.
 */
function fairParts(shares: readonly Share[], cap: number, now: EpochMs): ReadonlyMap<Share, number> {
  const parts = new Map(
    shares.map((one) => [one, isAwake(one, now) ? Math.min(one.count, 1) : one.count] as const),
  );
  const partOf = (one: Share): number => parts.get(one) ?? 0;
  const held = byObject(shares, partOf);
  const rank = (one: Share): Rank => [held.get(one.object) ?? 0, partOf(one), one.since];
  for (let left = cap - sum([...parts.values()]); left > 0; left -= 1) {
    const hungry = shares.filter((one) => isAwake(one, now) && partOf(one) < one.wants);
    const first = lowest(hungry, rank);
    if (first === undefined) break;
    parts.set(first, partOf(first) + 1);
    held.set(first.object, (held.get(first.object) ?? 0) + 1);
  }
  return parts;
}

/** Of the object with the most requests, the invocation that began first. */
function toStop(shares: readonly Share[], now: EpochMs): Share | undefined {
  const held = byObject(shares, ({ count }) => count);
  const starves = (one: Share): boolean =>
    isAwake(one, now) && held.get(one.object) === 0 && now - one.since >= PATIENCE_MS;
  if (!shares.some(starves)) return undefined;
  const holders = shares.filter((one) => one.yields && one.count > 0 && now - one.since >= TURN_MS);
  return lowest(holders, (one) => [-(held.get(one.object) ?? 0), one.since]);
}

/** Its own share; else one that the object's last invocation kept; else the place in line of a sleeper of the object. */
function predecessor(live: readonly Share[], { id, object }: ShareAsk): Share | undefined {
  const own = live.find((one) => one.id === id);
  const resting = live.filter((one) => one.object === object && one.wants === 0);
  return own ?? lowest(resting, ({ count, since }) => [-count, since]);
}

/**
 * Deals an invocation its share of the cap, and renews it.
 * @param all what the table holds, expired shares included; returned as it is if there is nothing to write
 */
export function dealShare(all: readonly Share[], ask: ShareAsk, cap: number, now: EpochMs): Dealt {
  const live = all.filter(isLive(now));
  const before = predecessor(live, ask);
  const others = live.filter((one) => one !== before);
  const { inFlight, ...who } = ask;
  const had = before?.count ?? 0;
  const asking = { ...who, count: had, since: before?.since ?? now, renewedAt: now, until: now + LIFE_MS };
  const fair = fairParts(inOrder([...others, asking]), cap, now).get(asking) ?? 0;
  const target = Math.max(0, Math.min(fair, cap - sum(others.map(({ count }) => count))));
  const count = Math.max(inFlight, target);
  const dealt = { ...asking, count, since: had === 0 && count > 0 ? now : asking.since };
  const isSame = before !== undefined && before.id === who.id && before.count === count;
  const isFresh = isSame && before.wants === who.wants && before.renewedAt > now - RENEW_MS;
  const mine = isFresh ? before : dealt;
  const shares = inOrder([...others, mine]);
  return { shares: isFresh ? all : shares, mine, target, stopping: toStop(shares, now) };
}

/**
 * The shares after an invocation without one goes to sleep.
 * @param random in [0, 1)
 */
export function sleepInLine(
  all: readonly Share[],
  { id, object, yields }: ShareAsk,
  now: EpochMs,
  random: number,
): { readonly shares: readonly Share[]; readonly waitSeconds: number } {
  const live = all.filter(isLive(now));
  const others = live.filter((one) => one.id !== id);
  const since = live.find((one) => one.id === id)?.since ?? now;
  const sleepers = 1 + others.filter(({ count, wants }) => count === 0 && wants === 0).length;
  const seconds = Math.min(sleepers * SECONDS_PER_SLEEPER, MOST_WAIT_SECONDS);
  const waitSeconds = Math.round(seconds * (0.75 + random * 0.5));
  const until = now + waitSeconds * 1000 + GRACE_MS;
  const place = { id, object, count: 0, wants: 0, yields, since, renewedAt: now, until };
  return { shares: [...others, place], waitSeconds };
}

/** The shares after an invocation has ended. @param isKept whether the object's next invocation needs a request at once */
export function giveBack(all: readonly Share[], id: string, isKept: boolean, now: EpochMs): readonly Share[] {
  const kept = all.filter((one) => isKept && one.id === id && one.count > 0 && isLive(now)(one));
  return [
    ...all.filter((one) => one.id !== id && isLive(now)(one)),
    ...kept.map((one) => ({ ...one, count: 1, wants: 0, renewedAt: now, until: now + KEPT_MS })),
  ];
}
