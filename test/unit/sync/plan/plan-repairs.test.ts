/** What a plan adds to an incremental run: repairs, the safety re-read, and the list of deleted records. */
import { describe, expect, test } from 'vitest';
import type { Manifest, Plan } from '../../../../functions/core/engine-files.ts';
import { manifestKey, planKey } from '../../../../functions/core/lake-keys.ts';
import type { Lease } from '../../../../functions/core/ports.ts';
import type { ObjectReader } from '../../../../functions/core/reading.ts';
import { commitObject } from '../../../../functions/sync/commit/commit.ts';
import { planObject } from '../../../../functions/sync/plan/plan.ts';
import { createPipeline, type DependencyOptions, dependenciesOf } from '../../../support/dependencies.ts';
import { createWorld, createWorldReader } from '../../../support/search-world.ts';
import { beginRun, endRun, extractAll } from '../../../support/workflow.ts';

const START = 1_795_348_800;
const DAY = 86_400;
const HOUR_MS = 3_600_000;

type ListAnswer = 'read' | 'refused';

function settingOf(options: DependencyOptions = {}) {
  const pipeline = createPipeline();
  const world = createWorld([{ id: 'r1', updated_at: START - 2 * DAY, created_at: 1 }], {
    granularity: 'second',
    inclusive: false,
  });
  const searching = createWorldReader(world, { nowMs: pipeline.clock.now });
  let list: ListAnswer = 'read';
  const reader: ObjectReader = {
    ...searching,
    async *read(slice, position) {
      if (slice.query.kind !== 'deleted') {
        yield* searching.read(slice, position);
        return;
      }
      yield { type: 'deleted', ids: list === 'read' ? ['gone'] : [], how: 'deleted_list' };
      yield { type: 'end', matched: list === 'read' ? 0 : null };
    },
  };
  const dependencies = dependenciesOf(pipeline, { object: 'tickets', reader, ...options });
  const { name } = dependencies.declaration;
  return {
    pipeline,
    setList: (answer: ListAnswer) => {
      list = answer;
    },
    async run(input: unknown = {}) {
      const holder: Lease = await beginRun(pipeline, dependencies, input);
      const { slices } = await planObject(dependencies, holder);
      const plan = pipeline.lake.json<Plan>(planKey(holder.runId, name));
      await extractAll(dependencies, holder, slices);
      await commitObject(dependencies, holder);
      await endRun(pipeline, dependencies, holder);
      const manifest = pipeline.lake.json<Manifest>(manifestKey(name, holder.runId));
      pipeline.clock.advance(HOUR_MS);
      return { plan, manifest, debts: plan.slices.flatMap(({ debt }) => (debt === null ? [] : [debt])) };
    },
  };
}

describe('repairs', () => {
  test('are debts of the run, planned first', async () => {
    const { run } = settingOf();
    await run();
    const window = { from: START - 3 * DAY, to: START - DAY };
    const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
    const repair = { tickets: [{ ids: ['r1'] }, { from: iso(window.from), to: iso(window.to) }] };
    const { debts, manifest, plan } = await run({ repair });
    expect(debts.map(({ scope, tries }) => ({ scope, tries }))).toEqual([
      { scope: { ids: ['r1'] }, tries: 0 },
      { scope: { window }, tries: 0 },
    ]);
    expect(plan.slices.slice(0, 2).every(({ debt }) => debt !== null)).toBe(true);
    expect(manifest.completeness).toMatchObject({ status: 'complete', debts: [] });
    expect(manifest.cursor?.after).toBeGreaterThan(manifest.cursor?.before ?? Number.POSITIVE_INFINITY);
    expect((await run()).debts).toEqual([]);
  });

  test('of an object that is read whole go beside its one slice', async () => {
    const { run } = settingOf({ object: 'companies' });
    await run();
    const { plan } = await run({ repair: { companies: [{ ids: ['c1', 'c2'] }] } });
    expect(plan.slices.map(({ id, query }) => ({ id, query }))).toEqual([
      { id: '0001', query: { kind: 'all' } },
      { id: '0002', query: { kind: 'ids', ids: ['c1', 'c2'] } },
    ]);
  });
});

describe('the safety re-read', () => {
  const THREE_DAYS = { config: { safetyReread: { days: 3 } } };

  test('is off unless the configuration asks for it', async () => {
    const { run, pipeline } = settingOf();
    await run();
    pipeline.clock.advance(DAY * 1000);
    const { debts, manifest } = await run();
    expect(debts).toEqual([]);
    expect(manifest.reread_on).toBeUndefined();
  });

  test('is a debt of the last days, once a UTC day', async () => {
    const { run, pipeline } = settingOf(THREE_DAYS);
    expect((await run()).debts).toEqual([]);
    expect((await run()).debts).toEqual([]);
    pipeline.clock.advance(DAY * 1000);
    const { debts, manifest, plan } = await run();
    const to = plan.cursorBefore ?? 0;
    expect(debts).toMatchObject([
      { scope: { window: { from: to - 3 * DAY, to } }, reason: 'safety re-read of the last 3 days' },
    ]);
    expect(manifest.reread_on).toBe(manifest.started_at.slice(0, 10));
    expect(manifest.completeness.status).toBe('complete');
    expect((await run()).debts).toEqual([]);
  });

  test('does not reach before startFrom', async () => {
    const startFrom = new Date((START - DAY) * 1000).toISOString();
    const { run, pipeline } = settingOf({ config: { ...THREE_DAYS.config, startFrom } });
    await run();
    pipeline.clock.advance(DAY * 1000);
    expect((await run()).debts).toMatchObject([{ scope: { window: { from: START - DAY } } }]);
  });
});

describe('the list of deleted records', () => {
  const CONVERSATIONS = { object: 'conversations' } as const;
  const since = ({ plan }: { readonly plan: Plan }) =>
    plan.slices.flatMap(({ query }) => (query.kind === 'deleted' ? [query.since] : []));

  test('is read from the first run on, and then from where the last one began, overlap included', async () => {
    const { run } = settingOf(CONVERSATIONS);
    const first = await run();
    expect(since(first)).toEqual([START - 900]);
    expect(first.manifest.deleted_list).toEqual({ up_to: START - 900 });
    expect(first.manifest.tables.deletions?.rows).toBe(1);
    expect(first.manifest.completeness).toMatchObject({ status: 'complete', matched: 1, read: 1 });
    const second = await run();
    expect(since(second)).toEqual([START - 900]);
    expect(second.manifest.deleted_list).toEqual({ up_to: START + 3_600 - 900 });
  });

  test('stays where it was while Intercom refuses it', async () => {
    const { run, setList } = settingOf(CONVERSATIONS);
    await run();
    setList('refused');
    const { manifest } = await run();
    expect(manifest.completeness.status).toBe('complete');
    expect(manifest.deleted_list).toEqual({ up_to: START - 900 });
    setList('read');
    expect(since(await run())).toEqual([START - 900]);
  });

  test('is left to other runs by a backfill', async () => {
    const { run } = settingOf(CONVERSATIONS);
    const { manifest } = await run();
    const backfill = await run({ from: '2020-01-01T00:00:00Z', to: '2020-02-01T00:00:00Z' });
    expect(since(backfill)).toEqual([]);
    expect(backfill.manifest.deleted_list).toEqual(manifest.deleted_list);
  });
});
