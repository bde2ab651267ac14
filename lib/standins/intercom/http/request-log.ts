/** The last 10,000 requests, without headers, and counts of all requests. */
import type { LoggedRequest, SimulatorStats } from '../types.ts';

const KEPT = 10_000;

export interface RequestLog {
  /** Counts a request as in progress until the returned function is called. Further calls do nothing. */
  begin(): () => void;
  readonly entries: readonly LoggedRequest[];
  /** `route` is the method and pattern, e.g. `GET /contacts/:id`. */
  add(entry: LoggedRequest, route: string): void;
  stats(): SimulatorStats;
}

export function createRequestLog(): RequestLog {
  const entries: LoggedRequest[] = [];
  const byPath: Record<string, number> = {};
  const byStatus: Record<number, number> = {};
  let requests = 0;
  let inFlight = 0;
  let mostInFlight = 0;
  return {
    entries,
    begin() {
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      let isOver = false;
      return () => {
        if (!isOver) inFlight -= 1;
        isOver = true;
      };
    },
    add(entry, route) {
      requests += 1;
      byPath[route] = (byPath[route] ?? 0) + 1;
      byStatus[entry.status] = (byStatus[entry.status] ?? 0) + 1;
      entries.push(entry);
      if (entries.length > KEPT) entries.shift();
    },
    stats: () => ({
      requests,
      byPath: { ...byPath },
      byStatus: { ...byStatus },
      rateLimited: byStatus[429] ?? 0,
      mostInFlight,
    }),
  };
}
