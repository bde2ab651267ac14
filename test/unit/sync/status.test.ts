/** Status over runs of several schedules, each with its own objects. */
import { expect, test } from 'vitest';
import type { ObjectName } from '../../../functions/core/names.ts';
import { readStatus } from '../../../functions/sync/status.ts';
import { encodeJson } from '../../../functions/sync/store.ts';
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
  const hourly = { contacts: null };
  const lake = await lakeOf([{ companies: 'No permission.' }, ...Array.from({ length: 30 }, () => hourly)]);
  const status = await readStatus(lake, ['contacts', 'companies', 'tags'], 0);
  expect(status.last_run?.run_id).toBe(runId(30));
  expect(status.objects.map(({ last_outcome }) => last_outcome)).toEqual([
    { run_id: runId(30), status: 'committed', message: null },
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
