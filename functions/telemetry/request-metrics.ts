/** Counts the requests of an invocation, and reports them once a minute and at its end. */
import type { Clock, Metrics, ObserveProgress } from '../core/ports.ts';

export interface RequestMetrics {
  readonly observe: ObserveProgress;
  /** Reports the requests since the last report, if there were any. */
  flush(): void;
}

/** A crash loses at most this much of the count, and a graph is at most this far behind. */
const FLUSH_MS = 60_000;

export function createRequestMetrics(
  metrics: Metrics,
  clock: Clock,
  object: Parameters<Metrics['record']>[1],
): RequestMetrics {
  let requests = 0;
  let limited = 0;
  let allowance: number | null = null;
  let flushedAt = clock.now();

  function flush(): void {
    flushedAt = clock.now();
    if (requests === 0) return;
    metrics.record(
      {
        Requests: requests,
        RateLimited: limited,
        ...(allowance !== null && { RateAllowance: allowance }),
      },
      object,
    );
    requests = 0;
    limited = 0;
  }

  return {
    flush,
    observe(event) {
      if (event.type !== 'request') return;
      requests += 1;
      limited += event.status === 429 ? 1 : 0;
      allowance = event.limit ?? allowance;
      if (clock.now() - flushedAt >= FLUSH_MS) flush();
    },
  };
}
