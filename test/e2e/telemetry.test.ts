/** What a run says of itself: metrics, log lines and its event, as CloudWatch and EventBridge get them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { METRIC_NAMESPACE, METRICS, type MetricName } from '../../functions/core/metrics.ts';
import type { SyncCompleted } from '../../functions/core/sync-event.ts';
import type { MetricsDetail } from '../../functions/environment.ts';
import { SYSTEM_CLOCK } from '../../functions/system-clock.ts';
import { createEmfMetrics } from '../../functions/telemetry/emf-metrics.ts';
import { createProgressLog } from '../../functions/telemetry/progress-log.ts';
import { canariesIn } from '../support/canaries.ts';
import { type Sample, samplesOf } from '../support/emf.ts';
import { type Bench, SMALL, type SyncOptions, startBench } from '../support/local/local-bench.ts';
import { plant } from '../support/local/plant.ts';
import { HOUR } from '../support/local/test-clock.ts';

let bench: Bench | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await bench?.close();
  bench = undefined;
});

const start = async (sync: SyncOptions = {}): Promise<Bench> => {
  bench = await startBench({ clock: { speed: 40 }, simulator: { sizes: SMALL }, sync });
  return bench;
};

function emf(detail: MetricsDetail = 'standard') {
  const lines: string[] = [];
  return {
    lines,
    metrics: createEmfMetrics({ pipeline: 'test', detail, print: (line) => lines.push(line) }),
  };
}

/** Everything that is written to the standard streams, as it would come into a log group. */
function capturedLog(): {
  readonly text: () => string;
  readonly lines: () => readonly Record<string, unknown>[];
} {
  const texts: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      texts.push(String(chunk));
      return true;
    });
  }
  const text = () => texts.join('');
  return {
    text,
    lines: () =>
      text()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
  };
}

const eventsOf = async ({ directory }: Bench): Promise<readonly { readonly detail: SyncCompleted }[]> =>
  (await readFile(join(directory, 'state/events.ndjson'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const valuesOf = (samples: readonly Sample[], metric: MetricName): readonly number[] =>
  samples.filter(({ name }) => name === metric).map(({ value }) => value);

describe('a run of the whole workspace', () => {
  test('says names and counts in metrics, log and event, and nothing of any record', async () => {
    const { lines, metrics } = emf();
    const log = capturedLog();
    const { simulator, sync } = await start({ metrics, observe: createProgressLog('test', SYSTEM_CLOCK) });
    plant(simulator.workspace);
    const message = 'Nobody has canary-error-email-end@person.example or "canary-error-quoted-end"';
    simulator.addFault({
      match: { path: '/tags' },
      respond: { status: 400, json: { type: 'error.list', errors: [{ code: 'bad_request', message }] } },
    });
    const result = await sync();
    const events = await eventsOf(bench as Bench);
    expect(canariesIn(lines.join('\n') + log.text() + JSON.stringify(events))).toEqual([]);

    if (result.status !== 'finished') throw new Error(result.status);
    const [run] = result.runs;
    const samples = lines.flatMap(samplesOf);
    for (const { namespace, dimensions, name, unit } of samples) {
      expect({ namespace, dimensions }).toEqual({
        namespace: METRIC_NAMESPACE,
        dimensions: { Pipeline: 'test' },
      });
      expect(unit).toBe(METRICS[name as MetricName]);
    }
    const { RunSeconds: _, ...ofRunThatFailed } = METRICS;
    expect(new Set(samples.map(({ name }) => name))).toEqual(new Set(Object.keys(ofRunThatFailed)));
    const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
    const rows = Object.values(events[0]?.detail.rows ?? {});
    expect(total(valuesOf(samples, 'RowsWritten'))).toBe(total(rows));
    expect(total(rows)).toBeGreaterThan(1_000);
    expect(total(valuesOf(samples, 'Requests'))).toBe(simulator.requestLog.length);

    const summaries = log.lines().filter((line) => line.message === 'object_summary');
    expect(summaries.map(({ object, status }) => [object, status])).toEqual(
      run?.objects.map(({ object, status }) => [object, status]),
    );
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      source: 'intercom.pipeline',
      'detail-type': 'Intercom Sync Completed',
      detail: { pipeline: 'test', run_id: run?.run_id, status: 'failed' },
    });
    const failed = events[0]?.detail.objects.filter(({ status }) => status === 'failed');
    expect(failed).toMatchObject([{ object: 'tags', error: 'ContractError' }]);
  }, 60_000);
});

describe('what alarms watch', () => {
  const tags = { input: { objects: ['tags'] } };

  test('an object that fails twice in a row, until it no longer does', async () => {
    const { lines, metrics } = emf();
    const { simulator, sync, clock } = await start({ metrics });
    const repeated = async () => {
      await sync(tags);
      clock.advance(HOUR);
      return valuesOf(lines.splice(0).flatMap(samplesOf), 'ObjectsFailedRepeatedly');
    };
    const heal = simulator.addFault({ match: { path: '/tags' }, respond: { status: 404, json: {} } });
    expect(await repeated()).toEqual([0]);
    expect(await repeated()).toEqual([1]);
    expect(await repeated()).toEqual([1]);
    heal();
    expect(await repeated()).toEqual([0]);
    const again = simulator.addFault({ match: { path: '/tags' }, respond: { status: 404, json: {} } });
    expect(await repeated()).toEqual([0]);
    again();
  }, 60_000);

  test('a connection that is lost, until the pipeline is connected again', async () => {
    const { lines, metrics } = emf();
    const { sync } = await start({ metrics });
    expect(await sync({ token: 'revoked', ...tags })).toMatchObject({
      status: 'failed',
      error: 'ConnectionError',
    });
    await sync(tags);
    expect(valuesOf(lines.flatMap(samplesOf), 'ConnectionLost')).toEqual([1, 0]);
  }, 60_000);

  test('per object too, if that is wanted', async () => {
    const { lines, metrics } = emf('detailed');
    const { sync } = await start({ metrics });
    await sync(tags);
    const rows = lines.flatMap(samplesOf).filter(({ name }) => name === 'RowsWritten');
    expect(rows.map(({ dimensions }) => dimensions)).toEqual([
      { Pipeline: 'test' },
      { Pipeline: 'test', Object: 'tags' },
    ]);
  }, 60_000);
});
