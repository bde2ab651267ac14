/** 10-second windows per app and per workspace (docs/intercom-api.md 2). */
import type { Switches } from '../switches.ts';
import type { Clock } from '../world/clock.ts';

const WINDOW_SECONDS = 10;

export interface RateLimits {
  readonly perApp: number;
  readonly perWorkspace: number;
}

/** A sixth of 10,000 and 25,000 requests a minute, rounded down. */
export const DEFAULT_LIMITS: RateLimits = { perApp: 1666, perWorkspace: 4166 };

export interface RateDecision {
  readonly allowed: boolean;
  readonly limit: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface RateWindows {
  take(app: string): RateDecision;
}

export function createRateWindows(clock: Clock, limits: RateLimits, switches: () => Switches): RateWindows {
  let window = -1;
  const used = new Map<string, number>();
  let usedByAll = 0;
  const headers = (
    limit: number,
    remaining: number,
    first: boolean,
    allowed: boolean,
  ): Record<string, string> => {
    const { rateHeaders, rateLimitHeader, rateResetLateSeconds, remainingOnFirst, retryAfter } = switches();
    const end = (window + 1) * WINDOW_SECONDS;
    const retry: Record<string, string> =
      !allowed && retryAfter === 'present'
        ? { 'Retry-After': String(Math.max(1, end - clock.nowSeconds())) }
        : {};
    if (rateHeaders === 'never' || (rateHeaders === 'absent_on_first' && first)) return retry;
    const shown = remaining + (remainingOnFirst === 'limit' && allowed ? 1 : 0);
    return {
      'X-RateLimit-Limit': String(rateLimitHeader === 'window' ? limit : limit * 6),
      'X-RateLimit-Remaining': String(shown),
      'X-RateLimit-Reset': String(end + rateResetLateSeconds),
      ...retry,
    };
  };
  return {
    take(app) {
      const now = Math.floor(clock.nowSeconds() / WINDOW_SECONDS);
      if (now !== window) {
        window = now;
        used.clear();
        usedByAll = 0;
      }
      const usedByApp = used.get(app) ?? 0;
      const first = usedByApp === 0;
      const tighter = limits.perWorkspace - usedByAll < limits.perApp - usedByApp ? 'workspace' : 'app';
      const limit = tighter === 'app' ? limits.perApp : limits.perWorkspace;
      const left = tighter === 'app' ? limits.perApp - usedByApp : limits.perWorkspace - usedByAll;
      if (left <= 0) return { allowed: false, limit, headers: headers(limit, 0, first, false) };
      used.set(app, usedByApp + 1);
      usedByAll += 1;
      return { allowed: true, limit, headers: headers(limit, left - 1, first, true) };
    },
  };
}
