import { describe, expect, test } from 'vitest';
import type { PlannedSlice } from '../../../../functions/core/engine-files.ts';
import { ContractError } from '../../../../functions/core/errors.ts';
import type { Position, ReadEvent } from '../../../../functions/core/reading.ts';
import { extractSlice } from '../../../../functions/sync/extract/extract.ts';
import {
  createPipeline,
  type DependencyOptions,
  dependenciesOf,
  readerOf,
} from '../../../support/dependencies.ts';
import { rowsOfParts } from '../../../support/rows-of.ts';
import {
  doneOf,
  END,
  HOLDER,
  type PlannedRun,
  pageOf,
  planByHand,
  receiptsOf,
  recordOf,
  WHOLE_SLICE,
  windowSlice,
} from '../../../support/slices.ts';
import { nextAttempt } from '../../../support/workflow.ts';

type Script = readonly (readonly ReadEvent[])[];

/** Each walk plays the next list of events, and the last list again and again. */
function scripted(walks: Script) {
  const positions: (Position | null)[] = [];
  const reader = readerOf(async function* (_slice, position) {
    const walk = walks[Math.min(positions.length, walks.length - 1)] ?? [];
    positions.push(position);
    yield* walk;
  });
  return { reader, positions };
}

async function settingOf(walks: Script, run: PlannedRun = {}, options: DependencyOptions = {}) {
  const pipeline = createPipeline();
  const { reader, positions } = scripted(walks);
  const dependencies = dependenciesOf(pipeline, { reader, ...options });
  await planByHand(pipeline, dependencies, run);
  const { name } = dependencies.declaration;
  return {
    pipeline,
    dependencies,
    positions,
    extract: (remainingMs?: number) => extractSlice(dependencies, HOLDER, '0001', nextAttempt(remainingMs)),
    done: () => doneOf(pipeline.lake, name),
    receipts: () => receiptsOf(pipeline.lake, name),
    rows: () => rowsOfParts(pipeline.lake, doneOf(pipeline.lake, name).parts, name),
  };
}

const page = (from: number, to: number, position: number, stampedAt = 5): ReadEvent =>
  pageOf(
    Array.from({ length: to - from }, (_unused, index) => recordOf(`r${from + index}`, stampedAt)),
    position,
  );

const tickets = (changes: Partial<PlannedSlice> = {}): [PlannedRun, DependencyOptions] => [
  { slices: [windowSlice(changes)] },
  { object: 'tickets' },
];

describe('a slice that is read to its end', () => {
  test('is done, with every record, and its files match the list', async () => {
    const { extract, done, rows } = await settingOf([[page(0, 5, 1), page(5, 9, 2), END]]);
    expect(await extract()).toEqual({ status: 'done', waitSeconds: 0 });
    expect(rows().map(({ id }) => id)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8']);
    expect(done()).toMatchObject({
      read: 9,
      matched: null,
      short: false,
      deleted: [],
      newDebts: [],
      walks: 1,
    });
  });

  test('is not read again', async () => {
    const { extract, positions } = await settingOf([[page(0, 5, 1), END]]);
    await extract();
    await extract();
    expect(positions).toHaveLength(1);
  });

  test('has no file if it has no record', async () => {
    const { extract, done, pipeline } = await settingOf([[END]]);
    await extract();
    expect(done()).toMatchObject({ parts: [], read: 0 });
    expect(pipeline.lake.keys('tables/')).toEqual([]);
  });

  test('has the same rows in gzip as in plain text', async () => {
    const plain = await settingOf([[page(0, 50, 1), END]]);
    const packed = await settingOf([[page(0, 50, 1), END]], {}, { config: { compression: 'gzip' } });
    await plain.extract();
    await packed.extract();
    expect(packed.rows()).toEqual(plain.rows());
    expect(packed.done().parts.every(({ key }) => key.endsWith('.ndjson.gz'))).toBe(true);
  });

  test('is not accepted as whole if the walk stops without the end marker', async () => {
    const { extract, pipeline } = await settingOf([[page(0, 5, 1)]]);
    await expect(extract()).rejects.toMatchObject({ name: 'ContractError', code: 'walk_without_end' });
    expect(pipeline.lake.keys().filter((key) => key.endsWith('done.json'))).toEqual([]);
  });
});

describe('an attempt that has to stop', () => {
  test('near its deadline leaves a receipt, and the next attempt continues from there', async () => {
    const { extract, positions, rows, receipts } = await settingOf(
      [
        [page(0, 5, 1), page(5, 9, 2), END],
        [page(5, 9, 2), END],
      ],
      {},
      { limits: { deadlineMarginMs: 60_000, checkpointMs: 1e9 } },
    );
    expect(await extract(59_999)).toEqual({ status: 'continue', waitSeconds: 0 });
    expect(receipts().at(-1)).toMatchObject({ position: 1, read: 5 });
    expect((await extract(60_000)).status).toBe('done');
    expect(positions).toEqual([null, 1]);
    expect(rows()).toHaveLength(9);
  });

  test('for another reader of the scroll is called again after the wait, and continues where it was', async () => {
    const wait: ReadEvent = { type: 'wait', seconds: 65, reason: 'taken' };
    const { extract, positions, rows } = await settingOf([
      [page(0, 5, 1), wait],
      [page(5, 9, 2), END],
    ]);
    expect(await extract()).toEqual({ status: 'wait', waitSeconds: 65 });
    await extract();
    expect(positions).toEqual([null, 1]);
    expect(rows()).toHaveLength(9);
  });

  test('writes receipts on the way, as often as configured', async () => {
    const pages = Array.from({ length: 6 }, (_unused, index) => page(index, index + 1, index));
    const { extract, receipts, dependencies, pipeline } = await settingOf(
      [[...pages, END]],
      {},
      {
        limits: { checkpointMs: 2_000 },
      },
    );
    const { read } = dependencies.reader;
    const slow = {
      ...dependencies,
      reader: readerOf(async function* (slice, position) {
        for await (const event of read(slice, position)) {
          pipeline.clock.advance(1_000);
          yield event;
        }
      }),
    };
    await extractSlice(slow, HOLDER, '0001', nextAttempt());
    expect(receipts().map(({ position }) => position)).toEqual([1, 3, 5, 5]);
    await extract();
  });
});

describe('an attempt that is cut off in the middle of a request', () => {
  async function cutOff(object: 'tags' | 'companies', fault: (deadline: AbortSignal) => unknown) {
    const pipeline = createPipeline();
    const controller = new AbortController();
    const positions: (Position | null)[] = [];
    const reader = readerOf(async function* (_slice, position) {
      positions.push(position);
      if (position === null) yield page(0, 5, 1);
      if (positions.length === 1) {
        controller.abort();
        throw fault(controller.signal);
      }
      yield page(5, 9, 2);
      yield END;
    });
    const dependencies = dependenciesOf(pipeline, { object, reader, limits: { checkpointMs: 1e9 } });
    await planByHand(pipeline, dependencies);
    return {
      positions,
      first: () =>
        extractSlice(dependencies, HOLDER, '0001', { ...nextAttempt(), deadline: controller.signal }),
      second: () => extractSlice(dependencies, HOLDER, '0001', nextAttempt()),
      ids: () => rowsOfParts(pipeline.lake, doneOf(pipeline.lake, object).parts, object).map(({ id }) => id),
    };
  }

  test('by its deadline keeps what it has, and the next one continues from there', async () => {
    const { first, second, positions, ids } = await cutOff('tags', ({ reason }) => reason);
    expect(await first()).toEqual({ status: 'continue', waitSeconds: 0 });
    expect((await second()).status).toBe('done');
    expect(positions).toEqual([null, 1]);
    expect(ids()).toHaveLength(9);
  });

  test('on a scroll starts again: the scroll may have moved on', async () => {
    const { first, second, positions, ids } = await cutOff('companies', ({ reason }) => reason);
    expect((await first()).status).toBe('continue');
    await second();
    expect(positions).toEqual([null, null]);
    expect(ids()).toHaveLength(9);
  });

  test('does not mistake another error for its deadline', async () => {
    const { first } = await cutOff('tags', () => new Error('a bug'));
    await expect(first()).rejects.toThrow('a bug');
  });
});

describe('records that come more than once', () => {
  test('of an object read whole are written once', async () => {
    const twice = [page(0, 5, 1), page(3, 8, 2, 9), END];
    const { extract, rows, done } = await settingOf([twice]);
    await extract();
    expect(rows()).toHaveLength(8);
    expect(done().read).toBe(8);
  });

  test('in a window are written again when they are newer, not when they are the same or older', async () => {
    const [run, options] = tickets();
    const events = [
      pageOf([recordOf('a', 5), recordOf('b', 5)], 1),
      pageOf([recordOf('a', 5), recordOf('b', 4)], 2),
      pageOf([recordOf('a', 6)], 3),
      END,
    ];
    const { extract, rows, done } = await settingOf([events], run, options);
    await extract();
    expect(rows().map(({ id, _version }) => `${id} ${String(_version).slice(9, 11)}`)).toEqual([
      'a 05',
      'b 05',
      'a 06',
    ]);
    expect(done().read).toBe(2);
  });

  test('are recognized after a resume too', async () => {
    const { extract, rows, done } = await settingOf(
      [
        [page(0, 5, 1), END],
        [page(3, 8, 2), END],
      ],
      {},
      { limits: { deadlineMarginMs: 10 } },
    );
    await extract(9);
    await extract();
    expect(rows()).toHaveLength(8);
    expect(done().read).toBe(8);
  });
});

describe('the exact bounds of a slice', () => {
  test('are [from, to) of a search by days, and what lies outside counts as read', async () => {
    const [run] = tickets({ exact: { from: 10, to: 20 } });
    const options = { object: 'contacts' } as const;
    const records = [9, 10, 19, 20].map((at) => recordOf(`at ${at}`, at));
    const { extract, rows, done } = await settingOf(
      [[pageOf(records, 1), { type: 'end', matched: 4 }]],
      run,
      options,
    );
    await extract();
    expect(rows().map(({ id }) => id)).toEqual(['at 10', 'at 19']);
    expect(done()).toMatchObject({ read: 4, matched: 4, short: false });
  });

  test('drop nothing that an exact search found, whatever its time says, except at the bound it may include', async () => {
    const [run, options] = tickets({ exact: { from: 10, to: 20 } });
    const odd = { ...recordOf('no time', 99), untimed: true } as const;
    const records = [...[9, 10, 19, 20, 21, 5_000].map((at) => recordOf(`at ${at}`, at)), odd];
    const { extract, rows, done } = await settingOf(
      [[pageOf(records, 1), { type: 'end', matched: 7 }]],
      run,
      options,
    );
    await extract();
    expect(rows().map(({ id }) => id)).toEqual(['at 9', 'at 10', 'at 19', 'at 21', 'at 5000', 'no time']);
    expect(done()).toMatchObject({ read: 7, short: false, evidence: { untimed: 1 } });
  });
});

describe('a walk that starts again', () => {
  const restart: ReadEvent = { type: 'restart', reason: 'the scroll expired' };

  test('drops what was read, even what was already put', async () => {
    const { extract, rows, done, pipeline } = await settingOf([
      [page(0, 30, 1), page(30, 60, 2), restart, page(0, 40, 1), END],
    ]);
    await extract();
    expect(rows()).toHaveLength(40);
    expect(done()).toMatchObject({ read: 40, walks: 1 });
    expect(pipeline.lake.keys('tables/').length).toBeGreaterThan(done().parts.length);
  });

  test('drops deletions and debts too, because it finds them again', async () => {
    const debt: ReadEvent = { type: 'debt', scope: { ids: ['x'] }, reason: 'r' };
    const gone: ReadEvent = { type: 'deleted', ids: ['y'], how: 'not_found' };
    const { extract, done } = await settingOf([[debt, gone, restart, page(0, 3, 1), END]]);
    await extract();
    expect(done()).toMatchObject({ deleted: [], newDebts: [] });
    expect(done().parts.map(({ table }) => table)).toEqual(['tags']);
  });

  test('is remembered by the receipt that follows', async () => {
    const { extract, positions, rows } = await settingOf(
      [
        [page(0, 30, 1), restart],
        [page(0, 4, 1), END],
      ],
      {},
      { limits: { deadlineMarginMs: 0 } },
    );
    await expect(extract()).rejects.toThrow(ContractError);
    await extract();
    expect(positions).toEqual([null, null]);
    expect(rows()).toHaveLength(4);
  });
});

describe('an answer that looks too small', () => {
  test.each([
    ['is empty', 0, null],
    ['has under half of the last run', 4, 9],
  ])('because it %s is walked twice before it is believed', async (_name, rows, lastRows) => {
    const run = { plan: { lastRows } };
    const setting = await settingOf([[page(0, rows, 1), END]], run);
    await setting.extract();
    expect(setting.positions).toEqual([null, null]);
    expect(setting.done()).toMatchObject({ walks: 2, read: rows, short: false });
  });

  test('is replaced by what the second walk finds', async () => {
    const setting = await settingOf([[END], [page(0, 3, 1), END]]);
    await setting.extract();
    expect(setting.rows()).toHaveLength(3);
  });

  test.each([
    ['half of the last run', 5, 10],
    ['the first of its kind', 1, null],
  ])('is believed at once if it is %s', async (_name, rows, lastRows) => {
    const setting = await settingOf([[page(0, rows, 1), END]], { plan: { lastRows } });
    await setting.extract();
    expect(setting.positions).toEqual([null]);
  });

  test('of a window may be empty', async () => {
    const [run, options] = tickets();
    const setting = await settingOf(
      [[{ type: 'end', matched: 0 }]],
      { ...run, plan: { lastRows: 100 } },
      options,
    );
    await setting.extract();
    expect(setting.positions).toEqual([null]);
  });
});

describe('a count that falls short', () => {
  const [run, options] = tickets({
    query: { kind: 'window', updated: { from: 10, to: 20 }, created: { from: 1, to: null }, through: false },
    exact: { from: 5, to: 30 },
  });
  const short: ReadEvent = { type: 'end', matched: 9 };

  test('is walked again, and then the window is owed, with the bounds of its run', async () => {
    const setting = await settingOf([[page(0, 8, 1, 12), short]], run, options);
    await setting.extract();
    expect(setting.positions).toEqual([null, null]);
    expect(setting.done()).toMatchObject({ short: true, matched: 9, read: 8, walks: 2 });
    expect(setting.done().newDebts).toEqual([
      {
        scope: { window: { from: 10, to: 20 }, created: { from: 1, to: null }, exact: { from: 5, to: 30 } },
        reason: 'Intercom counts 9, 8 could be read',
      },
    ]);
    expect(setting.rows()).toHaveLength(8);
  });

  test('is forgotten when the second walk is whole', async () => {
    const setting = await settingOf(
      [
        [page(0, 8, 1, 12), short],
        [page(0, 9, 1, 12), short],
      ],
      run,
      options,
    );
    await setting.extract();
    expect(setting.done()).toMatchObject({ short: false, newDebts: [], read: 9 });
    expect(setting.rows()).toHaveLength(9);
  });

  test('only by deleted records is not short', async () => {
    const gone: ReadEvent = { type: 'deleted', ids: ['x'], how: 'not_found' };
    const setting = await settingOf([[page(0, 8, 1, 12), gone, short]], run, options);
    await setting.extract();
    expect(setting.done()).toMatchObject({ short: false, deleted: ['x'], newDebts: [] });
    expect(setting.positions).toHaveLength(1);
  });

  test('only by records owed by id is not walked again, and owes them once', async () => {
    const debt: ReadEvent = { type: 'debt', scope: { ids: ['x'] }, reason: 'HTTP 500' };
    const setting = await settingOf([[debt, page(0, 8, 1, 12), short]], run, options);
    await setting.extract();
    expect(setting.positions).toHaveLength(1);
    expect(setting.done()).toMatchObject({
      short: false,
      newDebts: [{ scope: { ids: ['x'] }, reason: 'HTTP 500' }],
    });
  });

  test('is still short if a debt explains it but its record was read', async () => {
    const debt: ReadEvent = { type: 'debt', scope: { ids: ['r1'] }, reason: 'its tags' };
    const setting = await settingOf([[debt, page(0, 8, 1, 12), short]], run, options);
    await setting.extract();
    expect(setting.positions).toHaveLength(2);
    expect(setting.done().newDebts).toHaveLength(2);
  });

  test('in a slice of ids owes those ids', async () => {
    const ids = tickets({ query: { kind: 'ids', ids: ['a', 'b'] } });
    const setting = await settingOf([[pageOf([recordOf('a', 1)], 1), { type: 'end', matched: 2 }]], ...ids);
    await setting.extract();
    expect(setting.done().newDebts).toMatchObject([{ scope: { ids: ['a', 'b'] } }]);
  });

  test('in an object that is read whole is short and owed', async () => {
    const setting = await settingOf([[page(0, 8, 1), short]]);
    await setting.extract();
    expect(setting.done()).toMatchObject({
      short: true,
      newDebts: [{ scope: { window: { from: null, to: null } } }],
    });
  });
});

describe('debts and deletions', () => {
  const debt: ReadEvent = { type: 'debt', scope: { ids: ['x'] }, reason: 'r' };
  const gone: ReadEvent = { type: 'deleted', ids: ['y', 'z'], how: 'not_found' };

  test('that are reported again after a resume are recorded once', async () => {
    const setting = await settingOf(
      [
        [debt, gone],
        [debt, gone, page(0, 2, 1), END],
      ],
      {},
      { limits: { deadlineMarginMs: 0 } },
    );
    await expect(setting.extract()).rejects.toThrow(ContractError);
    await setting.extract();
    expect(setting.done()).toMatchObject({ deleted: ['y', 'z'] });
    expect(setting.done().newDebts).toHaveLength(1);
    expect(rowsOfParts(setting.pipeline.lake, setting.done().parts, 'deletions')).toHaveLength(2);
  });

  test('of conversations are rows of their own table', async () => {
    const [run] = tickets();
    const setting = await settingOf([[gone, { type: 'end', matched: 2 }]], run, {
      object: 'conversation_parts',
    });
    await setting.extract();
    const rows = rowsOfParts(setting.pipeline.lake, setting.done().parts, 'deletions');
    expect(rows).toEqual([
      expect.objectContaining({
        object: 'conversations',
        id: 'y',
        how: 'not_found',
        detected_at: 1_795_348_800,
      }),
      expect.objectContaining({ object: 'conversations', id: 'z' }),
    ]);
    expect(setting.done()).toMatchObject({ short: false, deleted: ['y', 'z'] });
  });
});

describe('conversation parts', () => {
  const part = (conversation: string, id: string) => recordOf(id, 5, { conversation_id: conversation });
  const [run] = tickets({ exact: { from: 100, to: 200 } });

  test('are never filtered or dropped, and each conversation counts as read once', async () => {
    const event = (position: number): ReadEvent => ({
      type: 'page',
      records: [part('c1', 'p1'), part('c1', 'p2')],
      ids: ['c1'],
      position,
      evidence: { partsExpected: 2, partsWritten: 2, overCap: ['c1'] },
    });
    const setting = await settingOf([[event(1), event(2), { type: 'end', matched: 1 }]], run, {
      object: 'conversation_parts',
    });
    await setting.extract();
    expect(setting.rows()).toHaveLength(4);
    expect(setting.done()).toMatchObject({
      read: 1,
      evidence: { partsExpected: 4, partsWritten: 4, overCap: ['c1'] },
    });
  });
});

test('the counts of embedded lists are added up for the rows that are kept', async () => {
  const list = (count: number) => ({
    tags: { type: 'list', data: [{ id: '1' }, { id: '1' }], total_count: count },
  });
  const records = [recordOf('a', 15, list(3)), recordOf('b', 16, list(4)), recordOf('c', 30, list(9))];
  const slices = [windowSlice({ exact: { from: 10, to: 20 } })];
  const setting = await settingOf([[pageOf(records, 1), END]], { slices }, { object: 'contacts' });
  await setting.extract();
  // Items are counted before one that came twice becomes one row; lists that did not come are unknown.
  expect(setting.done().evidence.relations).toEqual({
    contact_tag: { expected: 7, listed: 4, unknown: 0 },
    contact_company: { expected: 0, listed: 0, unknown: 2 },
  });
});

test('undeclared fields and changed types are remembered across a resume', async () => {
  const setting = await settingOf(
    [
      [pageOf([recordOf('a', 1, { shiny: 1 })], 1), END],
      [pageOf([recordOf('b', 1, { name: { first: 'B' } })], 2), END],
    ],
    {},
    { limits: { deadlineMarginMs: 10 } },
  );
  await setting.extract(9);
  await setting.extract();
  expect(setting.done().schema.tags).toMatchObject({ shiny: ['integer'], name: ['json', 'string'] });
});

describe('what an attempt checks before it works', () => {
  test('the lease: another run may have taken over', async () => {
    const { extract, pipeline, positions } = await settingOf([[END]]);
    await pipeline.state.takeLease('tags', 1, { executionArn: 'arn:other', runId: 'z' });
    await expect(extract()).rejects.toMatchObject({ name: 'ContractError', code: 'lease_lost' });
    expect(positions).toEqual([]);
  });

  test('the configuration: you may have deployed during the run', async () => {
    const { dependencies, positions } = await settingOf([[END]]);
    const other = { ...dependencies, configDigest: 'd2' };
    await expect(extractSlice(other, HOLDER, '0001', nextAttempt())).rejects.toMatchObject({
      name: 'ContractError',
      code: 'deployed_during_run',
    });
    expect(positions).toEqual([]);
  });

  test('the plan: it must have the slice', async () => {
    const { dependencies } = await settingOf([[END]], { slices: [{ ...WHOLE_SLICE, id: '0002' }] });
    await expect(extractSlice(dependencies, HOLDER, '0001', nextAttempt())).rejects.toMatchObject({
      code: 'unknown_slice',
    });
  });
});

describe('an attempt whose run has ended or has lost the object', () => {
  const OTHER = { executionArn: 'arn:execution:2', runId: '20261122T130000000Z-bbbbbb' };

  /** Reads page after page; before the third, something happens. */
  async function interrupted(happens: (setting: ReturnType<typeof createPipeline>) => unknown) {
    const pipeline = createPipeline();
    let pages = 0;
    const reader = readerOf(async function* () {
      for (;;) {
        pages += 1;
        if (pages === 3) await happens(pipeline);
        yield page(pages * 10, pages * 10 + 2, pages);
      }
    });
    const dependencies = dependenciesOf(pipeline, { reader });
    await planByHand(pipeline, dependencies);
    const result = await extractSlice(dependencies, HOLDER, '0001', nextAttempt());
    return { result, pages, keys: pipeline.lake.keys() };
  }

  test.each<[string, (setting: ReturnType<typeof createPipeline>) => unknown]>([
    ['was stopped', ({ executions }) => executions.running.delete(HOLDER.executionArn)],
    [
      'gave its lease back',
      async ({ state }) => state.releaseLease('tags', (await state.load('tags')).fence),
    ],
    ['lost its lease', async ({ state }) => state.takeLease('tags', (await state.load('tags')).fence, OTHER)],
  ])('ends at the next checkpoint, quietly: the run %s', async (_what, happens) => {
    const { result, pages, keys } = await interrupted(happens);
    expect(result).toEqual({ status: 'done', waitSeconds: 0 });
    expect(pages).toBe(3);
    expect(keys.filter((key) => key.endsWith('done.json'))).toEqual([]);
  });
});
