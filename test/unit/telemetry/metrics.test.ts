import { describe, expect, test, vi } from 'vitest';
import { METRICS } from '../../../functions/core/metrics.ts';
import type { ProgressEvent } from '../../../functions/core/ports.ts';
import { createEmfMetrics } from '../../../functions/telemetry/emf-metrics.ts';
import { createRequestMetrics } from '../../../functions/telemetry/request-metrics.ts';
import { samplesOf } from '../../support/emf.ts';
import { createMemoryClock } from '../../support/memory/memory-clock.ts';

const DIMENSIONS = { Pipeline: 'shop' };

function emf(detail: 'standard' | 'detailed') {
  const lines: string[] = [];
  const metrics = createEmfMetrics({ pipeline: 'shop', detail, print: (line) => lines.push(line) });
  return { lines, metrics };
}

describe('a metric line', () => {
  test('has the namespace, the unit and the pipeline as its only dimension', () => {
    const { lines, metrics } = emf('standard');
    metrics.record({ RowsWritten: 12, LagSeconds: 0 }, 'tags');
    expect(lines.flatMap(samplesOf)).toEqual([
      {
        namespace: 'IntercomPipeline',
        name: 'RowsWritten',
        unit: 'Count',
        dimensions: DIMENSIONS,
        value: 12,
      },
      {
        namespace: 'IntercomPipeline',
        name: 'LagSeconds',
        unit: 'Seconds',
        dimensions: DIMENSIONS,
        value: 0,
      },
    ]);
  });

  test('names the object, but has a metric per object only with detail', () => {
    const standard = emf('standard');
    standard.metrics.record({ Requests: 3 }, 'tags');
    expect(JSON.parse(standard.lines[0] ?? '')).toMatchObject({ Object: 'tags', Requests: 3 });
    const detailed = emf('detailed');
    detailed.metrics.record({ Requests: 3 }, 'tags');
    detailed.metrics.record({ RunSeconds: 1 });
    expect(detailed.lines.flatMap(samplesOf).map(({ name, dimensions }) => [name, dimensions])).toEqual([
      ['Requests', DIMENSIONS],
      ['Requests', { ...DIMENSIONS, Object: 'tags' }],
      ['RunSeconds', DIMENSIONS],
    ]);
  });

  test('prints nothing else on the console', () => {
    const ways = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')];
    const warn = vi.spyOn(console, 'warn');
    emf('detailed').metrics.record({ Requests: 3 }, 'tags');
    for (const way of [...ways, warn]) expect(way).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  test('is one of at most ten', () => {
    expect(Object.keys(METRICS).length).toBeLessThanOrEqual(10);
  });
});

describe('requests', () => {
  const request = (status: number, limit: number | null = null): ProgressEvent => ({
    type: 'request',
    object: 'tags',
    status,
    waitedMs: 0,
    limit,
  });

  function counting() {
    const clock = createMemoryClock();
    const recorded: unknown[] = [];
    const metrics = { record: (...args: unknown[]) => recorded.push(args) };
    return { clock, recorded, requests: createRequestMetrics(metrics, clock, 'tags') };
  }

  test('are reported at the end of an invocation, each once', () => {
    const { recorded, requests } = counting();
    requests.observe(request(200, 166));
    requests.observe(request(429));
    requests.observe({ type: 'rows', object: 'tags', rows: 5, read: 5 });
    requests.flush();
    requests.flush();
    requests.observe(request(200, 1_000));
    requests.flush();
    expect(recorded).toEqual([
      [{ Requests: 2, RateLimited: 1, RateAllowance: 166 }, 'tags'],
      [{ Requests: 1, RateLimited: 0, RateAllowance: 1_000 }, 'tags'],
    ]);
  });

  test('are reported every minute of a long invocation, so that a graph shows when they were sent', () => {
    const { recorded, requests, clock } = counting();
    requests.observe(request(200));
    clock.advance(59_000);
    requests.observe(request(200));
    expect(recorded).toEqual([]);
    clock.advance(1_000);
    requests.observe(request(200));
    expect(recorded).toEqual([[{ Requests: 3, RateLimited: 0 }, 'tags']]);
  });

  test('are not reported if there were none', () => {
    const { recorded, requests } = counting();
    requests.flush();
    expect(recorded).toEqual([]);
  });
});
