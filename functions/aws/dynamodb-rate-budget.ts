/**
 * The request budget of a pipeline, shared by all its functions through one DynamoDB item for each of
 * Intercom's 10-second windows (docs/intercom-api.md 2). Permits are taken in batches by one conditional update;
 * what a batch does not use expires with its window. A request that is under way when a window begins counts in both
 * (docs/intercom-api.md 2.7). A window that an answer shows to be used up is marked as spent for everyone.
 */
import {
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Clock, PermitPriority, RateBudget, RateObservation } from '../core/ports.ts';
import { createServerClock } from '../core/server-clock.ts';
import type { EpochMs } from '../core/time.ts';
import { callAws, isConditionFailure, optionsOf } from './errors.ts';
import { orAborted } from './or-aborted.ts';

const WINDOW_MS = 10_000;

/** The lowest published limit, 1,000 a minute, until a header shows the real one. */
const FIRST_LIMIT = 166;

/** Share of a window that only urgent requests may use: scroll, first pages, unpaged lists. */
const URGENT_SHARE = 0.02;

/** Batches that a window is dealt in: more are fairer, fewer cost less. */
const BATCHES_PER_WINDOW = 50;

/** Wait after a window's end by our clock, so that Intercom's has ended too. */
const SETTLE_MS = 150;

/** Window items are useless a minute later; the table's time-to-live removes them. */
const EXPIRES_AFTER_SECONDS = 3_600;

/** Use of a window that is above every limit. */
const SPENT = 1_000_000_000;

const windowEndOf = (at: EpochMs): EpochMs => Math.floor(at / WINDOW_MS) * WINDOW_MS + WINDOW_MS;

const LEARNED_KEY = { pk: { S: 'budget' } };

const windowKey = (windowEnd: EpochMs) => ({ pk: { S: `budget#${windowEnd}` } });

const expiryOf = (windowEnd: EpochMs) => ({
  N: String(Math.ceil(windowEnd / 1000) + EXPIRES_AFTER_SECONDS),
});

/** Permits of one window, and the queue of those who wait for more. Urgent requests have a lane of their own. */
interface Lane {
  windowEnd: EpochMs;
  permits: number;
  waiting: number;
  taking: Promise<void>;
}

/** A request with a permit, until it is answered and counted in each window in which it was under way. */
interface Sent {
  /** End of the last window in which it is counted; at first that of its permit. */
  countedIn: EpochMs;
  /** End of the window in which it was answered. */
  answeredIn: EpochMs | null;
}

const isOver = ({ countedIn, answeredIn }: Sent, end: EpochMs): boolean =>
  answeredIn !== null && (answeredIn < end || answeredIn === countedIn);

const emptyLane = (): Lane => ({ windowEnd: 0, permits: 0, waiting: 0, taking: Promise.resolve() });

export function createDynamoDbRateBudget(client: DynamoDBClient, table: string, clock: Clock): RateBudget {
  let limit: number | null = null;
  const intercom = createServerClock(clock);
  let isRemembered = true;
  /** End of a window that is used up, for as long as it lasts. */
  let exhaustedUntil: EpochMs = 0;
  let isMarked = true;
  /** How much of a window Intercom last said was used, by us and other clients together. */
  let consumed = { windowEnd: 0, count: 0 };
  const lanes: Readonly<Record<PermitPriority, Lane>> = { urgent: emptyLane(), bulk: emptyLane() };
  const sent = new Set<Sent>();

  /** All times here are Intercom's; we only sleep by our own clock. */
  const windowEnd = (): EpochMs => windowEndOf(intercom.now());

  const update = (what: string, input: Omit<UpdateItemCommandInput, 'TableName'>, signal?: AbortSignal) =>
    callAws(
      what,
      () => client.send(new UpdateItemCommand({ TableName: table, ...input }), optionsOf(signal)),
      signal,
    );

  /** Reads what others learned before, unless this instance has learned it itself. */
  async function learnedLimit(signal: AbortSignal | undefined): Promise<number> {
    if (limit !== null) return limit;
    const command = new GetItemCommand({ TableName: table, Key: LEARNED_KEY });
    const read = () => client.send(command, optionsOf(signal));
    const { Item } = await callAws('read the rate budget', read, signal);
    limit ??= Number(Item?.limit?.N ?? FIRST_LIMIT);
    return limit;
  }

  /** Stores the limit that a header showed, for the other functions and for the plans of later runs. */
  async function remember(signal: AbortSignal | undefined): Promise<void> {
    if (isRemembered || limit === null) return;
    isRemembered = true;
    try {
      await update(
        'remember the rate limit',
        {
          Key: LEARNED_KEY,
          UpdateExpression: 'SET #limit = :limit',
          ExpressionAttributeNames: { '#limit': 'limit' },
          ExpressionAttributeValues: { ':limit': { N: String(limit) } },
        },
        signal,
      );
    } catch (error) {
      isRemembered = false;
      throw error;
    }
  }

  /** Marks a window as spent, so that every function sits it out. */
  async function markSpent(signal: AbortSignal): Promise<void> {
    if (isMarked) return;
    isMarked = true;
    try {
      await update(
        'pause the rate budget',
        {
          Key: windowKey(exhaustedUntil),
          UpdateExpression: 'SET used = :spent, expiresAt = :expiresAt',
          ExpressionAttributeValues: {
            ':spent': { N: String(SPENT) },
            ':expiresAt': expiryOf(exhaustedUntil),
          },
        },
        signal,
      );
    } catch (error) {
      isMarked = false;
      throw error;
    }
  }

  /**
   * Requests of other clients show as use that is not in our count: the count is raised to what Intercom
   * says. Permits that were taken and not yet used hide as much of that use, so we never count our own twice.
   */
  async function countOthers(end: EpochMs, used: number, signal: AbortSignal): Promise<void> {
    if (consumed.windowEnd !== end || consumed.count <= used) return;
    try {
      await update(
        'count the requests of others',
        {
          Key: windowKey(end),
          UpdateExpression: 'SET used = :consumed',
          ConditionExpression: 'used < :consumed',
          ExpressionAttributeValues: { ':consumed': { N: String(consumed.count) } },
        },
        signal,
      );
    } catch (error) {
      if (!isConditionFailure(error)) throw error;
    }
  }

  /** Counts in a window what was sent before it and was still under way when it began. */
  async function carryOver(end: EpochMs, signal: AbortSignal): Promise<void> {
    for (const request of sent) if (isOver(request, end)) sent.delete(request);
    const late = [...sent].filter(({ countedIn }) => countedIn < end);
    if (late.length === 0) return;
    for (const request of late) request.countedIn = end;
    try {
      await update(
        'count the requests under way',
        {
          Key: windowKey(end),
          UpdateExpression: 'ADD used :late SET expiresAt = :expiresAt',
          ExpressionAttributeValues: { ':late': { N: String(late.length) }, ':expiresAt': expiryOf(end) },
        },
        signal,
      );
    } catch (error) {
      for (const request of late) request.countedIn = 0;
      throw error;
    }
  }

  /** Adds to a window's use if that stays within `ceiling`; false if it would not. */
  async function use(end: EpochMs, count: number, ceiling: number, signal: AbortSignal): Promise<boolean> {
    try {
      const { Attributes } = await update(
        'take permits',
        {
          Key: windowKey(end),
          UpdateExpression: 'ADD used :count SET expiresAt = :expiresAt',
          ConditionExpression: 'attribute_not_exists(used) OR used <= :most',
          ExpressionAttributeValues: {
            ':count': { N: String(count) },
            ':most': { N: String(ceiling - count) },
            ':expiresAt': expiryOf(end),
          },
          ReturnValues: 'UPDATED_NEW',
        },
        signal,
      );
      await countOthers(end, Number(Attributes?.used?.N ?? SPENT), signal);
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw error;
    }
  }

  const isHeld = (lane: Lane, end: EpochMs): boolean => lane.windowEnd === end && lane.permits > 0;

  /** Takes a permit that is already held: urgent requests from either lane, bulk ones from their own. Else null. */
  function takeHeld(priority: PermitPriority): (() => void) | null {
    const end = windowEnd();
    const own = lanes[priority];
    const lane = priority === 'bulk' || isHeld(own, end) ? own : lanes.bulk;
    if (!isHeld(lane, end)) return null;
    lane.permits -= 1;
    return begin(end);
  }

  /** The request counts as under way until the returned function is called. */
  function begin(end: EpochMs): () => void {
    const request: Sent = { countedIn: end, answeredIn: null };
    sent.add(request);
    return () => {
      request.answeredIn = windowEnd();
      if (isOver(request, request.answeredIn)) sent.delete(request);
    };
  }

  async function refill(priority: PermitPriority, signal: AbortSignal): Promise<void> {
    const lane = lanes[priority];
    for (;;) {
      signal.throwIfAborted();
      await remember(signal);
      await markSpent(signal);
      const whole = await learnedLimit(signal);
      const now = intercom.now();
      const end = windowEndOf(now);
      if (isHeld(lane, end)) return;
      await carryOver(end, signal);
      const ceiling = priority === 'urgent' ? whole : whole - Math.max(1, Math.floor(whole * URGENT_SHARE));
      const share = Math.max(1, Math.floor(whole / BATCHES_PER_WINDOW));
      // Bulk requests could not use what urgent ones leave.
      const batch = priority === 'urgent' ? Math.min(share, Math.max(1, lane.waiting)) : share;
      if (now >= exhaustedUntil) {
        for (const count of [batch, 1]) {
          if (await use(end, count, ceiling, signal)) {
            lane.windowEnd = end;
            lane.permits = count;
            return;
          }
        }
      }
      await clock.sleep(end - now + SETTLE_MS, signal);
    }
  }

  return {
    async permit(priority, signal) {
      const lane = lanes[priority];
      for (;;) {
        signal.throwIfAborted();
        const permit = takeHeld(priority);
        if (permit !== null) return permit;
        // One refill at a time; the others wait for it and check again.
        const turn = lane.taking.then(() => refill(priority, signal));
        lane.taking = turn.catch(() => undefined);
        lane.waiting += 1;
        await orAborted(turn, signal).finally(() => {
          lane.waiting -= 1;
        });
      }
    },
    observe({ limit: stated, remaining, limited, time }: RateObservation) {
      if (time !== null) intercom.observe(time);
      if (stated !== null && stated > 0 && stated !== limit) {
        limit = stated;
        isRemembered = false;
      }
      const end = windowEndOf(time?.dateMs ?? intercom.now());
      // A request that was sent in the window before may have been counted there.
      const isOfWindow = time === null || windowEndOf(intercom.at(time.sentAtMs)) === end;
      if (!isOfWindow && !limited) return;
      if (stated !== null && remaining !== null) {
        const count = stated - remaining;
        consumed = {
          windowEnd: end,
          count: end === consumed.windowEnd ? Math.max(count, consumed.count) : count,
        };
      }
      if ((!limited && remaining !== 0) || end < windowEnd() || end <= exhaustedUntil) return;
      exhaustedUntil = end;
      isMarked = false;
      for (const lane of Object.values(lanes)) lane.permits = 0;
    },
    async limit(signal) {
      await remember(signal);
      return learnedLimit(signal);
    },
  };
}
