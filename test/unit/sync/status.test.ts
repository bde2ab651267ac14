/** Status over runs of several schedules, each with its own objects. */
import { expect, test } from 'vitest';
import type { ObjectName } from '../../../functions/core/names.ts';
import { readStatus, staleObjects } from '../../../functions/sync/status.ts';
import { encodeJson } from '../../../functions/sync/store.ts';
import { judgeFreshness } from '../../../lib/cli/terminal/freshness.ts';
import { statusText } from '../../../lib/cli/terminal/report.ts';
import { createMemoryLake } from '../../support/memory/memory-lake.ts';

const runId = (hour: number) =>
  `202611${String(22 + Math.floor(hour / 24))}T${String(hour % 24).padStart(2, '0')}0000000Z-ab12cd`;

/** A lake with the summaries of hourly runs. */
async function lakeOf(
  runs: readonly Partial<Record<ObjectName, string | null>>[],
): Promise<ReturnType<typeof createMemoryLake>> {
  const lake = createMemoryLake();
  for (const [hour, outcomes] of runs.entries()) {
    const run_id = runId(hour);
    const objects = Object.entries(outcomes).map(([object, message]) => ({
      object,
      message,
      status: message === null ? 'committed' : 'failed',
    }));
    const status = objects.some((one) => one.message !== null) ? 'failed' : 'succeeded';
    await lake.putNew(`runs/${run_id}.json`, encodeJson({ run_id, status, mode: 'incremental', objects }));
  }
  return lake;
}

test('the failure of an object that runs less often is reported until its next run, with its run id', async () => {
  // A day of runs every 15 minutes, the most frequent there are.
  const runs = 96;
  const others = Array.from({ length: runs }, () => ({ contacts: null }));
  const lake = await lakeOf([{ companies: 'No permission.' }, ...others]);
  const status = await readStatus(lake, ['contacts', 'companies', 'tags'], 0);
  expect(status.last_run?.run_id).toBe(runId(runs));
  expect(status.objects.map(({ last_outcome }) => last_outcome)).toEqual([
    { run_id: runId(runs), status: 'committed', message: null },
    { run_id: runId(0), status: 'failed', message: 'No permission.' },
    null,
  ]);
  expect(statusText(status)).toContain(`companies failed in run ${runId(0)}: No permission.`);

  const after = await readStatus(
    await lakeOf([{ companies: 'No permission.' }, { companies: null }]),
    ['companies'],
    0,
  );
  expect(statusText(after)).not.toContain('No permission.');
});

test('no more summaries are read than needed to see every object', async () => {
  const lake = await lakeOf([{ companies: null }, { companies: null, contacts: null }]);
  const asked: string[] = [];
  const counting = {
    list: (prefix: string) => lake.list(prefix),
    get: (key: string) => {
      asked.push(key);
      return lake.get(key);
    },
  };
  await readStatus(counting, ['contacts', 'companies'], 0);
  expect(asked.filter((key) => key.startsWith('runs/'))).toEqual([`runs/${runId(1)}.json`]);
});

test('an object that was last read too long ago is named, whatever the last run says of it', async () => {
  const hour = 3_600_000;
  const start = Date.parse('2026-11-22T00:00:00.000Z');
  const lake = await lakeOf([{ contacts: null, tags: null, companies: null, tickets: null, teams: null }]);
  const manifest = { completeness: { debts: [] }, committed_at: '2026-11-22T00:05:00.000Z' };
  const commit = (object: ObjectName, run: number, cursor: { after: number } | null) =>
    lake.putNew(
      `manifests/${object}/${runId(run)}.json`,
      encodeJson({ ...manifest, run_id: runId(run), cursor }),
    );
  await commit('contacts', 60, { after: start / 1000 + 59 * 3_600 });
  await commit('tags', 11, null);
  // Its runs commit, but it is far behind: a first load that takes days.
  await commit('companies', 60, { after: start / 1000 });
  const objects = ['contacts', 'tags', 'companies', 'tickets', 'segments'] as const;
  const now = start + 60 * hour;
  const status = await readStatus(lake, objects, now);
  const stale = (ms: number) => staleObjects(status, ms, now).map(({ object }) => object);
  expect(stale(48 * hour)).toEqual(['tags', 'companies', 'tickets']);
  expect(stale(49 * hour)).toEqual(['companies', 'tickets']);
  expect(stale(60 * hour)).toEqual(['tickets']);
  expect(stale(hour - 1)).toEqual(['contacts', 'tags', 'companies', 'tickets']);

  const { lines, exitStatus } = judgeFreshness(status, undefined, now);
  expect(exitStatus).toBe(0);
  expect(lines).toEqual([
    'tags: last read up to 2026-11-22 11:00:00Z, longer ago than 2 days',
    'companies: last read up to 2026-11-22 00:00:00Z, longer ago than 2 days',
    'tickets: never read',
  ]);
  expect(judgeFreshness(status, '2 days', now).exitStatus).toBe(1);
  const empty = await readStatus(createMemoryLake(), objects, now);
  expect(judgeFreshness(empty, '2 days', now)).toEqual({ lines: [], exitStatus: 1 });
  expect(() => judgeFreshness(status, 'soon', now)).toThrow("--max-age 'soon' must be");
});
