/**
 * The request budget of a pipeline. All its functions share it through one DynamoDB item for each of
 * Intercom's 10-second windows (docs/intercom-api.md 2). One conditional update takes a batch of permits, and unused permits expire
 * with their window. If an answer shows that a window is used up, or is a 429, the window is marked as spent for
 * everyone.
 */
import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock, PermitPriority, RateBudget, RateObservation } from '../core/ports.ts';
import type { EpochMs } from '../core/time.ts';
import { callAws, isConditionFailure } from './errors.ts';
import { orAborted } from './or-aborted.ts';

const WINDOW_MS = 10_000;

/** The lowest published limit, 1,000 a minute. It applies until a header shows the real one. */
const FIRST_LIMIT = 166;

/** Share of a window that is reserved for urgent requests: scroll, first pages, lists without pages. */
const URGENT_SHARE = 0.02;

/** Number of batches per window: more are fairer, fewer cost less. */
const BATCHES_PER_WINDOW = 50;

/** Wait after a window ends by our clock, so that it has ended by Intercom's clock too. */
const SETTLE_MS = 150;

/** Nobody needs the item of a past window; the table's time-to-live removes it. */
const EXPIRES_AFTER_SECONDS = 3_600;

/** A use count above every limit. */
const SPENT = 1_000_000_000;

/** Windows that one pause may mark. A reset further away is a mistake. */
const MOST_WINDOWS_MARKED = 12;

const LEARNED_KEY = { pk: { S: 'budget' } };

const windowKey = (windowEnd: EpochMs) => ({ pk: { S: `budget#${windowEnd}` } });

const expiryOf = (windowEnd: EpochMs) => ({
  N: String(Math.ceil(windowEnd / 1000) + EXPIRES_AFTER_SECONDS),
});

/** Permits of one window, and the queue for more. Each priority has its own, so that urgent requests never wait behind bulk ones. */
interface Lane {
  windowEnd: EpochMs;
  permits: number;
  taking: Promise<void>;
}

const emptyLane = (): Lane => ({ windowEnd: 0, permits: 0, taking: Promise.resolve() });

export function createDynamoDbRateBudget(client: DynamoDBClient, table: string, clock: Clock): RateBudget {
  let limit: number | null = null;
  /** Start of Intercom's windows, in milliseconds after a multiple of ten seconds. */
  let phaseMs: number | null = null;
  let isRemembered = true;
  let exhaustedUntil: EpochMs = 0;
  /** First window to mark as spent; null if there is none. */
  let spentFrom: EpochMs | null = null;
  /** Intercom's latest count of used requests in a window, by us and other clients together. */
  let consumed = { windowEnd: 0, count: 0 };
  const lanes: Readonly<Record<PermitPriority, Lane>> = { urgent: emptyLane(), bulk: emptyLane() };

  function windowEndAt(now: EpochMs): EpochMs {
    const phase = phaseMs ?? 0;
    return Math.floor((now - phase) / WINDOW_MS) * WINDOW_MS + WINDOW_MS + phase;
  }

  /** Reads what other functions have learned, unless this instance has learned it itself. */
  async function learnedLimit(): Promise<number> {
    if (limit !== null && phaseMs !== null) return limit;
    const command = new GetItemCommand({ TableName: table, Key: LEARNED_KEY });
    const { Item } = await callAws('read the rate budget', () => client.send(command));
    phaseMs ??= Number(Item?.phaseMs?.N ?? 0);
    limit ??= Number(Item?.limit?.N ?? FIRST_LIMIT);
    return limit;
  }

  /** Stores what a header showed, for the other functions and for the plans of later runs. */
  async function remember(): Promise<void> {
    if (isRemembered || limit === null) return;
    isRemembered = true;
    const command = new UpdateItemCommand({
      TableName: table,
      Key: LEARNED_KEY,
      UpdateExpression: 'SET #limit = :limit, phaseMs = :phaseMs',
      ExpressionAttributeNames: { '#limit': 'limit' },
      ExpressionAttributeValues: { ':limit': { N: String(limit) }, ':phaseMs': { N: String(phaseMs ?? 0) } },
    });
    await callAws('remember the rate limit', () => client.send(command));
  }

  /** Marks the windows of a pause as spent, so that every function waits until it ends. */
  async function markSpent(): Promise<void> {
    if (spentFrom === null) return;
    const first = spentFrom;
    spentFrom = null;
    for (let index = 0; index < MOST_WINDOWS_MARKED; index += 1) {
      const windowEnd = first + index * WINDOW_MS;
      if (windowEnd - WINDOW_MS >= exhaustedUntil) return;
      const command = new UpdateItemCommand({
        TableName: table,
        Key: windowKey(windowEnd),
        UpdateExpression: 'SET used = :spent, expiresAt = :expiresAt',
        ExpressionAttributeValues: { ':spent': { N: String(SPENT) }, ':expiresAt': expiryOf(windowEnd) },
      });
      await callAws('pause the rate budget', () => client.send(command));
    }
  }

  /**
   * If other clients send requests, Intercom's count is higher than ours, and we raise ours to it. Permits that
   * we took but have not used yet hide part of the difference, so this never takes away our own permits.
   */
  async function countOthers(windowEnd: EpochMs, used: number): Promise<void> {
    if (consumed.windowEnd !== windowEnd || consumed.count <= used) return;
    try {
      const command = new UpdateItemCommand({
        TableName: table,
        Key: windowKey(windowEnd),
        UpdateExpression: 'SET used = :consumed',
        ConditionExpression: 'used < :consumed',
        ExpressionAttributeValues: { ':consumed': { N: String(consumed.count) } },
      });
      await callAws('count the requests of others', () => client.send(command));
    } catch (error) {
      if (!isConditionFailure(error)) throw error;
    }
  }

  /** Adds to a window's use if it stays within `ceiling`; false if it would not. */
  async function use(windowEnd: EpochMs, count: number, ceiling: number): Promise<boolean> {
    try {
      const command = new UpdateItemCommand({
        TableName: table,
        Key: windowKey(windowEnd),
        UpdateExpression: 'ADD used :count SET expiresAt = :expiresAt',
        ConditionExpression: 'attribute_not_exists(used) OR used <= :most',
        ExpressionAttributeValues: {
          ':count': { N: String(count) },
          ':most': { N: String(ceiling - count) },
          ':expiresAt': expiryOf(windowEnd),
        },
        ReturnValues: 'UPDATED_NEW',
      });
      const { Attributes } = await callAws('take permits', () => client.send(command));
      await countOthers(windowEnd, Number(Attributes?.used?.N ?? SPENT));
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw error;
    }
  }

  const isHeld = (lane: Lane, windowEnd: EpochMs): boolean =>
    lane.windowEnd === windowEnd && lane.permits > 0;

  /** Takes a permit that we already hold: an urgent request from either lane, a bulk request from its own. */
  function takeHeld(priority: PermitPriority): boolean {
    const windowEnd = windowEndAt(clock.now());
    const own = lanes[priority];
    const lane = priority === 'bulk' || isHeld(own, windowEnd) ? own : lanes.bulk;
    if (!isHeld(lane, windowEnd)) return false;
    lane.permits -= 1;
    return true;
  }

  async function refill(priority: PermitPriority, signal: AbortSignal): Promise<void> {
    const lane = lanes[priority];
    for (;;) {
      signal.throwIfAborted();
      await remember();
      await markSpent();
      const whole = await learnedLimit();
      const now = clock.now();
      const windowEnd = windowEndAt(now);
      if (isHeld(lane, windowEnd)) return;
      const ceiling = priority === 'urgent' ? whole : whole - Math.max(1, Math.floor(whole * URGENT_SHARE));
      const batch = Math.max(1, Math.floor(whole / BATCHES_PER_WINDOW));
      if (now >= exhaustedUntil) {
        for (const count of [batch, 1]) {
          if (await use(windowEnd, count, ceiling)) {
            lane.windowEnd = windowEnd;
            lane.permits = count;
            return;
          }
        }
      }
      await clock.sleep(Math.max(windowEnd, exhaustedUntil) - now + SETTLE_MS, signal);
    }
  }

  return {
    async permit(priority, signal) {
      const lane = lanes[priority];
      for (;;) {
        signal.throwIfAborted();
        if (takeHeld(priority)) return;
        // One refill at a time; the others wait for it and check again.
        const turn = lane.taking.then(() => refill(priority, signal));
        lane.taking = turn.catch(() => undefined);
        await orAborted(turn, signal);
      }
    },
    observe(seen: RateObservation) {
      const phase = seen.resetAt === null ? phaseMs : (seen.resetAt * 1000) % WINDOW_MS;
      const learned = seen.limit !== null && seen.limit > 0 ? seen.limit : limit;
      if (phase !== phaseMs || learned !== limit) isRemembered = false;
      phaseMs = phase;
      limit = learned;
      if (seen.limit !== null && seen.remaining !== null && seen.resetAt !== null) {
        const windowEnd = seen.resetAt * 1000;
        const count = seen.limit - seen.remaining;
        const isOfSameWindow = windowEnd === consumed.windowEnd;
        consumed = { windowEnd, count: isOfSameWindow ? Math.max(count, consumed.count) : count };
      }
      if (!seen.limited && seen.remaining !== 0) return;
      const now = clock.now();
      exhaustedUntil = Math.max(
        exhaustedUntil,
        seen.resetAt === null ? windowEndAt(now) : seen.resetAt * 1000,
      );
      if (exhaustedUntil <= now) return;
      spentFrom = windowEndAt(now);
      for (const lane of Object.values(lanes)) lane.permits = 0;
    },
    async limit() {
      await remember();
      return learnedLimit();
    },
  };
}
