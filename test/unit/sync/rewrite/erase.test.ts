/** A person is taken out of committed history, over memory twins: killed anywhere, with compaction before and after. */
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Manifest, RunSummary } from '../../../../functions/core/engine-files.ts';
import type { ErasureRequest } from '../../../../functions/core/erasure.ts';
import { ContractError, isPipelineError } from '../../../../functions/core/errors.ts';
import {
  ERASURES_PREFIX,
  erasedObjectKey,
  erasureLiftedKey,
  erasureNowKey,
  erasureRequestKey,
  manifestKey,
  runSummaryKey,
} from '../../../../functions/core/lake-keys.ts';
import type { Lake } from '../../../../functions/core/ports.ts';
import type { ReadEvent } from '../../../../functions/core/reading.ts';
import { commitObject } from '../../../../functions/sync/commit/commit.ts';
import type { ObjectDependencies } from '../../../../functions/sync/dependencies.ts';
import { planObject } from '../../../../functions/sync/plan/plan.ts';
import { maintainObject } from '../../../../functions/sync/rewrite/maintain.ts';
import { encodeJson } from '../../../../functions/sync/store.ts';
import { removeLeftOvers } from '../../../../lib/cli/person/left-overs.ts';
import { createCrashPoint, Killed } from '../../../support/crash.ts';
import {
  createPipeline,
  dependenciesOf,
  type Pipeline,
  readerOf,
  testHash,
} from '../../../support/dependencies.ts';
import { contactsPipeline, isDue, maintainInSteps } from '../../../support/maintained.ts';
import { committedRows, countingManifestsOf, manifestsOf, rowsOfParts } from '../../../support/rows-of.ts';
import type { WorldRecord } from '../../../support/search-world.ts';
import { pageOf, recordOf } from '../../../support/slices.ts';
import { beginRun, endRun, extractAll, planAndExtract, runOnce } from '../../../support/workflow.ts';

const HOUR_MS = 3_600_000;
const ATTEMPT = { id: 'e1', isOver: () => false };
const PERSON = 'person-3';
const ADDRESS = 'canary-ada-end@person.example';
const ERASURE = '20261201T000000000Z-abc123';

type Text = `${string} ${string}`;

const textOf = (body: Uint8Array, key: string): string =>
  (key.endsWith('.gz') ? gunzipSync(body) : Buffer.from(body)).toString('utf8');

/** Lines of the files that count, byte for byte. */
function visible({ lake }: Pipeline): readonly Text[] {
  return countingManifestsOf(lake, 'contacts')
    .flatMap(({ tables }) =>
      Object.entries(tables).flatMap(([table, { files }]) => {
        const parts = files.map((file) => ({ table: table as 'contacts', ...file }));
        // Checks size, rows and SHA-256.
        rowsOfParts(lake, parts, table as 'contacts');
        return files.flatMap(({ key }) =>
          textOf(lake.files.get(key) ?? new Uint8Array(), key)
            .trim()
            .split('\n')
            .map((line): Text => `${table} ${line}`),
        );
      }),
    )
    .toSorted();
}

const isTheirs = (line: string): boolean => line.includes(PERSON) || line.includes('canary-ada');
const neighbours = (lines: readonly Text[]): readonly Text[] => lines.filter((line) => !isTheirs(line));

/** Contacts that change every few hours, each change read by a run of its own. */
async function history(
  runs: number,
  compression: 'gzip' | 'none' = 'gzip',
  { isAlone = false }: { readonly isAlone?: boolean } = {},
) {
  const { pipeline, world, dependencies } = contactsPipeline(compression);
  const change = (index: number): void => {
    const now = Math.floor(pipeline.clock.now() / 1000);
    const id = `person-${index % 5}`;
    const email = index % 5 === 3 ? ADDRESS : `${id}@person.example`;
    const changed = {
      id,
      email,
      updated_at: now - 5,
      created_at: 1,
      companies: { data: isAlone && email === ADDRESS ? [] : [{ id: 'c1' }] },
      tags: { data: isAlone && email === ADDRESS ? [] : [{ id: 't1' }] },
    };
    world.records = [...world.records.filter((one) => one.id !== id), changed as WorldRecord];
  };
  const read = async (index: number): Promise<void> => {
    change(index);
    change(index + 1);
    expect((await runOnce(pipeline, dependencies)).status).toBe('succeeded');
  };
  for (let index = 0; index < runs; index += 1) {
    await read(index);
    pipeline.clock.advance(4 * HOUR_MS);
  }
  return { pipeline, dependencies, read, change };
}

interface Asked {
  readonly id?: string;
  readonly person?: string;
  readonly address?: string;
  readonly suppress?: boolean;
}

const requestOf = ({
  id = ERASURE,
  person = PERSON,
  address = ADDRESS,
  suppress = true,
}: Asked = {}): ErasureRequest => ({
  format: 1,
  id,
  requested_at: '2026-12-01T00:00:00Z',
  subject: testHash(address),
  suppress,
  ids: [testHash(person)],
  emails: [testHash(address)],
  external_ids: [],
  conversations: [],
});

async function ask(
  { lake }: Pipeline,
  { isNow = false, ...asked }: Asked & { readonly isNow?: boolean } = {},
): Promise<void> {
  const request = requestOf(asked);
  const { id } = request;
  await lake.putNew(erasureRequestKey(id), encodeJson(request));
  if (isNow) await lake.putNew(erasureNowKey(id), encodeJson({}));
}

async function maintain(pipeline: Pipeline, dependencies: ObjectDependencies): Promise<void> {
  pipeline.clock.advance(60_000);
  const holder = await beginRun(pipeline, dependencies);
  try {
    for (let calls = 1; ; calls += 1) {
      const attempt = { id: `m${calls}`, isOver: () => false };
      if ((await maintainObject(dependencies, holder, attempt)).status === 'done') break;
      if (calls > 20) throw new Error('It is never done.');
    }
  } finally {
    pipeline.clock.advance(60_000);
    pipeline.executions.running.delete(holder.executionArn);
  }
}

/** Files with the person. @default receipts and plans apart: those expire, and `person erase` looks after them */
function filesWithPerson(
  { lake }: Pipeline,
  keys: readonly string[] = lake.keys().filter((key) => !key.startsWith('work/')),
): readonly string[] {
  return keys.filter((key) => isTheirs(textOf(lake.files.get(key) ?? new Uint8Array(), key)));
}

test.each(['gzip', 'none'] as const)(
  'nothing of the person is left, and neighbours keep their bytes (%s)',
  async (compression) => {
    const { pipeline, dependencies, read } = await history(16, compression);
    const before = visible(pipeline);
    const originals = manifestsOf(pipeline.lake, 'contacts');
    expect(before.some(isTheirs)).toBe(true);
    await ask(pipeline);
    expect(await isDue(dependencies)).toBe(true);
    await maintain(pipeline, dependencies);
    expect(visible(pipeline)).toEqual(neighbours(before));

    // What was replaced waits for queries that read it.
    const replaced = manifestsOf(pipeline.lake, 'contacts').filter(({ mode }) => mode === 'erasure');
    expect(replaced.length).toBeGreaterThan(0);
    expect(filesWithPerson(pipeline).length).toBeGreaterThan(0);
    pipeline.clock.advance(3 * HOUR_MS);
    expect(await isDue(dependencies)).toBe(true);
    await maintain(pipeline, dependencies);
    expect(filesWithPerson(pipeline)).toEqual([]);
    expect(visible(pipeline)).toEqual(neighbours(before));
    expect(pipeline.lake.files.has(erasedObjectKey(ERASURE, 'contacts', 'removed'))).toBe(true);

    // The evidence of every run is still there, and the next runs leave the person out.
    const evidence = manifestsOf(pipeline.lake, 'contacts').flatMap(({ replaces = [] }) => replaces);
    const kept = manifestsOf(pipeline.lake, 'contacts').map(({ run_id }) => run_id);
    for (const { run_id } of originals) expect([...evidence, ...kept]).toContain(run_id);
    for (const index of [1, 2, 3, 4]) await read(index);
    const input = { mode: 'full_refresh' };
    expect((await runOnce(pipeline, dependencies, input)).status).toBe('succeeded');
    expect(filesWithPerson(pipeline)).toEqual([]);
    const last = manifestsOf(pipeline.lake, 'contacts').at(-1);
    expect(last?.completeness).toMatchObject({ status: 'complete', suppressed: 1, read: 5, written: 4 });

    // Unless they may come back.
    await pipeline.lake.putNew(erasureLiftedKey(ERASURE), encodeJson({}));
    expect((await runOnce(pipeline, dependencies, input)).status).toBe('succeeded');
    expect(visible(pipeline).some(isTheirs)).toBe(true);
  },
);

test('a table that was excluded after some runs is erased, compacted and swept like the others', async () => {
  const { pipeline, dependencies, change } = await history(8);
  const { lake } = pipeline;
  const isOfTags = (key: string): boolean => key.startsWith('tables/contact_tag/');
  const tagFiles = lake.keys().filter(isOfTags);
  const config = { tables: { exclude: ['contact_tag'] } };
  const excluding = dependenciesOf(pipeline, {
    object: 'contacts',
    reader: dependencies.reader,
    limit: 166,
    config,
  });
  for (const index of [3, 4]) {
    change(index);
    expect((await runOnce(pipeline, excluding)).status).toBe('succeeded');
  }
  expect(lake.keys().filter(isOfTags)).toEqual(tagFiles);
  const before = visible(pipeline);
  // Left by an attempt that was cut off.
  const theirs = filesWithPerson(pipeline).find(isOfTags) ?? '';
  const orphan = theirs.replace(/[^/]+(\.ndjson\.gz)$/, '0001-cut-off-0001$1');
  await lake.putNew(orphan, lake.files.get(theirs) ?? new Uint8Array());
  await ask(pipeline, { isNow: true });
  await maintain(pipeline, excluding);
  expect(lake.files.has(erasedObjectKey(ERASURE, 'contacts', 'removed'))).toBe(true);
  expect(filesWithPerson(pipeline)).toEqual([]);
  expect(visible(pipeline)).toEqual(neighbours(before));

  const neighbour = lake.keys().find(isOfTags) ?? '';
  const old = neighbour.replace(/[^/]+(\.ndjson\.gz)$/, '0001-cut-off-0001$1');
  await lake.putNew(old, lake.files.get(neighbour) ?? new Uint8Array());
  pipeline.clock.advance(72 * HOUR_MS);
  change(4);
  expect((await runOnce(pipeline, excluding)).status).toBe('succeeded');
  await maintain(pipeline, excluding);
  expect(countingManifestsOf(lake, 'contacts').some(({ mode }) => mode === 'compaction')).toBe(true);
  expect(lake.files.has(old)).toBe(false);
  expect(neighbours(before).every((line) => visible(pipeline).includes(line))).toBe(true);
});

test('files without the person stay as they are', async () => {
  const { pipeline, dependencies } = await history(4, 'gzip', { isAlone: true });
  const files = new Map(pipeline.lake.files);
  await ask(pipeline);
  const holder = await beginRun(pipeline, dependencies);
  await maintainObject(dependencies, holder, ATTEMPT);
  const erasures = manifestsOf(pipeline.lake, 'contacts').filter(({ mode }) => mode === 'erasure');
  const listed = erasures.flatMap(({ tables }) => Object.values(tables).flatMap((table) => table.files));
  const kept = listed.filter(({ key }) => files.has(key));
  expect(kept.length).toBeGreaterThan(0);
  for (const { key } of kept) expect(pipeline.lake.files.get(key)).toEqual(files.get(key));
  const changed = erasures.flatMap(({ erased }) => erased?.files ?? []);
  expect(changed.length).toBeGreaterThan(0);
  for (const { before, after } of changed) {
    expect(isTheirs(textOf(files.get(before.key) ?? new Uint8Array(), before.key))).toBe(true);
    if (after !== null) expect(files.has(after.key)).toBe(false);
  }
});

test('an erasure goes through days and months that were put together', async () => {
  const { pipeline, dependencies } = await history(20);
  await maintain(pipeline, dependencies);
  const before = visible(pipeline);
  await ask(pipeline);
  await maintain(pipeline, dependencies);
  expect(visible(pipeline)).toEqual(neighbours(before));
  pipeline.clock.advance(24 * 60 * HOUR_MS);
  const { status } = await runOnce(pipeline, dependencies);
  expect(status).toBe('succeeded');
  await maintain(pipeline, dependencies);
  pipeline.clock.advance(3 * HOUR_MS);
  await maintain(pipeline, dependencies);
  expect(filesWithPerson(pipeline)).toEqual([]);
  expect(neighbours(before).every((line) => visible(pipeline).includes(line))).toBe(true);
  pipeline.clock.advance(3 * HOUR_MS);
  await maintain(pipeline, dependencies);
  // Left-overs are looked for by the first run of a day.
  expect((await runOnce(pipeline, dependencies)).status).toBe('succeeded');
  expect(await isDue(dependencies)).toBe(false);
});

test.each(['an erasure', 'a compaction'] as const)(
  '%s after a reset leaves the object without a cursor, and the next run reads everything',
  async (rewrite) => {
    const { pipeline, dependencies, read } = await history(12);
    const before = visible(pipeline);
    const { fence } = await pipeline.state.load('contacts');
    await pipeline.state.reset('contacts', fence);
    if (rewrite === 'an erasure') await ask(pipeline, { isNow: true });
    await maintain(pipeline, dependencies);
    expect(countingManifestsOf(pipeline.lake, 'contacts').some(({ replaces }) => replaces)).toBe(true);
    expect(visible(pipeline)).toEqual(rewrite === 'an erasure' ? neighbours(before) : before);
    expect(await pipeline.state.load('contacts')).toMatchObject({ committing: null, committed: null });
    await read(0);
    const last = manifestsOf(pipeline.lake, 'contacts').at(-1);
    expect(last?.cursor).toMatchObject({ before: null, after: expect.any(Number) });
    await maintain(pipeline, dependencies);
  },
);

test('a run that began before the erasure commits nothing', async () => {
  const { pipeline, dependencies, change } = await history(4);
  change(3);
  const holder = await beginRun(pipeline, dependencies);
  await planAndExtract(dependencies, holder);
  await ask(pipeline);
  await expect(commitObject(dependencies, holder)).rejects.toMatchObject({
    name: 'ContractError',
    code: 'erased_meanwhile',
  });
});

test.each(['an erasure', 'a compaction'] as const)(
  'a run whose manifest %s removed before it ended is reported as committed',
  async (rewrite) => {
    const { pipeline, dependencies, change, read } = await history(4);
    if (rewrite === 'an erasure') await ask(pipeline, { isNow: true, suppress: false });
    change(3);
    const holder = await beginRun(pipeline, dependencies);
    await planAndExtract(dependencies, holder);
    await commitObject(dependencies, holder);
    const key = manifestKey('contacts', holder.runId);
    const manifest = pipeline.lake.json<Manifest>(key);
    if (rewrite === 'an erasure') await maintainObject(dependencies, holder, ATTEMPT);
    else {
      // Another object keeps it busy meanwhile.
      for (let index = 0; index < 14; index += 1) {
        pipeline.clock.advance(4 * HOUR_MS);
        await read(index);
      }
      await maintain(pipeline, dependencies);
      pipeline.clock.advance(3 * HOUR_MS);
      await maintain(pipeline, dependencies);
    }
    expect(pipeline.lake.files.has(key)).toBe(false);
    expect(await endRun(pipeline, dependencies, holder)).toMatchObject({ status: 'succeeded', cause: '' });
    const summary = pipeline.lake.json<RunSummary>(runSummaryKey(holder.runId));
    const { completeness, committed_at } = manifest;
    expect(summary.objects).toMatchObject([
      { status: 'committed', rows: { contacts: 2 }, completeness, committed_at },
    ]);
  },
);

test('a debt does not name somebody who was erased', async () => {
  const pipeline = createPipeline();
  const people = Array.from({ length: 40 }, (_unused, index) => recordOf(`c${index}`, 1_000));
  const reader = readerOf(async function* () {
    yield pageOf(people, people.length);
    yield { type: 'debt', scope: { ids: [PERSON, 'c4'] }, reason: '0 of 11 companies were listed' };
    yield { type: 'end', matched: people.length };
  });
  const dependencies = dependenciesOf(pipeline, { object: 'contacts', reader });
  await ask(pipeline);
  expect((await runOnce(pipeline, dependencies)).status).toBe('succeeded');
  const [manifest] = manifestsOf(pipeline.lake, 'contacts');
  expect(manifest?.completeness.debts).toMatchObject([{ scope: { ids: ['c4'] } }]);
  expect(filesWithPerson(pipeline)).toEqual([]);
});

/** A run that has read everything and is about to commit, and a place at which its commit sleeps. */
async function aboutToCommit() {
  const all = await history(3);
  all.change(3);
  const holder = await beginRun(all.pipeline, all.dependencies);
  await planAndExtract(all.dependencies, holder);
  const wake = Promise.withResolvers<void>();
  const asleep = Promise.withResolvers<void>();
  async function sleep(): Promise<void> {
    asleep.resolve();
    await wake.promise;
  }
  /** Begins the commit, and waits until it sleeps. */
  async function begin(dependencies: ObjectDependencies) {
    const zombie = commitObject(dependencies, holder);
    zombie.catch(() => undefined);
    await asleep.promise;
    return { zombie };
  }
  return { ...all, holder, sleep, wake: wake.resolve, begin };
}

test('a commit that slept until its run was erased and removed does not bring it back', async () => {
  const { pipeline, dependencies, holder, sleep, wake, begin } = await aboutToCommit();
  const lake = {
    ...pipeline.lake,
    async putNew(key: string, body: Uint8Array) {
      if (key === manifestKey('contacts', holder.runId)) await sleep();
      return pipeline.lake.putNew(key, body);
    },
  };
  const { zombie } = await begin({ ...dependencies, lake });
  pipeline.executions.running.delete(holder.executionArn);
  pipeline.clock.advance(HOUR_MS);
  // The next run finishes the commit.
  expect((await runOnce(pipeline, dependencies)).status).toBe('succeeded');
  await ask(pipeline, { isNow: true });
  await maintain(pipeline, dependencies);
  const [before, manifests] = [visible(pipeline), manifestsOf(pipeline.lake, 'contacts')];
  expect(manifests.map(({ run_id }) => run_id)).not.toContain(holder.runId);
  wake();
  await expect(zombie).rejects.toMatchObject({ code: 'lease_lost' });
  expect(manifestsOf(pipeline.lake, 'contacts')).toEqual(manifests);
  expect(visible(pipeline)).toEqual(before);
});

test('a commit that slept while its run was committed, erased and removed does not commit it again', async () => {
  const { pipeline, dependencies, holder, sleep, wake, begin } = await aboutToCommit();
  const state = {
    ...pipeline.state,
    async markCommitting(...mark: Parameters<typeof pipeline.state.markCommitting>) {
      await sleep();
      return pipeline.state.markCommitting(...mark);
    },
  };
  const { zombie } = await begin({ ...dependencies, state });
  // The workflow calls it again, and then for maintenance, which is cut off.
  await commitObject(dependencies, holder);
  await ask(pipeline, { isNow: true });
  const cutOff = { ...pipeline.state, releaseLease: async () => undefined };
  await maintainObject({ ...dependencies, state: cutOff }, holder, ATTEMPT);
  const [before, manifests] = [visible(pipeline), manifestsOf(pipeline.lake, 'contacts')];
  expect(manifests.map(({ run_id }) => run_id)).not.toContain(holder.runId);
  wake();
  await expect(zombie).rejects.toMatchObject({ code: 'fence_raised' });
  expect(manifestsOf(pipeline.lake, 'contacts')).toEqual(manifests);
  expect(visible(pipeline)).toEqual(before);
});

test('what an erasure replaced does not count again when old runs go', async () => {
  const pipeline = createPipeline();
  let name = ADDRESS;
  const reader = readerOf(async function* () {
    yield pageOf([recordOf('1', 0, { type: 'tag', id: '1', name })], 1);
    yield { type: 'end', matched: 1 };
  });
  const config = { history: { fullRefreshRuns: 1 } };
  const dependencies = dependenciesOf(pipeline, { object: 'tags', reader, config });
  expect((await runOnce(pipeline, dependencies)).status).toBe('succeeded');
  await ask(pipeline);
  await maintain(pipeline, dependencies);
  expect(manifestsOf(pipeline.lake, 'tags').map(({ mode }) => mode)).toEqual(['full_refresh', 'erasure']);
  name = 'Another';
  expect((await runOnce(pipeline, dependencies)).status).toBe('succeeded');
  expect(committedRows(pipeline.lake, 'tags').map((row) => row.name)).toEqual([null, 'Another']);
  pipeline.clock.advance(3 * HOUR_MS);
  expect((await runOnce(pipeline, dependencies)).status).toBe('succeeded');
  expect(manifestsOf(pipeline.lake, 'tags').map(({ mode }) => mode)).toEqual([
    'full_refresh',
    'full_refresh',
  ]);
  expect(committedRows(pipeline.lake, 'tags').map((row) => row.name)).toEqual(['Another', 'Another']);
  expect(filesWithPerson(pipeline)).toEqual([]);
});

test('an erasure is done although every run puts together what earlier ones noticed', async () => {
  const pipeline = createPipeline();
  let name = ADDRESS;
  const reader = readerOf(async function* () {
    const receivedAtMs = pipeline.clock.now();
    const rejects = [{ table: 'tags', path: 'data[1]', reason: 'odd', value: null, receivedAtMs }];
    yield { ...pageOf([recordOf('1', 0, { type: 'tag', id: '1', name })], 1), rejects } as ReadEvent;
    yield { type: 'end', matched: 1 };
  });
  const config = { history: { fullRefreshRuns: 1 } };
  const dependencies = dependenciesOf(pipeline, { object: 'tags', reader, config });
  const sync = async (): Promise<void> => {
    expect((await runOnce(pipeline, dependencies)).status).toBe('succeeded');
    await maintain(pipeline, dependencies);
  };
  await sync();
  await ask(pipeline);
  name = 'Another';
  const isDone = (): boolean => pipeline.lake.files.has(erasedObjectKey(ERASURE, 'tags', 'removed'));
  await sync();
  expect(isDone()).toBe(false);
  for (let run = 0; run < 4; run += 1) await sync();
  // Something always waits for queries.
  const manifests = manifestsOf(pipeline.lake, 'tags');
  expect(manifests.length).toBeGreaterThan(countingManifestsOf(pipeline.lake, 'tags').length);
  expect(isDone()).toBe(true);
  expect(filesWithPerson(pipeline)).toEqual([]);
});

describe('killed anywhere', () => {
  test('each run is the old one or the new, and the next maintenance completes it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 120 }),
        fc.constantFrom<'before' | 'after'>('before', 'after'),
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom<'gzip' | 'none'>('gzip', 'none'),
        async (killAt, when, isCompacted, isNow, compression) => {
          const { pipeline, dependencies, read } = await history(9, compression);
          if (isCompacted) await maintain(pipeline, dependencies);
          const before = visible(pipeline);
          await ask(pipeline, { isNow });
          const crash = createCrashPoint();
          const killable = {
            ...dependencies,
            lake: { ...crash.wrap(pipeline.lake), list: pipeline.lake.list },
            state: crash.wrap(pipeline.state),
          };
          pipeline.clock.advance(60_000);
          const holder = await beginRun(pipeline, dependencies);
          crash.arm(killAt, when);
          try {
            await maintainObject(killable, holder, ATTEMPT);
          } catch (error) {
            if (!(error instanceof Killed)) throw error;
          }
          crash.arm(null);
          const between = visible(pipeline);
          expect(neighbours(between)).toEqual(neighbours(before));
          for (const line of between) expect(before).toContain(line);
          pipeline.executions.running.delete(holder.executionArn);
          await maintain(pipeline, dependencies);
          expect(visible(pipeline)).toEqual(neighbours(before));
          pipeline.clock.advance(3 * HOUR_MS);
          await maintain(pipeline, dependencies);
          expect(visible(pipeline)).toEqual(neighbours(before));
          await read(1);
          // Parts of an attempt that was killed have nothing of the person.
          expect(filesWithPerson(pipeline)).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  }, 240_000);
});

/** Does something before one of the lake's calls. */
function interrupted(
  lake: Lake,
  { call, at }: { readonly call: 'get' | 'putNew'; readonly at: number },
  act: () => Promise<void>,
): Lake {
  let calls = 0;
  const step = async (name: typeof call): Promise<void> => {
    if (name === call) calls += 1;
    if (name === call && calls === at) await act();
  };
  return {
    ...lake,
    async get(key) {
      await step('get');
      return lake.get(key);
    },
    async putNew(key, body) {
      await step('putNew');
      return lake.putNew(key, body);
    },
  };
}

/** Sleeps once, before or after one of the calls of the lake, and tells when it does. */
function sleepyLake(lake: Lake, at: { readonly call: number; readonly when: 'before' | 'after' }) {
  const asleep = Promise.withResolvers<void>();
  const awake = Promise.withResolvers<void>();
  let calls = 0;
  async function around<T>(act: () => Promise<T>): Promise<T> {
    calls += 1;
    const isHere = calls === at.call;
    const sleep = async (): Promise<void> => {
      asleep.resolve();
      await awake.promise;
    };
    if (isHere && at.when === 'before') await sleep();
    const result = await act();
    if (isHere && at.when === 'after') await sleep();
    return result;
  }
  const sleepy: Lake = {
    ...lake,
    get: (key) => around(() => lake.get(key)),
    putNew: (key, body) => around(() => lake.putNew(key, body)),
  };
  return { lake: sleepy, asleep: asleep.promise, wake: awake.resolve };
}

test.each(['extract', 'maintain', 'commit'] as const)(
  'an attempt that slept through an erasure at once leaves nothing of the person when it wakes (%s)',
  async (operation) => {
    let slept = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: operation === 'extract' ? 30 : 60 }),
        fc.constantFrom<'before' | 'after'>('before', 'after'),
        fc.boolean(),
        async (call, when, isSameRun) => {
          const { pipeline, dependencies, change } = await history(operation === 'maintain' ? 8 : 2);
          pipeline.clock.advance(60_000);
          change(3);
          const holder = await beginRun(pipeline, dependencies);
          const { slices } = await planObject(dependencies, holder);
          if (operation !== 'extract') await extractAll(dependencies, holder, slices);
          if (operation === 'maintain') await commitObject(dependencies, holder);
          const { lake, asleep, wake } = sleepyLake(pipeline.lake, { call, when });
          const sleepy = { ...dependencies, lake };
          const attempt =
            operation === 'extract'
              ? extractAll(sleepy, holder, slices)
              : operation === 'commit'
                ? commitObject(sleepy, holder)
                : maintainObject(sleepy, holder, ATTEMPT);
          const ended = attempt.then(
            () => undefined,
            (error: unknown) => error,
          );
          const isAsleep = await Promise.race([asleep.then(() => true), ended.then(() => false)]);
          if (isAsleep) slept += 1;
          // Another attempt of the same run ends its work, or another run takes over.
          if (isSameRun && operation !== 'maintain') {
            if (operation === 'extract') await extractAll(dependencies, holder, slices);
            await commitObject(dependencies, holder);
          }
          await ask(pipeline, { isNow: true });
          if (isSameRun) await maintainObject(dependencies, holder, { ...ATTEMPT, id: 'm9' });
          pipeline.executions.running.delete(holder.executionArn);
          await maintain(pipeline, dependencies);
          await removeLeftOvers(pipeline.lake, requestOf(), testHash);
          const before = visible(pipeline);
          expect(filesWithPerson(pipeline)).toEqual([]);
          wake();
          const error = await ended;
          if (error !== undefined) expect(isPipelineError(error)).toBe(true);
          expect(filesWithPerson(pipeline, pipeline.lake.keys())).toEqual([]);
          expect(visible(pipeline)).toEqual(before);
          expect((await runOnce(pipeline, dependencies)).status).toBe('succeeded');
          expect(filesWithPerson(pipeline)).toEqual([]);
        },
      ),
      { numRuns: 150 },
    );
    expect(slept).toBeGreaterThan(40);
  },
  120_000,
);

test('an attempt that slept and goes on in the middle of the next one takes no file away', async () => {
  let meetings = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 8 }),
      fc.nat({ max: 4 }),
      async (sleepAt, wakeAt, most) => {
        const { pipeline, dependencies, read } = await history(0, 'gzip', { isAlone: true });
        await read(2);
        const before = visible(pipeline);
        await ask(pipeline);
        pipeline.clock.advance(60_000);
        const holder = await beginRun(pipeline, dependencies);
        const asleep = Promise.withResolvers<void>();
        const awake = Promise.withResolvers<void>();
        const slow = interrupted(pipeline.lake, { call: 'get', at: sleepAt }, () => {
          asleep.resolve();
          return awake.promise;
        });
        let looks = 0;
        const isOver = (): boolean => {
          looks += 1;
          return looks > most;
        };
        const first = maintainObject({ ...dependencies, lake: slow }, holder, { id: 'slow', isOver });
        const ended = first.then(
          () => undefined,
          (error: unknown) => expect(error).toBeInstanceOf(ContractError),
        );
        await Promise.race([asleep.promise, ended]);
        const met = interrupted(pipeline.lake, { call: 'putNew', at: wakeAt }, async () => {
          meetings += 1;
          awake.resolve();
          await ended;
        });
        await maintainObject({ ...dependencies, lake: met }, holder, ATTEMPT);
        awake.resolve();
        await ended;
        pipeline.executions.running.delete(holder.executionArn);
        await maintain(pipeline, dependencies);
        expect(visible(pipeline)).toEqual(neighbours(before));
      },
    ),
    { numRuns: 200 },
  );
  expect(meetings).toBeGreaterThan(50);
});

test.each([1, 2, 3])(
  'of two erasures at a time, one cut off after %i looks, none brings back whom the other erased',
  async (most) => {
    const { pipeline, dependencies } = await history(3);
    const before = visible(pipeline);
    // Its request has the later id, and is cut off after some files.
    const other = {
      id: '20261202T000000000Z-def456',
      person: 'person-1',
      address: 'person-1@person.example',
    };
    await ask(pipeline, other);
    pipeline.clock.advance(60_000);
    const holder = await beginRun(pipeline, dependencies);
    let looks = 0;
    const isOver = (): boolean => {
      looks += 1;
      return looks > most;
    };
    expect(await maintainObject(dependencies, holder, { id: 'cut', isOver })).toEqual({ status: 'continue' });
    pipeline.executions.running.delete(holder.executionArn);
    await ask(pipeline);
    await maintain(pipeline, dependencies);
    expect(visible(pipeline)).toEqual(neighbours(before).filter((line) => !line.includes('person-1')));
  },
);

/** A key of a file that an attempt left behind when it was cut off. */
const leftOver = (name: string): string =>
  `tables/contacts/run_date=2026-11-22/run_id=20261122T000000000Z-ffffff/0001-${name}-0001.ndjson`;

test('an attempt that is taken over while it looks at a left-over deletes nothing', async () => {
  const { pipeline, dependencies } = await history(2);
  await ask(pipeline, { isNow: true });
  const key = leftOver('cut');
  pipeline.lake.files.set(key, Buffer.from(`{"id":"${PERSON}"}\n`));
  pipeline.clock.advance(60_000);
  const holder = await beginRun(pipeline, dependencies);
  const lake: Lake = {
    ...pipeline.lake,
    async get(name) {
      // The other attempt is over as soon as it has the lease.
      if (name === key) await maintainObject(dependencies, holder, { id: 'next', isOver: () => true });
      return pipeline.lake.get(name);
    },
  };
  const slept = maintainObject({ ...dependencies, lake }, holder, ATTEMPT);
  await expect(slept).rejects.toMatchObject({ code: 'lease_lost' });
  expect(pipeline.lake.files.has(key)).toBe(true);
  pipeline.executions.running.delete(holder.executionArn);
  await maintain(pipeline, dependencies);
  expect(pipeline.lake.files.has(key)).toBe(false);
});

test('a left-over that is damaged goes, because nobody can tell whether it has the person', async () => {
  const { pipeline, dependencies } = await history(2);
  await ask(pipeline, { isNow: true });
  for (const key of [leftOver('cut'), `${leftOver('cut')}.gz`])
    pipeline.lake.files.set(key, Buffer.from(`{"id":"person-0"}\n{"id":"${PERSON}`));
  pipeline.clock.advance(60_000);
  await maintain(pipeline, dependencies);
  expect(pipeline.lake.keys('tables/').filter((key) => key.includes('-cut'))).toEqual([]);
});

test('left-overs are looked through by invocations that have time for one file each', async () => {
  const { pipeline, dependencies } = await history(4);
  await ask(pipeline, { isNow: true });
  for (let index = 0; index < 6; index += 1) {
    const id = index % 2 === 0 ? PERSON : 'person-0';
    pipeline.lake.files.set(leftOver(`cut${index}`), Buffer.from(`{"id":"${id}"}\n`));
  }
  const looked: string[] = [];
  const lake: Lake = {
    ...pipeline.lake,
    async get(key) {
      if (key.includes('-cut')) looked.push(key);
      return pipeline.lake.get(key);
    },
  };
  pipeline.clock.advance(60_000);
  const holder = await beginRun(pipeline, dependencies);
  await maintainInSteps({ ...dependencies, lake }, holder, { looks: 1, mostCalls: 200 });
  expect(looked).toEqual([0, 1, 2, 3, 4, 5].map((index) => leftOver(`cut${index}`)));
  const left = pipeline.lake.keys('tables/').filter((key) => key.includes('-cut'));
  expect(left).toEqual([1, 3, 5].map((index) => leftOver(`cut${index}`)));
  expect(filesWithPerson(pipeline)).toEqual([]);
});

test('erasures are listed twice a run: before it reads, and before it commits; and once to maintain', async () => {
  const { pipeline, dependencies } = await history(1);
  let lists = 0;
  const lake: Lake = {
    ...pipeline.lake,
    list(prefix) {
      if (prefix === ERASURES_PREFIX) lists += 1;
      return pipeline.lake.list(prefix);
    },
  };
  const counting = { ...dependencies, lake };
  expect((await runOnce(pipeline, counting)).status).toBe('succeeded');
  expect(lists).toBe(2);
  await ask(pipeline, { isNow: true });
  lists = 0;
  await maintain(pipeline, counting);
  expect(lists).toBe(1);
  expect(filesWithPerson(pipeline)).toEqual([]);
});

test('an invocation that is short of time goes on from its last receipt', async () => {
  const { pipeline, dependencies } = await history(10);
  const before = visible(pipeline);
  await ask(pipeline, { isNow: true });
  pipeline.clock.advance(60_000);
  const holder = await beginRun(pipeline, dependencies);
  const calls = await maintainInSteps(dependencies, holder, { looks: 3, mostCalls: 200 });
  expect(calls).toBeGreaterThan(2);
  expect(visible(pipeline)).toEqual(neighbours(before));
  expect(filesWithPerson(pipeline)).toEqual([]);
});
