import { expect, test } from 'vitest';
import type { ObjectName } from '../../../../functions/core/names.ts';
import { createPipeline, dependenciesOf, readerOf } from '../../../support/dependencies.ts';
import { prune } from '../../../support/maintained.ts';
import { committedRows } from '../../../support/rows-of.ts';
import { END, pageOf, recordOf } from '../../../support/slices.ts';
import { runOnce } from '../../../support/workflow.ts';

const HOUR_MS = 3_600_000;

/** Some hours after the last of these runs. */
async function afterRuns(runs: number, keep: number, object: ObjectName = 'tags') {
  const pipeline = createPipeline();
  let run = 0;
  const reader = readerOf(async function* () {
    run += 1;
    yield pageOf([recordOf(`of run ${run}`, pipeline.clock.now() / 1000)], 1);
    yield END;
  });
  const config = { history: { fullRefreshRuns: keep } };
  const dependencies = dependenciesOf(pipeline, { object, reader, config });
  for (let index = 0; index < runs; index += 1) await runOnce(pipeline, dependencies);
  pipeline.clock.advance(3 * HOUR_MS);
  await prune(dependencies);
  return { pipeline, dependencies, ids: () => committedRows(pipeline.lake, object).map(({ id }) => id) };
}

test('keeps the last runs of a full-refresh object and removes the files of the others', async () => {
  const { pipeline, ids } = await afterRuns(5, 2);
  expect(ids()).toEqual(['of run 4', 'of run 5']);
  expect(pipeline.lake.keys('tables/')).toHaveLength(2);
});

test('keeps a run for two hours after the one that supersedes it, for queries that read it', async () => {
  const { pipeline, dependencies, ids } = await afterRuns(2, 1);
  await runOnce(pipeline, dependencies);
  expect(ids()).toEqual(['of run 2', 'of run 3']);
  pipeline.clock.advance(0.9 * HOUR_MS);
  await prune(dependencies);
  expect(ids()).toEqual(['of run 2', 'of run 3']);
  pipeline.clock.advance(0.2 * HOUR_MS);
  await prune(dependencies);
  expect(ids()).toEqual(['of run 3']);
});

test('never removes the last one', async () => {
  const { ids } = await afterRuns(3, 1);
  expect(ids()).toEqual(['of run 3']);
});

test('keeps the last run that knew every list, until one knows them again', async () => {
  const pipeline = createPipeline();
  const shown: string[] = [];
  const lists = [['a'], null, null, null, ['b'], ['c']];
  let run = 0;
  const reader = readerOf(async function* () {
    const admins = lists[run];
    run += 1;
    const record = recordOf('1', 0, { id: '1', ...(admins && { admin_ids: admins }) });
    yield pageOf([{ ...record, ...(admins === null && { unknown: ['admin_ids'] }) }], 1);
    yield END;
  });
  const config = { history: { fullRefreshRuns: 1 } };
  const dependencies = dependenciesOf(pipeline, { object: 'teams', reader, config });
  for (const _list of lists) {
    await runOnce(pipeline, dependencies);
    pipeline.clock.advance(3 * HOUR_MS);
    await prune(dependencies);
    shown.push(
      committedRows(pipeline.lake, 'teams', 'team_admin')
        .map(({ admin_id }) => admin_id)
        .join(),
    );
  }
  expect(shown).toEqual(['a', 'a', 'a', 'a', 'b', 'c']);
});

test('removes nothing while there are no more runs than it keeps', async () => {
  const { ids } = await afterRuns(3, 3);
  expect(ids()).toHaveLength(3);
});

test('leaves incremental objects alone', async () => {
  const { ids } = await afterRuns(4, 1, 'activity_logs');
  expect(ids()).toHaveLength(4);
});

test('leaves objects alone if their names merely begin the same way', async () => {
  const { pipeline, dependencies } = await afterRuns(2, 1);
  const other = 'manifests/tags_of_others/x.json';
  await pipeline.lake.putNew(other, Buffer.from('{"tables":{}}'));
  await prune(dependencies);
  expect(pipeline.lake.files.has(other)).toBe(true);
});

test('removes the manifest before its files: a run exists whole, or not at all', async () => {
  const { pipeline, dependencies } = await afterRuns(3, 3);
  const deleted: string[][] = [];
  const lake = {
    ...pipeline.lake,
    delete: async (keys: readonly string[]) => {
      deleted.push([...keys]);
      await pipeline.lake.delete(keys);
    },
  };
  const config = { ...dependencies.config, history: { fullRefreshRuns: 1, versionDays: null } };
  await prune({ ...dependencies, lake, config });
  expect(deleted.map((keys) => keys.map((key) => key.split('/')[0]))).toEqual([
    ['manifests'],
    ['tables'],
    ['manifests'],
    ['tables'],
  ]);
});
