import { expect, it } from 'vitest';
import { committedFiles } from '../../../../lib/cli/load/committed-files.ts';
import { createMemoryLake } from '../../../support/memory/memory-lake.ts';

const RUN = '20260101T000000000Z-aaaaaa';

const manifestOf = (runId: string, replaces?: readonly string[]) =>
  JSON.stringify({
    format: 1,
    object: 'admins',
    run_id: runId,
    tables: { admins: { rows: 1, files: [{ key: `tables/admins/${runId}.ndjson.gz`, rows: 1, bytes: 5 }] } },
    schema: { columns: {} },
    ...(replaces && { replaces }),
  });

it('knows the last run by its own id, although an erasure has rewritten it', async () => {
  const lake = createMemoryLake();
  const erased = `${RUN}_e123456`;
  await lake.putNew(`manifests/admins/${RUN}.json`, Buffer.from(manifestOf(RUN)));
  await lake.putNew(`manifests/admins/${erased}.json`, Buffer.from(manifestOf(erased, [RUN])));
  const { lastRun, files } = await committedFiles(lake, 'admins', null);
  expect(lastRun).toEqual({ object: 'admins', runId: RUN });
  expect(files.get('admins')?.map(({ key }) => key)).toEqual([`tables/admins/${erased}.ndjson.gz`]);
});

it('leaves out what was stored long before the last load', async () => {
  const lake = createMemoryLake();
  await lake.putNew(`manifests/admins/${RUN}.json`, Buffer.from(manifestOf(RUN)));
  const later = await committedFiles(lake, 'admins', Date.now() + 2 * 3_600_000);
  expect([...later.files]).toEqual([]);
  const overlapping = await committedFiles(lake, 'admins', Date.now() + 1_800_000);
  expect([...overlapping.files.keys()]).toEqual(['admins']);
});
