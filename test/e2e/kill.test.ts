/** A process that dies anywhere leaves a lake that can be read, and the next one goes on where it was. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PipelineConfig } from '../../functions/config/config.ts';
import { createRandom } from '../model/random.ts';
import { differences, expectationOf } from '../support/local/expectation.ts';
import { type LakeView, readLake } from '../support/local/lake-reader.ts';
import { type Bench, SMALL, startBench } from '../support/local/local-bench.ts';
import { canonical } from '../support/local/lossless-json.ts';
import { killAtRandom } from '../support/local/random-kills.ts';
import type { KillPoint } from '../support/local/sync-child.ts';
import { startSyncProcess } from '../support/local/sync-process.ts';
import { EVERYTHING, TABLE_NAMES, type Table } from '../support/local/tables.ts';
import { HOUR } from '../support/local/test-clock.ts';

const ROOT = join(import.meta.dirname, '../..');

/** So that everything there is to interrupt happens often. */
const LIMITS = { sliceRecords: 80, sliceParents: 15, partBytes: 4_000, checkpointMs: 0 };

let bench: Bench;
let reference: { readonly lake: LakeView; readonly requests: number };

beforeAll(async () => {
  bench = await startBench({ simulator: { sizes: SMALL } });
  const { resumed } = await finish(bench, 'undisturbed');
  expect(resumed).toBe(false);
  const lake = await readLake(join(bench.directory, 'undisturbed'));
  reference = { lake, requests: bench.simulator.stats().requests };
});
afterAll(() => bench?.close());

/** The overlap is also how old a resumed run may be before a new one is due: beyond any test's time. */
const configFor = ({ simulator }: Bench): PipelineConfig => ({
  name: 'test',
  baseUrl: simulator.url,
  overlapMinutes: 240,
  // What can be in progress at the moment of the kill, and is asked for again.
  parallelism: { slices: 2 },
});

/** A process with a point to die at, or to be killed by the test. */
const begin = (at: Bench, name: string, kill?: KillPoint): ChildProcess =>
  startSyncProcess(at, {
    directory: join(at.directory, name),
    config: configFor(at),
    limits: LIMITS,
    ...(kill && { kill }),
  });

/** What the next process does, in this one: it runs until it ends by itself. */
async function finish(at: Bench, name: string): Promise<{ runs: readonly string[]; resumed: boolean }> {
  let resumed = false;
  const result = await at.sync({
    directory: join(at.directory, name),
    config: configFor(at),
    limits: LIMITS,
    onResume: () => {
      resumed = true;
    },
  });
  if (result.status !== 'finished') throw new Error(`it ended as ${result.status}`);
  expect(result.runs.map(({ status }) => status)).toEqual(result.runs.map(() => 'succeeded'));
  return { runs: result.runs.map(({ run_id }) => run_id), resumed };
}

async function killedItself(child: ChildProcess): Promise<void> {
  await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
}

/** Rows as they are apart from what says when and by whom they were written. */
function rowsOf(lake: LakeView, table: Table): readonly string[] {
  return lake
    .history(table)
    .map(({ row }) =>
      canonical(Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith('_')))),
    )
    .sort();
}

/** Brings a killed run to its end and compares it with the undisturbed one. */
async function expectToGoOn(name: string, requestsBefore: number, repeated: number): Promise<LakeView> {
  const { simulator } = bench;
  const directory = join(bench.directory, name);
  // At the moment of the kill: whatever is committed is whole.
  const broken = await readLake(directory);
  const [runId] = await readdir(join(directory, 'lake', 'work'));
  const { runs, resumed } = await finish(bench, name);
  const requests = simulator.stats().requests - requestsBefore;
  expect(resumed).toBe(true);
  expect(runs).toEqual([runId]);
  const lake = await readLake(directory);
  for (const table of TABLE_NAMES) {
    expect(rowsOf(lake, table), table).toEqual(rowsOf(reference.lake, table));
    for (const { file } of broken.history(table)) {
      expect(lake.history(table).some((row) => row.file === file)).toBe(true);
    }
  }
  const expected = expectationOf(simulator);
  expected.synced();
  expect(expected.problems(lake)).toEqual([]);
  expect(requests, 'requests of both together').toBeLessThanOrEqual(reference.requests + repeated);
  return broken;
}

/** The next run begins where the manifests say that this one ended. */
async function expectCursorsMoved(name: string): Promise<void> {
  const directory = join(bench.directory, name);
  const objects = ['contacts', 'tickets', 'companies'] as const;
  const before = await readLake(directory);
  await bench.sync({ directory, config: configFor(bench), input: { objects } });
  const after = await readLake(directory);
  for (const object of objects) {
    const [first, second] = after.manifests(object);
    expect(before.manifests(object)).toEqual([first]);
    expect(second?.cursor?.before, object).toBe(first?.cursor?.after);
  }
}

/**
 * What one invocation may have to ask again: its unfinished pages and conversations, a walk of companies, the notes of two
 * pages of contacts, and the statistics of a page of articles.
 */
const REPEATED = 110;

const NO_COUNT = { type: 'error.list', errors: [{ code: 'bad_request', message: 'no' }] };

describe('killed with SIGKILL', () => {
  test.each([3, 90])('after %i requests', async (requests) => {
    const { simulator } = bench;
    const before = simulator.stats().requests;
    const name = `after-${requests}`;
    const child = begin(bench, name);
    const timer = setInterval(() => {
      if (simulator.stats().requests - before >= requests) child.kill('SIGKILL');
    }, 1);
    await once(child, 'exit').finally(() => clearInterval(timer));
    expect(child.signalCode).toBe('SIGKILL');
    await expectToGoOn(name, before, REPEATED);
  });

  const POINTS: Readonly<Record<string, Extract<KillPoint, { file: string }>>> = {
    'before the first receipt': { file: '/contacts/\\d+/\\d+-\\w+\\.receipt\\.json$', when: 'before' },
    'after a slice of the parts': { file: '/conversation_parts/0003/done\\.json$', when: 'after' },
    'after the draft of a manifest': { file: '/companies/manifest\\.json$', when: 'after' },
    'between committing and the manifest': { file: '/manifests/contacts/', when: 'before' },
    'between the manifest and the cursor': { file: '/manifests/contacts/', when: 'after' },
    'after the summary': { file: '/lake/runs/', when: 'after' },
  };
  test.each(Object.entries(POINTS))('%s', async (what, point) => {
    const before = bench.simulator.stats().requests;
    const name = what.replaceAll(' ', '-');
    await killedItself(begin(bench, name, point));
    await expectToGoOn(name, before, REPEATED);
    await expectCursorsMoved(name);
  });

  test('twice in a row', async () => {
    const before = bench.simulator.stats().requests;
    await killedItself(begin(bench, 'twice', { object: 'conversation_parts', answers: 20 }));
    await readLake(join(bench.directory, 'twice'));
    await killedItself(begin(bench, 'twice', { file: '/manifests/tickets/', when: 'after' }));
    await expectToGoOn('twice', before, 2 * REPEATED);
  });

  test('at random, while the workspace changes: one sync later the lake is Intercom', async () => {
    const random = createRandom(Number(process.env.KILL_SEED ?? 1));
    const changing = await startBench({ simulator: { sizes: SMALL } });
    const { simulator, clock } = changing;
    const { contacts, conversations, tickets } = simulator.workspace;
    const [talk = ''] = conversations.ids();
    const [ticket = ''] = tickets.ids();
    try {
      const { kills, ended } = await killAtRandom(changing, {
        config: configFor(changing),
        limits: LIMITS,
        random,
        kills: 6,
        mostRequests: 40,
        mostMs: 150,
        async between(count) {
          contacts.create({ name: `kill ${count}` });
          conversations.addPart(talk);
          tickets.addPart(ticket);
        },
      });
      process.stdout.write(`${kills.length} random kills, ${ended} syncs that ended before theirs\n`);
      // Longer than the overlap: what was interrupted is finished, and then one run is made.
      clock.advance(5 * HOUR);
      await finish(changing, '.');
      expect(differences(simulator, await changing.lake(), {})).toEqual([]);
    } finally {
      await changing.close();
    }
  });

  test('in the middle of the scroll, which goes on, and nothing counts the companies', async () => {
    // Slow enough for the scroll to be open still when the next process comes.
    const slow = await startBench({
      clock: { speed: 12 },
      simulator: {
        sizes: SMALL,
        faults: [{ match: { path: '/companies' }, respond: { status: 400, json: NO_COUNT } }],
      },
    });
    try {
      await killedItself(begin(slow, 'scroll', { object: 'companies', answers: 2 }));
      await finish(slow, 'scroll');
      const lake = await readLake(join(slow.directory, 'scroll'));
      expect(rowsOf(lake, 'companies')).toHaveLength(reference.lake.current('companies').size);
    } finally {
      await slow.close();
    }
  });
});

describe('stopped with Ctrl-C', () => {
  const command = (directory: string): ChildProcess => {
    const config = join(bench.directory, 'everything.json');
    writeFileSync(config, JSON.stringify({ objects: EVERYTHING }));
    const main = join(ROOT, 'bin', 'local.ts');
    return spawn(process.execPath, [main, 'sync', '--config', config, '--out', directory], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        NODE_COMPILE_CACHE: join(bench.directory, 'compiled'),
        INTERCOM_ACCESS_TOKEN: bench.simulator.token,
        INTERCOM_BASE_URL: bench.simulator.url,
      },
    });
  };
  const seen = async (requests: number): Promise<void> => {
    const { simulator } = bench;
    const before = simulator.stats().requests;
    while (simulator.stats().requests - before < requests) await new Promise((done) => setTimeout(done, 2));
  };

  test.each([1, 2])('%i times: exits with 130 soon, and the same command goes on', async (times) => {
    const { simulator } = bench;
    const directory = join(bench.directory, `interrupted-${times}`);
    const heal = simulator.addFault({ match: { path: /./ }, respond: { kind: 'delay', delayMs: 60 } });
    const child = command(directory);
    const told = text(child.stderr ?? process.stdin);
    await seen(40);
    const stoppedAt = Date.now();
    const ended = once(child, 'exit');
    for (let time = 0; time < times; time += 1) {
      child.kill('SIGINT');
      await new Promise((done) => setTimeout(done, 50));
    }
    await ended;
    heal();
    expect(child.exitCode).toBe(130);
    expect(Date.now() - stoppedAt).toBeLessThan(10_000);
    expect(await told).toContain('Stopping');
    await readLake(directory);
    const again = command(directory);
    const toldAgain = text(again.stderr ?? process.stdin);
    await once(again, 'exit');
    expect(await toldAgain).toContain('Resuming the run');
    expect(again.exitCode).toBe(0);
    const lake = await readLake(directory);
    const expected = expectationOf(simulator);
    expected.synced();
    expect(expected.problems(lake)).toEqual([]);
    expect(lake.runs).toHaveLength(1);
  });
});
