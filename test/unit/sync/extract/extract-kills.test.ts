/** Attempts die at any point. Continuing until done still gives exactly the records, all in listed files. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DoneReceipt } from '../../../../functions/core/engine-files.ts';
import type { ObjectName } from '../../../../functions/core/names.ts';
import type { ObjectReader, ReadEvent } from '../../../../functions/core/reading.ts';
import { extractSlice } from '../../../../functions/sync/extract/extract.ts';
import { createCrashPoint, Killed } from '../../../support/crash.ts';
import { createPipeline, dependenciesOf, readerOf } from '../../../support/dependencies.ts';
import { rowsOfParts } from '../../../support/rows-of.ts';
import {
  doneOf,
  HOLDER,
  pageOf,
  planByHand,
  recordOf,
  WHOLE_SLICE,
  windowSlice,
} from '../../../support/slices.ts';
import { nextAttempt } from '../../../support/workflow.ts';

interface Case {
  readonly object: ObjectName;
  readonly pages: number;
  readonly perPage: number;
  /** The calls of the lake or events of the reader at which one attempt after the other dies. */
  readonly kills: readonly { readonly at: number; readonly when: 'before' | 'after' }[];
  readonly checkpointMs: number;
  readonly partBytes: number;
  /** Milliseconds an attempt has for each event. */
  readonly deadline: boolean;
  readonly compression: 'gzip' | 'none';
}

const cases = (object: ObjectName): fc.Arbitrary<Case> =>
  fc.record({
    object: fc.constant(object),
    pages: fc.integer({ min: 0, max: 6 }),
    perPage: fc.integer({ min: 1, max: 5 }),
    kills: fc.array(
      fc.record({
        at: fc.integer({ min: 1, max: 40 }),
        when: fc.constantFrom('before' as const, 'after' as const),
      }),
      { maxLength: 6 },
    ),
    checkpointMs: fc.constantFrom(0, 2, 1_000_000),
    partBytes: fc.constantFrom(1, 400, 1_000_000),
    deadline: fc.boolean(),
    compression: fc.constantFrom('gzip' as const, 'none' as const),
  });

const page = (number: number, perPage: number, stampedAt: number): ReadEvent =>
  pageOf(
    Array.from({ length: perPage }, (_unused, index) => recordOf(`${number}-${index}`, stampedAt)),
    number + 1,
  );

/** Continues from any position, as often as asked. */
function resumable({ pages, perPage }: Case): ObjectReader {
  return readerOf(async function* (_slice, position) {
    for (let number = Number(position ?? 0); number < pages; number += 1) yield page(number, perPage, 5);
    yield { type: 'end', matched: pages * perPage };
  });
}

/** Restarts from its first page a few times, in the middle of the walk. */
function restarting(one: Case): ObjectReader {
  const { pages, perPage } = one;
  let restarts = 2;
  return readerOf(async function* (_slice, position) {
    for (let number = Number(position ?? 0); number < pages; number += 1) {
      yield page(number, perPage, 5);
      if (restarts === 0 || number !== Math.floor(pages / 2)) continue;
      restarts -= 1;
      number = -1;
      yield { type: 'restart', reason: 'it broke' };
    }
    yield { type: 'end', matched: pages * perPage };
  });
}

/** The workspace's scroll: every call moves it on, and it never gives the same page twice. */
function scroll({ pages, perPage }: Case): ObjectReader {
  let next = 0;
  return readerOf(async function* (_slice, position) {
    if (position === null) next = 0;
    for (let ended = position === 'ended'; !ended; ) {
      const number = next;
      next += 1;
      ended = number >= pages;
      const records = ended ? 0 : perPage;
      const event = page(number, records, 0);
      yield event.type === 'page' ? { ...event, position: ended ? 'ended' : 'open' } : event;
    }
    // Without a count, only the engine itself keeps pages from being lost.
    yield { type: 'end', matched: null };
  });
}

async function workOn(
  one: Case,
  reader: ObjectReader,
): Promise<{ done: DoneReceipt; ids: readonly unknown[] }> {
  const pipeline = createPipeline();
  const crash = createCrashPoint();
  const events = crash.wrap({ event: async () => undefined });
  const { checkpointMs, partBytes, compression, object } = one;
  const dependencies = dependenciesOf(
    { ...pipeline },
    {
      object,
      limits: { checkpointMs, partBytes, deadlineMarginMs: 10 },
      config: { compression },
      reader: readerOf(async function* (slice, position) {
        for await (const event of reader.read(slice, position)) {
          pipeline.clock.advance(1);
          await events.event();
          yield event;
        }
      }),
    },
  );
  const isWhole = object === 'tags' || object === 'companies';
  await planByHand(pipeline, dependencies, { slices: [isWhole ? WHOLE_SLICE : windowSlice()] });
  const killable = { ...dependencies, lake: crash.wrap(pipeline.lake) };
  killable.lake.list = pipeline.lake.list;
  for (let attempts = 0; ; attempts += 1) {
    expect(attempts).toBeLessThan(200);
    const kill = one.kills[attempts];
    crash.arm(kill?.at ?? null, kill?.when);
    const started = pipeline.clock.now();
    const remainingMs = () => (one.deadline ? 13 - (pipeline.clock.now() - started) : 1_000);
    try {
      const { status } = await extractSlice(killable, HOLDER, '0001', { ...nextAttempt(), remainingMs });
      if (status === 'done') break;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }
  const done = doneOf(pipeline.lake, object);
  return { done, ids: rowsOfParts(pipeline.lake, done.parts, object).map(({ id }) => id) };
}

const wanted = ({ pages, perPage }: Case): readonly string[] =>
  Array.from(
    { length: pages * perPage },
    (_unused, index) => `${Math.floor(index / perPage)}-${index % perPage}`,
  );

const READERS = [
  ['tags', 'a list that can continue anywhere', resumable],
  ['tickets', 'a search that can continue anywhere', resumable],
  ['tags', 'a walk that restarts', restarting],
] as const;

describe.each(READERS)('%s: %s', (object, _name, makeReader) => {
  test('is whole, however often it is killed', async () => {
    await fc.assert(
      fc.asyncProperty(cases(object), async (one) => {
        const { done, ids } = await workOn(one, makeReader(one));
        expect([...ids].sort()).toEqual([...wanted(one)].sort());
        expect(done).toMatchObject({ read: ids.length, short: false, newDebts: [] });
      }),
      { numRuns: 150 },
    );
  });
});

test('companies: a killed scroll starts again rather than skip what it gave', async () => {
  await fc.assert(
    fc.asyncProperty(cases('companies'), async (one) => {
      const { ids } = await workOn(one, scroll(one));
      expect([...ids].sort()).toEqual([...wanted(one)].sort());
    }),
    { numRuns: 300 },
  );
});

test('companies: a scroll continues in the next invocation if the last one stopped in time', async () => {
  const one: Case = {
    object: 'companies',
    pages: 9,
    perPage: 2,
    kills: [],
    checkpointMs: 0,
    partBytes: 1,
    deadline: true,
    compression: 'none',
  };
  let walks = 0;
  const inner = scroll(one);
  const reader = readerOf((slice, position) => {
    if (position === null) walks += 1;
    return inner.read(slice, position);
  });
  const { ids } = await workOn(one, reader);
  expect(ids).toEqual(wanted(one));
  expect(walks).toBe(1);
});

test('conversation parts: the counts stay right through every kill', async () => {
  const parts = ({ pages, perPage }: Case): ObjectReader =>
    readerOf(async function* (_slice, position) {
      for (let number = Number(position ?? 0); number < pages; number += 1) {
        const conversation = `c${number}`;
        const records = Array.from({ length: perPage }, (_unused, index) =>
          recordOf(`${number}-${index}`, 5, { conversation_id: conversation }),
        );
        const evidence = { partsExpected: perPage, partsWritten: perPage };
        yield { type: 'page', records, ids: [conversation], position: number + 1, evidence };
      }
      yield { type: 'end', matched: pages };
    });
  await fc.assert(
    fc.asyncProperty(cases('conversation_parts'), async (one) => {
      const { done, ids } = await workOn(one, parts(one));
      expect(ids).toHaveLength(one.pages * one.perPage);
      expect(done).toMatchObject({
        read: one.pages,
        evidence: { partsExpected: ids.length, partsWritten: ids.length },
      });
    }),
    { numRuns: 150 },
  );
});

test('two attempts at one slice at once leave one done.json, and it is whole', async () => {
  await fc.assert(
    fc.asyncProperty(cases('tickets'), fc.scheduler(), async (one, scheduler) => {
      const pipeline = createPipeline();
      const { checkpointMs, partBytes, compression } = one;
      const dependencies = dependenciesOf(pipeline, {
        object: 'tickets',
        limits: { checkpointMs, partBytes, deadlineMarginMs: -1 },
        config: { compression },
        reader: resumable(one),
      });
      await planByHand(pipeline, dependencies, { slices: [windowSlice()] });
      const { lake } = pipeline;
      const puts: string[] = [];
      const slow = {
        ...lake,
        putNew: async (key: string, body: Uint8Array) => {
          await scheduler.schedule(Promise.resolve(), key);
          const result = await lake.putNew(key, body);
          if (result === 'written') puts.push(key);
          return result;
        },
      };
      const attempt = () => extractSlice({ ...dependencies, lake: slow }, HOLDER, '0001', nextAttempt());
      const both = Promise.all([attempt(), attempt()]);
      await scheduler.waitFor(both);
      expect((await both).map(({ status }) => status)).toEqual(['done', 'done']);
      expect(puts.filter((key) => key.endsWith('done.json'))).toHaveLength(1);
      const done = doneOf(lake, 'tickets');
      const ids = rowsOfParts(lake, done.parts, 'tickets').map(({ id }) => id);
      expect([...ids].sort()).toEqual([...wanted(one)].sort());
      expect(new Set(done.parts.map(({ key }) => key.split('-').at(-2))).size).toBeLessThanOrEqual(1);
    }),
    { numRuns: 60 },
  );
});

test('an attempt that takes over from another continues, and never puts a file that exists', async () => {
  const one: Case = {
    object: 'tickets',
    pages: 4,
    perPage: 2,
    kills: [{ at: 14, when: 'before' }],
    checkpointMs: 0,
    partBytes: 1,
    deadline: false,
    compression: 'none',
  };
  const { done } = await workOn(one, resumable(one));
  expect(new Set(done.parts.map(({ key }) => key)).size).toBe(done.parts.length);
  expect(new Set(done.parts.map(({ key }) => key.split('-').at(-2))).size).toBe(2);
});
