import { describe, expect, test } from 'vitest';
import type { Debt, Manifest, PlannedSlice } from '../../../../functions/core/engine-files.ts';
import { draftKey, manifestKey } from '../../../../functions/core/lake-keys.ts';
import type { ReadEvent } from '../../../../functions/core/reading.ts';
import { commitObject } from '../../../../functions/sync/commit/commit.ts';
import {
  createPipeline,
  type DependencyOptions,
  dependenciesOf,
  readerOf,
} from '../../../support/dependencies.ts';
import {
  END,
  HOLDER,
  type PlannedRun,
  pageOf,
  planByHand,
  RUN_ID,
  recordOf,
  WHOLE_SLICE,
  windowSlice,
} from '../../../support/slices.ts';
import { extractAll } from '../../../support/workflow.ts';

/** A run whose slices are extracted, each from its own events. */
async function extracted(
  scripts: Readonly<Record<string, readonly ReadEvent[]>>,
  run: PlannedRun = {},
  options: DependencyOptions = {},
) {
  const pipeline = createPipeline();
  const reader = readerOf(async function* (slice) {
    yield* scripts[slice.id] ?? [END];
  });
  const dependencies = dependenciesOf(pipeline, { reader, ...options });
  await planByHand(pipeline, dependencies, run);
  const ids = run.slices?.map(({ id }) => ({ slice: id })) ?? [{ slice: '0001' }];
  await extractAll(dependencies, HOLDER, ids);
  const { name } = dependencies.declaration;
  return {
    pipeline,
    dependencies,
    commit: () => commitObject(dependencies, HOLDER),
    manifest: () => pipeline.lake.json<Manifest>(manifestKey(name, RUN_ID)),
    state: () => pipeline.state.load(name),
  };
}

const tags = (count: number): readonly ReadEvent[] => [
  pageOf(
    Array.from({ length: count }, (_unused, index) => recordOf(`t${index}`)),
    1,
  ),
  END,
];

const slicesOf = (...slices: readonly Partial<PlannedSlice>[]): readonly PlannedSlice[] =>
  slices.map((slice, index) => windowSlice({ id: String(index + 1).padStart(4, '0'), ...slice }));

const oldDebt: Debt = {
  scope: { ids: ['x'] },
  reason: 'HTTP 500',
  since: '2026-11-01T00:00:00.000Z',
  tries: 3,
};

describe('the manifest', () => {
  test('of an incremental object has exactly the keys and values of the public contract', async () => {
    const debt: ReadEvent = { type: 'debt', scope: { ids: ['c9'] }, reason: 'HTTP 500' };
    const gone: ReadEvent = { type: 'deleted', ids: ['c8'], how: 'not_found' };
    const part = recordOf('p1', 7, {
      conversation_id: 'c1',
      email_message_metadata: {
        email_address_headers: [{ type: 'from', email_address: 'a@b.c', name: null }],
      },
      surprise: true,
    });
    const page: ReadEvent = {
      type: 'page',
      records: [part],
      ids: ['c1'],
      position: 1,
      evidence: { partsExpected: 2, partsWritten: 1, overCap: ['c1'] },
    };
    const { commit, manifest, pipeline } = await extracted(
      { '0001': [debt, gone, page, { type: 'end', matched: 3 }] },
      { slices: slicesOf({}), plan: { window: { from: 5, to: 9 }, cursorBefore: 5, cursorAfter: 8 } },
      { object: 'conversation_parts' },
    );
    pipeline.clock.advance(60_000);
    expect(await commit()).toEqual({ status: 'committed', rows: 2, maintain: false });
    const file = { key: expect.any(String), rows: 1, bytes: expect.any(Number), sha256: expect.any(String) };
    expect(manifest()).toStrictEqual({
      format: 1,
      object: 'conversation_parts',
      run_id: RUN_ID,
      mode: 'incremental',
      started_at: '2026-11-22T12:00:00.000Z',
      committed_at: '2026-11-22T12:01:00.000Z',
      window: { from: 5, to: 9 },
      cursor: { before: 5, after: 8 },
      tables: {
        conversation_parts: { rows: 1, files: [file] },
        email_address_header: { rows: 1, files: [file] },
        deletions: { rows: 1, files: [file] },
      },
      completeness: {
        status: 'short',
        matched: 3,
        read: 1,
        written: 1,
        parts: { expected: 2, written: 1 },
        over_cap: ['c1'],
        relations: { email_address_header: { expected: 1, written: 1 } },
        debts: [{ scope: { ids: ['c9'] }, reason: 'HTTP 500', since: '2026-11-22T12:00:00.000Z', tries: 1 }],
      },
      schema: {
        version: 1,
        added: ['conversation_parts.name: string', 'conversation_parts.surprise: boolean'],
        changed: [],
        dropped: [],
        columns: {
          conversation_parts: {
            conversation_id: ['string'],
            email_message_metadata: ['json'],
            id: ['string'],
            name: ['string'],
            surprise: ['boolean'],
            type: ['string'],
          },
          email_address_header: {
            conversation_id: ['string'],
            conversation_part_id: ['string'],
            email_address: ['string'],
            header_index: ['integer'],
            name: [],
            type: ['string'],
          },
        },
        missing: {},
      },
      rules: {
        tables: ['conversation_parts', 'email_address_header'],
        excluded: [],
        hashing: expect.stringMatching(/^[0-9a-f]{16}$/),
        mixed: false,
      },
    });
    const text = Buffer.from(
      pipeline.lake.files.get(manifestKey('conversation_parts', RUN_ID)) ?? [],
    ).toString();
    expect(text.indexOf('\n')).toBe(text.length - 1);
  });

  test('of a full refresh has neither window nor cursor, and every table of the object', async () => {
    const { commit, manifest, state } = await extracted({ '0001': tags(0) }, {}, { object: 'teams' });
    expect(await commit()).toEqual({ status: 'committed', rows: 0, maintain: false });
    expect(manifest()).toMatchObject({
      mode: 'full_refresh',
      window: null,
      cursor: null,
      tables: { teams: { rows: 0, files: [] }, team_admin: { rows: 0, files: [] } },
      completeness: { status: 'unproven', matched: null, parts: null },
    });
    expect(Object.keys(manifest().tables)).toEqual(['teams', 'team_admin']);
    expect((await state()).committed).toMatchObject({ cursor: null });
  });

  test('reports no drift if only field rules changed what is written', async () => {
    const fields = { companies: { size: 'hash', website: 'exclude', extra: 'exclude' } };
    const before = { id: ['string'], size: ['integer'], website: ['string'], extra: ['string'] } as const;
    const { commit, manifest } = await extracted(
      { '0001': [pageOf([recordOf('c1', 7, { size: 12, website: 'w', extra: 'e' })], 1), END] },
      { plan: { schema: { version: 4, columns: { companies: before }, missing: {} } } },
      { object: 'companies', config: { fields } },
    );
    await commit();
    expect(manifest().schema).toMatchObject({
      version: 4,
      added: [],
      changed: [],
      dropped: [],
      columns: { companies: { ...before, size: ['integer', 'string'] } },
      missing: {},
    });
  });

  test('sums up all slices, and lists the files of all of them', async () => {
    const { commit, manifest } = await extracted(
      {
        '0001': [pageOf([recordOf('a', 5)], 1), { type: 'end', matched: 1 }],
        '0002': [pageOf([recordOf('b', 6), recordOf('c', 6)], 1), { type: 'end', matched: 2 }],
      },
      { slices: slicesOf({}, {}) },
      { object: 'tickets' },
    );
    await commit();
    const { completeness, tables } = manifest();
    expect(completeness).toMatchObject({ status: 'complete', matched: 3, read: 3, written: 3 });
    expect(tables.tickets?.rows).toBe(3);
    expect(tables.tickets?.files.map(({ key }) => key)).toEqual([
      expect.stringContaining('/0001-'),
      expect.stringContaining('/0002-'),
    ]);
  });

  test('is short if something that came cannot be a row', async () => {
    const reject = { table: 'tags', path: 'data[1]', reason: 'no id', value: {}, receivedAtMs: 0 } as const;
    const page = pageOf([recordOf('x')], 1);
    if (page.type !== 'page') throw new Error('not a page');
    const { commit, manifest } = await extracted({ '0001': [{ ...page, rejects: [reject] }, END] });
    await commit();
    expect(manifest()).toMatchObject({
      completeness: { status: 'short', debts: [] },
      tables: { rejects: { rows: 1 } },
    });
  });

  test('is short if relations are short', async () => {
    const contact = recordOf('a', 5, { tags: { data: [{ id: '1' }], total_count: 2 } });
    const { commit, manifest } = await extracted(
      { '0001': [pageOf([contact], 1), { type: 'end', matched: 1 }] },
      { slices: slicesOf({}) },
      { object: 'contacts' },
    );
    await commit();
    expect(manifest().completeness).toMatchObject({
      status: 'short',
      relations: { contact_tag: { expected: 2, written: 1 }, contact_company: { expected: 0, written: 0 } },
    });
  });
});

describe('after a commit', () => {
  test('the state has cursor and manifest, the lease is free, and no commit is in progress', async () => {
    const { commit, state } = await extracted(
      { '0001': [{ type: 'end', matched: 0 }] },
      { slices: slicesOf({}), plan: { startFrom: 3, cursorAfter: 77 } },
      { object: 'tickets' },
    );
    await commit();
    expect(await state()).toEqual({
      object: 'tickets',
      fence: 1,
      lease: null,
      committing: null,
      failures: null,
      committed: { runId: RUN_ID, manifestKey: manifestKey('tickets', RUN_ID), cursor: 77, startFrom: 3 },
    });
  });

  test('repeating the commit reports the same and changes nothing', async () => {
    const { commit, manifest, state, pipeline } = await extracted({ '0001': tags(3) });
    const first = await commit();
    const before = [manifest(), await state(), pipeline.lake.keys()];
    pipeline.clock.advance(5_000);
    expect(await commit()).toEqual(first);
    expect([manifest(), await state(), pipeline.lake.keys()]).toEqual(before);
  });

  test('repeating it reports success even if a later run has committed since', async () => {
    const { commit, pipeline } = await extracted({ '0001': tags(3) });
    const first = await commit();
    const { fence } = await pipeline.state.load('tags');
    const other = { executionArn: 'arn:2', runId: '20261122T130000000Z-bbbbbb' };
    await pipeline.state.takeLease('tags', fence, other);
    await pipeline.state.commit('tags', fence + 1, {
      runId: other.runId,
      manifestKey: 'm',
      cursor: null,
      startFrom: null,
    });
    expect(await commit()).toEqual(first);
    expect((await pipeline.state.load('tags')).lease).toEqual(other);
  });
});

describe('a commit is refused', () => {
  test('while a slice is not done', async () => {
    const setting = await extracted({ '0001': tags(1) }, { slices: [WHOLE_SLICE] });
    setting.pipeline.lake.files.delete(`work/${RUN_ID}/tags/0001/done.json`);
    await expect(setting.commit()).rejects.toMatchObject({ name: 'ContractError', code: 'slice_not_done' });
    expect((await setting.state()).committing).toBeNull();
  });

  test('without the lease', async () => {
    const { commit, pipeline } = await extracted({ '0001': tags(1) });
    await pipeline.state.takeLease('tags', 1, { executionArn: 'arn:2', runId: 'later' });
    await expect(commit()).rejects.toMatchObject({ name: 'ContractError', code: 'lease_lost' });
    expect(pipeline.lake.keys('manifests/')).toEqual([]);
  });

  test('if the lease is lost between the check and the mark', async () => {
    const { dependencies, pipeline } = await extracted({ '0001': tags(1) });
    const { state } = pipeline;
    const late = {
      ...dependencies,
      state: {
        ...state,
        markCommitting: async (...args: Parameters<typeof state.markCommitting>) => {
          await state.takeLease('tags', args[1], { executionArn: 'arn:2', runId: 'later' });
          return state.markCommitting(...args);
        },
      },
    };
    await expect(commitObject(late, HOLDER)).rejects.toMatchObject({ code: 'lease_lost' });
    expect(pipeline.lake.keys('manifests/')).toEqual([]);
    expect((await state.load('tags')).committing).toBeNull();
  });

  test('for now if its fence rose and it still holds the lease: no manifest without a mark', async () => {
    const { dependencies, pipeline } = await extracted({ '0001': tags(1) });
    const { state } = pipeline;
    let raised = false;
    const late = {
      ...dependencies,
      state: {
        ...state,
        markCommitting: async (...args: Parameters<typeof state.markCommitting>) => {
          if (!raised) await state.takeLease('tags', args[1], HOLDER);
          raised = true;
          return state.markCommitting(...args);
        },
      },
    };
    await expect(commitObject(late, HOLDER)).rejects.toMatchObject({ name: 'RetryableError' });
    expect(pipeline.lake.keys('manifests/')).toEqual([]);
    expect(await commitObject(late, HOLDER)).toMatchObject({ status: 'committed' });
  });

  const debts = (count: number): readonly ReadEvent[] =>
    Array.from({ length: count }, (_unused, index) => ({
      type: 'debt',
      scope: { ids: [`d${index}`] },
      reason: 'HTTP 500',
    }));
  const read = (count: number): ReadEvent =>
    pageOf(
      Array.from({ length: count }, (_unused, index) => recordOf(`r${index}`, 5)),
      1,
    );

  test.each([
    [100, 0, true],
    [101, 0, false],
    [150, 3_000, true],
    [151, 3_000, false],
  ])('or not: %i new debts with %i records read (%s)', async (owed, records, isFine) => {
    const events = [...debts(owed), read(records), { type: 'end', matched: owed + records } as const];
    const { commit, state } = await extracted(
      { '0001': events },
      { slices: slicesOf({}) },
      { object: 'tickets' },
    );
    if (isFine) await commit();
    else await expect(commit()).rejects.toMatchObject({ name: 'ContractError', code: 'too_many_debts' });
    expect((await state()).committed !== null).toBe(isFine);
  });

  test('but not for debts that failed again', async () => {
    const ids = Array.from({ length: 400 }, (_unused, index) => `d${index}`);
    const { commit, manifest } = await extracted(
      { '0001': [...debts(400), { type: 'end', matched: 400 }] },
      { slices: slicesOf({ query: { kind: 'ids', ids }, debt: { ...oldDebt, scope: { ids } } }) },
      { object: 'tickets' },
    );
    await commit();
    expect(manifest().completeness.debts).toHaveLength(400);
  });

  const gone = (count: number): ReadEvent => ({
    type: 'deleted',
    ids: Array.from({ length: count }, (_unused, index) => `g${index}`),
    how: 'not_found',
  });
  const parents = (count: number): ReadEvent => ({
    type: 'page',
    records: [],
    ids: Array.from({ length: count }, (_unused, index) => `c${index}`),
    position: 1,
  });

  test.each([
    [20, 0, true],
    [21, 10, false],
    [50, 200, true],
    [51, 200, false],
  ])('or not: %i conversations gone with %i read (%s)', async (missing, found, isFine) => {
    const events = [parents(found), gone(missing), { type: 'end', matched: found + missing } as const];
    const { commit } = await extracted(
      { '0001': events },
      { slices: slicesOf({}) },
      { object: 'conversation_parts' },
    );
    if (isFine) expect(await commit()).toMatchObject({ status: 'committed' });
    else await expect(commit()).rejects.toMatchObject({ name: 'ContractError', code: 'too_many_deletions' });
  });

  test('but not for records that are gone when a debt is paid', async () => {
    const ids = Array.from({ length: 60 }, (_unused, index) => `g${index}`);
    const { commit } = await extracted(
      { '0001': [gone(60), { type: 'end', matched: 60 }] },
      { slices: slicesOf({ query: { kind: 'ids', ids }, debt: { ...oldDebt, scope: { ids } } }) },
      { object: 'conversation_parts' },
    );
    expect(await commit()).toMatchObject({ status: 'committed' });
  });

  test('before anything is written or marked', async () => {
    const setting = await extracted(
      { '0001': [...debts(101), { type: 'end', matched: 101 }] },
      { slices: slicesOf({}) },
      { object: 'tickets' },
    );
    await expect(setting.commit()).rejects.toThrow();
    expect(setting.pipeline.lake.keys('manifests/')).toEqual([]);
    expect(setting.pipeline.lake.files.has(draftKey(RUN_ID, 'tickets'))).toBe(false);
    expect(await setting.state()).toMatchObject({ committing: null, committed: null });
  });
});

describe('debts after a run', () => {
  const failing = (scope: Debt['scope']): readonly ReadEvent[] => [
    { type: 'debt', scope, reason: 'again' },
    { type: 'end', matched: null },
  ];

  test('are those carried, those that failed again with their age, and the new ones', async () => {
    const carried: Debt = { ...oldDebt, scope: { ids: ['carried'] }, tries: 5 };
    const { commit, manifest } = await extracted(
      { '0001': failing({ ids: ['x'] }), '0002': failing({ ids: ['new'] }) },
      {
        slices: slicesOf({ query: { kind: 'ids', ids: ['x'] }, debt: oldDebt }, {}),
        plan: { carriedDebts: [carried] },
      },
      { object: 'tickets' },
    );
    await commit();
    expect(manifest().completeness.debts).toEqual([
      carried,
      { ...oldDebt, reason: 'again', tries: 4 },
      { scope: { ids: ['new'] }, reason: 'again', since: '2026-11-22T12:00:00.000Z', tries: 1 },
    ]);
  });

  test('are gone once they are paid', async () => {
    const { commit, manifest } = await extracted(
      { '0001': [pageOf([recordOf('x', 5)], 1), { type: 'end', matched: 1 }] },
      { slices: slicesOf({ query: { kind: 'ids', ids: ['x'] }, debt: oldDebt }) },
      { object: 'tickets' },
    );
    await commit();
    expect(manifest().completeness.debts).toEqual([]);
  });

  test('of a whole object keep their age if they are found again', async () => {
    const scope = { window: { from: null, to: null } };
    const { commit, manifest } = await extracted(
      { '0001': [{ type: 'debt', scope, reason: 'again' }, pageOf([recordOf('x')], 1), END] },
      { plan: { previousDebts: [{ ...oldDebt, scope }] } },
    );
    await commit();
    expect(manifest().completeness.debts).toEqual([{ ...oldDebt, scope, reason: 'again', tries: 4 }]);
  });

  test('count once if two slices report them, and keep the earlier date', async () => {
    const window = { window: { from: 1, to: 2 } };
    const { commit, manifest } = await extracted(
      {
        '0001': [...failing({ ids: ['x', 'y'] })],
        '0002': [{ type: 'debt', scope: window, reason: 'w' }, ...failing({ ids: ['y', 'z'] })],
        '0003': [{ type: 'debt', scope: window, reason: 'w2' }, ...failing({ ids: ['z'] })],
      },
      { slices: slicesOf({ query: { kind: 'ids', ids: ['x', 'y'] }, debt: oldDebt }, {}, {}) },
      { object: 'tickets' },
    );
    await commit();
    expect(manifest().completeness.debts.map(({ scope, tries }) => [scope, tries])).toEqual([
      [{ ids: ['x', 'y'] }, 4],
      [window, 1],
      [{ ids: ['z'] }, 1],
    ]);
  });
});

test('the end is observed, without counting the rows of deletions', async () => {
  const gone: ReadEvent = { type: 'deleted', ids: ['c1'], how: 'not_found' };
  const setting = await extracted(
    { '0001': [pageOf([recordOf('p', 5, { conversation_id: 'c' })], 1), gone, { type: 'end', matched: 2 }] },
    { slices: slicesOf({}) },
    { object: 'conversation_parts' },
  );
  await setting.commit();
  expect(setting.pipeline.events.at(-1)).toEqual({
    type: 'object_finished',
    object: 'conversation_parts',
    status: 'committed',
    rows: 1,
  });
});
