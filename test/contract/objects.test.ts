/** What every object must do, with the simulator's API and the embedded AWS: the same tests for all of them. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExtractResult, PlanResult } from '../../functions/core/workflow.ts';
import type { FunctionEntry, RawEnvironment } from '../../functions/environment.ts';
import { createExtractor, createStartRun, type InvocationContext } from '../../functions/handlers.ts';
import { OBJECTS as DECLARATIONS } from '../../functions/objects/index.ts';
import { SIZES } from '../../lib/standins/intercom/index.ts';
import { emptyTables, synced, type Tables, tableProblems } from '../support/local/expected-tables.ts';
import type { LakeView } from '../support/local/lake-reader.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';
import { canonical, type ExactObject } from '../support/local/lossless-json.ts';
import { childrenOf, factsOf, keyText, OBJECTS, type Table } from '../support/local/tables.ts';

let bench: Bench;
let truth: Tables;
/** The same unchanged workspace three times: in one attempt, with one event per attempt, and in one attempt again. */
const lakes = {} as Record<'whole' | 'inPieces' | 'again', LakeView>;
const requests = { whole: 0, inPieces: 0 };

const oneEvent = (): number => 1;
const allEvents = (): number => Number.POSITIVE_INFINITY;

/**
 * Remaining time of an invocation: plenty, and after that many events too little to go on, but enough to end, however
 * busy the machine is. The engine asks after each event.
 */
function contextOf(events: number): InvocationContext {
  let asked = 0;
  return {
    getRemainingTimeInMillis: () => {
      asked += 1;
      return asked < events ? 900_000 : 45_000;
    },
  };
}

/** For work that must not be cut short, however busy the machine is. */
const PLENTY = { getRemainingTimeInMillis: () => 900_000 };

/** Runs the workflow of one run by hand, with its own handlers. */
async function runByHand(eventsOf: (object: Table) => number): Promise<LakeView> {
  // What a stop costs is what was asked for ahead: the fewer at once, the fewer requests in vain.
  const session = await bench.open({ config: { concurrency: 4 } });
  try {
    const { executions, resources } = session.pipeline;
    const CONFIG_PATH = join(bench.directory, 'state', 'pipeline.json');
    const quiet = { observe: () => undefined, metrics: { record: () => undefined } };
    const overrides = { clock: bench.clock, ...quiet, limits: { partBytes: 5_000 } };
    const environmentOf = (entry: FunctionEntry, object?: string): RawEnvironment => {
      const found = resources.functions.find(
        (each) => each.entry === entry && each.environment.OBJECT_NAME === object,
      );
      if (found === undefined) throw new Error(`no function ${entry} of ${object}`);
      return { ...found.environment, CONFIG_PATH };
    };
    const input = { mode: 'full_refresh' };
    const { arn, startTime } = executions.begin({ input });
    const extractors = Object.fromEntries(OBJECTS.map((object) => [object, object]));
    const start = createStartRun(environmentOf('start-run'), overrides);
    const { runId, objects } = await start({ execution: { arn, startTime }, input, extractors }, PLENTY);
    for (const { object } of objects) {
      const handler = createExtractor(environmentOf('extractor', object), overrides);
      const base = { object, runId, execution: arn } as const;
      const plan = (await handler({ ...base, operation: 'plan' }, PLENTY)) as PlanResult;
      for (const { slice } of plan.slices) {
        const attempt = async () =>
          (await handler(
            { ...base, operation: 'extract', slice },
            contextOf(eventsOf(object)),
          )) as ExtractResult;
        for (let { status } = await attempt(); status !== 'done'; ) ({ status } = await attempt());
      }
      await handler({ ...base, operation: 'commit' }, PLENTY);
    }
    executions.finish('SUCCEEDED');
    return await bench.lake((id) => id === runId);
  } finally {
    await session.close();
  }
}

beforeAll(async () => {
  bench = await startBench({
    // Several pages for every object that has pages.
    simulator: {
      sizes: {
        ...SIZES.tiny,
        companies: 250,
        articles: 600,
        collections: 300,
        tickets: 170,
        conversations: 470,
        lists: 60,
      },
    },
  });
  const { simulator } = bench;
  truth = synced(emptyTables(), { simulator }, OBJECTS);
  lakes.whole = await runByHand(allEvents);
  requests.whole = simulator.stats().requests;
  lakes.inPieces = await runByHand(oneEvent);
  requests.inPieces = simulator.stats().requests - requests.whole;
  lakes.again = await runByHand(allEvents);
});
afterAll(() => bench?.close());

/** Rows without the columns that say when and by which run they were written. */
const valuesOf = (lake: LakeView, table: Table): readonly string[] =>
  lake
    .history(table)
    .map(({ row }) =>
      canonical(Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith('_')))),
    )
    .sort();

const filesOf = (lake: LakeView, table: Table): ReadonlySet<string> =>
  new Set(lake.history(table).map(({ file }) => file.split('/').at(-1)?.split('-')[1] ?? ''));

/** Objects that come in one answer. */
const UNPAGED: readonly Table[] = [
  'admins',
  'tags',
  'teams',
  'ticket_types',
  'help_centers',
  'subscription_types',
  'ticket_states',
  'brands',
  'emails',
  'away_status_reasons',
];

describe.each(OBJECTS)('%s', (object) => {
  const tables = [object, ...childrenOf(object)];

  test.each(['whole', 'inPieces', 'again'] as const)('pages through all records (%s)', (how) => {
    const problems = tables.flatMap((table) => tableProblems(table, truth[table], lakes[how].current(table)));
    expect(problems).toEqual([]);
    expect(truth[object].size).toBeGreaterThan(1);
  });

  test('has every declared column on every row', () => {
    const declaration = Object.entries(DECLARATIONS).find(([name]) => name === object)?.[1];
    const columns = declaration?.columns.map(({ name }) => name) ?? [];
    expect(columns.length).toBeGreaterThan(1);
    const incomplete = lakes.whole
      .history(object)
      .filter(({ row }) => columns.some((name) => row[name] === undefined));
    expect(incomplete).toEqual([]);
  });

  test('resumes from a receipt without duplicates and without gaps', () => {
    for (const table of tables) {
      expect(valuesOf(lakes.inPieces, table), table).toEqual(valuesOf(lakes.whole, table));
    }
    const [pieces, whole] = [lakes.inPieces, lakes.whole].map(
      (lake) => lake.manifests(object)[0]?.completeness,
    );
    expect(pieces).toEqual(whole);
    if (!UNPAGED.includes(object)) expect(filesOf(lakes.inPieces, object).size).toBeGreaterThan(1);
  });

  test('has unique keys in a complete read', () => {
    for (const table of tables) {
      const keys = lakes.whole
        .history(table)
        .map(({ row }: { row: ExactObject }) => keyText(factsOf(table).key.map((name) => row[name])));
      expect(new Set(keys).size, table).toBe(keys.length);
      expect(keys, table).toHaveLength(truth[table].size);
    }
  });

  test('has complete children', () => {
    const [manifest] = lakes.whole.manifests(object);
    for (const child of childrenOf(object)) {
      expect(manifest?.tables[child]?.rows, child).toBe(truth[child].size);
      expect(truth[child].size, child).toBeGreaterThan(0);
    }
    const short = Object.entries(manifest?.completeness.relations ?? {}).filter(
      ([, counts]) => counts?.written !== counts?.expected,
    );
    expect(short).toEqual([]);
    expect(manifest?.completeness.status).toBe(object === 'activity_logs' ? 'unproven' : 'complete');
  });

  test('is stable when nothing changed', () => {
    for (const table of tables) {
      expect(valuesOf(lakes.again, table), table).toEqual(valuesOf(lakes.whole, table));
    }
  });
});

test('continuing from receipts costs few more requests', () => {
  expect(requests.inPieces).toBeLessThan(requests.whole * 2);
});
