/**
 * Holds back the requests of one instance of a function, so that all instances together have at most `concurrency`
 * of them under way (docs/decisions/013). The instance holds a share of the cap while it works, and renews it.
 */
import {
  type Dealt,
  dealShare,
  giveBack,
  LEASE_MS,
  type ShareAsk,
  sleepInLine,
} from '../../core/cap-shares.ts';
import type { CapShares, Clock, PermitPriority, WorkShare } from '../../core/ports.ts';
import type { EpochMs } from '../../core/time.ts';

/** The right to have one request under way. */
export interface Pass {
  /** Whether it is still valid. Ask just before you send. */
  isValid(): boolean;
  leave(): void;
}

export interface RequestGate {
  /** Waits until a request may be sent, urgent ones first. Rejects when `signal` aborts, or if the share is lost. */
  enter(priority: PermitPriority, signal: AbortSignal): Promise<Pass>;
}

/** Without `concurrency`. */
export const OPEN_GATE: RequestGate = {
  enter: async () => ({ isValid: () => true, leave: () => undefined }),
};

export interface RequestCapOptions {
  readonly cap: number;
  readonly shares: CapShares;
  readonly clock: Clock;
  /** Unique to the instance. */
  readonly id: string;
  readonly object: string;
  /** Whether the instance stops for objects that have waited for a long time. */
  readonly yields: boolean;
  /** In [0, 1). @default Math.random */
  readonly random?: () => number;
}

/** Time between two looks at the shares; the shorter one while others wait for what is still under way here. */
export const LOOK_MS = 1_000;
const HURRY_MS = 250;

/** Billed time that work may wait for its first request; the longer one while another invocation stops for it. */
const PATIENCE_MS = 5_000;
const LONG_PATIENCE_MS = 30_000;

/** A request that was cut off still counts for a moment: Intercom does not know of it yet. */
const CUT_OFF_MS = 200;

interface Waiting {
  readonly signal: AbortSignal;
  readonly resolve: (pass: Pass) => void;
  readonly reject: (reason: unknown) => void;
}

export function createRequestCap(options: RequestCapOptions): WorkShare & RequestGate {
  const { cap, shares, clock, id, object, yields, random = Math.random } = options;
  const queues: Readonly<Record<PermitPriority, Set<Waiting>>> = { urgent: new Set(), bulk: new Set() };
  let limit = 0;
  let validUntil: EpochMs = 0;
  let inFlight = 0;
  /** The most requests that could have been under way at once since the last look. */
  let peak = 0;
  let wants = 0;
  let isWanted = false;
  /** Pieces of work in progress. Only the local assembly has more than one at a time. */
  let active = 0;
  let looking: Promise<void> = Promise.resolve();
  let turn: Promise<unknown> = Promise.resolve();
  /** Ends the calls to AWS for the work in progress. */
  let last: AbortSignal | undefined;
  let wake: () => void = () => undefined;
  let onIdle: () => void = () => undefined;

  const isValid = (): boolean => clock.now() < validUntil;
  const demand = (): number => inFlight + queues.urgent.size + queues.bulk.size;
  const ask = (): ShareAsk => ({ id, object, yields, wants, inFlight });

  function release(): void {
    inFlight -= 1;
    admit();
    if (inFlight === 0) onIdle();
  }

  const passOf = ({ signal }: Waiting): Pass => ({
    isValid,
    leave: () => {
      if (signal.aborted) void clock.sleep(CUT_OFF_MS).then(release);
      else release();
    },
  });

  function admit(): void {
    for (const queue of [queues.urgent, queues.bulk]) {
      for (const one of queue) {
        if (inFlight >= limit || !isValid()) return;
        queue.delete(one);
        inFlight += 1;
        one.resolve(passOf(one));
      }
    }
  }

  function refuseAll(reason: unknown): void {
    for (const queue of Object.values(queues)) {
      for (const { reject } of queue) reject(reason);
      queue.clear();
    }
  }

  /** Renews the share, and adapts it to what is wanted here and by others. */
  async function look(): Promise<Dealt> {
    wants = Math.min(cap, Math.max(1, peak, demand()));
    peak = demand();
    const dealt = await shares.update((all) => {
      const next = dealShare(all, ask(), cap, clock.now());
      // A smaller share applies before it is written, a larger one only afterwards.
      limit = Math.min(limit, next.target);
      return next;
    }, last);
    limit = dealt.target;
    validUntil = dealt.mine.renewedAt + LEASE_MS;
    isWanted = dealt.stopping === dealt.mine;
    admit();
    return dealt;
  }

  /** Sleeps until the time is over or `wake` is called. */
  async function nap(ms: number): Promise<void> {
    const alarm = new AbortController();
    wake = () => alarm.abort();
    try {
      await clock.sleep(ms, alarm.signal);
    } catch (error) {
      if (!alarm.signal.aborted) throw error;
    }
  }

  async function keepLooking(): Promise<void> {
    for (;;) {
      await nap(inFlight > limit ? HURRY_MS : LOOK_MS);
      if (active === 0) return;
      try {
        await look();
      } catch (error) {
        // As long as the share is valid, the next look may succeed.
        if (!isValid()) refuseAll(error);
      }
    }
  }

  /** Waits for a share of at least one request. If none comes for a while, returns the seconds to wait. */
  async function start(): Promise<number | null> {
    const beganAt = clock.now();
    for (;;) {
      const { stopping } = await look();
      if (limit > 0) return null;
      const patience = stopping === undefined ? PATIENCE_MS : LONG_PATIENCE_MS;
      if (clock.now() - beganAt >= patience) break;
      await nap(LOOK_MS);
    }
    const asleep = await shares.update((all) => sleepInLine(all, ask(), clock.now(), random()), last);
    return asleep.waitSeconds;
  }

  async function stop(isKept: boolean): Promise<void> {
    wake();
    await looking;
    while (inFlight > 0) {
      await new Promise<void>((resolve) => {
        onIdle = resolve;
      });
    }
    limit = 0;
    validUntil = 0;
    isWanted = false;
    await shares.update((all) => ({ shares: giveBack(all, id, isKept, clock.now()) }), last);
  }

  /** Begins and ends run one at a time. */
  function inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = turn.then(step);
    turn = done.catch(() => undefined);
    return done;
  }

  return {
    begin: (signal) =>
      inTurn(async () => {
        if (active === 0) last = signal;
        const waitSeconds = active === 0 ? await start() : null;
        if (waitSeconds !== null) return waitSeconds;
        active += 1;
        if (active === 1) looking = keepLooking();
        return null;
      }),
    end: (isKept) =>
      inTurn(async () => {
        active -= 1;
        if (active === 0) await stop(isKept);
      }),
    isWanted: () => isWanted,
    async enter(priority, signal) {
      if (active === 0) throw new Error('Only work that has begun its share may send requests.');
      signal.throwIfAborted();
      const queue = queues[priority];
      const { promise, resolve, reject } = Promise.withResolvers<Pass>();
      const one = { signal, resolve, reject };
      const abort = (): void => {
        queue.delete(one);
        reject(signal.reason);
      };
      queue.add(one);
      peak = Math.max(peak, demand());
      admit();
      // If the last look granted all that was wanted, there may be more.
      if (demand() > wants && limit >= wants) wake();
      signal.addEventListener('abort', abort);
      try {
        return await promise;
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
  };
}
