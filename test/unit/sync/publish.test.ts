/** The catalog after a commit and before a first run: it follows what is committed, and never prevents a commit. */
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../functions/core/engine-files.ts';
import { RetryableError } from '../../../functions/core/errors.ts';
import { manifestKey, outcomeKey } from '../../../functions/core/lake-keys.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import type { Catalog } from '../../../functions/core/ports.ts';
import { commitObject } from '../../../functions/sync/commit/commit.ts';
import { planObject } from '../../../functions/sync/plan/plan.ts';
import {
  createPipeline,
  type DependencyOptions,
  dependenciesOf,
  readerOf,
} from '../../support/dependencies.ts';
import { END, pageOf, recordOf } from '../../support/slices.ts';
import { beginRun, planAndExtract, runOnce } from '../../support/workflow.ts';

const AWAY: Catalog = {
  publish: () => Promise.reject(new RetryableError('Glue is away', { code: 'aws_unavailable' })),
};
const DENIED: Catalog = { publish: async () => ({ status: 'refused', message: 'not allowed' }) };

/** A pipeline whose records have a new field in each run: `field_1`, `field_2`, … */
function growing(object: ObjectName = 'tags', options: DependencyOptions = {}) {
  const pipeline = createPipeline();
  let run = 0;
  const reader = readerOf(async function* () {
    run += 1;
    yield pageOf([recordOf('t1', pipeline.clock.now() / 1000, { [`field_${run}`]: 'x' })], 1);
    yield END;
  });
  const dependencies = dependenciesOf(pipeline, { object, reader, ...options });
  return { pipeline, dependencies, types: () => pipeline.catalog.types() };
}

const outcomeOf = ({ pipeline }: ReturnType<typeof growing>, runId: string): Outcome =>
  pipeline.lake.json(outcomeKey(runId, 'tags'));

describe('a plan', () => {
  test('of an object without any run creates its tables, empty', async () => {
    const { pipeline, dependencies, types } = growing('contacts');
    await planObject(dependencies, await beginRun(pipeline, dependencies));
    expect(Object.keys(types())).toEqual([
      'contacts',
      'contact_company',
      'contact_tag',
      'contact_subscription',
      'deletions',
      'rejects',
    ]);
    expect(pipeline.catalog.published).toEqual([{ firstDay: '2026-11-22' }]);
  });

  test('creates them before it asks Intercom, which may refuse', async () => {
    const { pipeline, dependencies, types } = growing('tickets');
    const reader = { ...dependencies.reader, probe: () => Promise.reject(new Error('no permission')) };
    const holder = await beginRun(pipeline, dependencies);
    await expect(planObject({ ...dependencies, reader }, holder)).rejects.toThrow('no permission');
    expect(types()).toHaveProperty('tickets');
  });

  test.each([
    ['unreachable', AWAY],
    ['denied', DENIED],
  ])('continues if the catalog is %s', async (_what, catalog) => {
    const { pipeline, dependencies } = growing();
    const holder = await beginRun(pipeline, dependencies);
    expect(await planObject({ ...dependencies, catalog }, holder)).toMatchObject({ status: 'planned' });
    expect(pipeline.lake.files.has(outcomeKey(holder.runId, 'tags'))).toBe(false);
  });

  test('of an object with a commit leaves the catalog to the next commit', async () => {
    const { pipeline, dependencies } = growing();
    await runOnce(pipeline, dependencies);
    const calls = pipeline.catalog.published.length;
    await planObject(dependencies, await beginRun(pipeline, dependencies));
    expect(pipeline.catalog.published).toHaveLength(calls);
  });
});

describe('a commit', () => {
  test('adds a column for a new field in the run that first sees it', async () => {
    const { pipeline, dependencies, types } = growing();
    for (const run of [1, 2, 3]) {
      await runOnce(pipeline, dependencies);
      expect(types().tags).toHaveProperty(`field_${run}`, 'string');
      expect(types().tags).not.toHaveProperty(`field_${run + 1}`);
    }
  });

  test('adds none for a blocked field', async () => {
    const { pipeline, dependencies, types } = growing('tags', { config: { schemaChanges: 'block' } });
    for (let run = 0; run < 2; run += 1) await runOnce(pipeline, dependencies);
    expect(types().tags).toHaveProperty('field_1');
    expect(types().tags).not.toHaveProperty('field_2');
  });

  test('publishes the first day that has files: that of the oldest run kept', async () => {
    const { pipeline, dependencies } = growing('tags', { config: { history: { fullRefreshRuns: 2 } } });
    const DAY = 86_400_000;
    for (let run = 0; run < 4; run += 1) {
      await runOnce(pipeline, dependencies);
      pipeline.clock.advance(DAY);
    }
    const days = pipeline.catalog.published.map(({ firstDay }) => firstDay);
    expect(days).toEqual(['2026-11-22', '2026-11-22', '2026-11-22', '2026-11-22', '2026-11-23']);
  });

  test('stands if the catalog is unreachable, and brings it up to date when repeated', async () => {
    const { pipeline, dependencies, types } = growing();
    const holder = await beginRun(pipeline, dependencies);
    await planAndExtract(dependencies, holder);
    const committing = commitObject({ ...dependencies, catalog: AWAY }, holder);
    await expect(committing).rejects.toMatchObject({ name: 'RetryableError' });
    expect(await pipeline.state.load('tags')).toMatchObject({ committed: { runId: holder.runId } });
    expect(types().tags).not.toHaveProperty('field_1');
    expect(await commitObject(dependencies, holder)).toEqual({
      status: 'committed',
      rows: 1,
      maintain: false,
    });
    expect(types().tags).toHaveProperty('field_1');
    expect(await pipeline.state.load('tags')).toMatchObject({ lease: null });
  });

  test('stands if the catalog refuses, reports that, and gives the lease back', async () => {
    const setting = growing();
    const { pipeline, dependencies } = setting;
    const holder = await beginRun(pipeline, dependencies);
    await planAndExtract(dependencies, holder);
    const denied = { ...dependencies, catalog: DENIED };
    expect(await commitObject(denied, holder)).toEqual({ status: 'committed', rows: 1, maintain: false });
    expect(outcomeOf(setting, holder.runId)).toEqual({ status: 'committed', message: 'not allowed' });
    expect(await pipeline.state.load('tags')).toMatchObject({
      lease: null,
      committed: { runId: holder.runId },
    });
  });

  test('that another attempt finished without the catalog is published by a repeated Plan', async () => {
    const { pipeline, dependencies, types } = growing();
    const holder = await beginRun(pipeline, dependencies);
    await planAndExtract(dependencies, holder);
    await expect(commitObject({ ...dependencies, catalog: AWAY }, holder)).rejects.toThrow('away');
    const again = planObject({ ...dependencies, catalog: AWAY }, holder);
    await expect(again).rejects.toMatchObject({ name: 'RetryableError' });
    expect(await planObject(dependencies, holder)).toMatchObject({ status: 'committed' });
    expect(types().tags).toHaveProperty('field_1');
  });

  test('makes up for an earlier commit that never reached the catalog', async () => {
    const { pipeline, dependencies, types } = growing();
    const { catalog } = dependencies;
    await runOnce(pipeline, { ...dependencies, catalog: AWAY });
    expect(types()).toEqual({});
    await runOnce(pipeline, { ...dependencies, catalog });
    expect(types().tags).toMatchObject({ field_1: 'string', field_2: 'string' });
  });

  test('does not fail if the last manifest is missing: the columns stay those of the one before', async () => {
    const { pipeline, dependencies, types } = growing();
    await runOnce(pipeline, dependencies);
    const holder = await beginRun(pipeline, dependencies);
    await planAndExtract(dependencies, holder);
    await commitObject(dependencies, holder);
    const { fence } = await pipeline.state.load('tags');
    const gone = manifestKey('tags', '20991231T000000000Z-ffffff');
    await pipeline.state.commit('tags', fence, {
      runId: '20991231T000000000Z-ffffff',
      manifestKey: gone,
      cursor: null,
      startFrom: null,
    });
    expect(await commitObject(dependencies, holder)).toMatchObject({ status: 'committed' });
    expect(types().tags).toMatchObject({ field_1: 'string', field_2: 'string' });
  });
});
