/** The code changes in the middle of a run: that run's next attempts end cleanly, and the next run goes on. */
import { once } from 'node:events';
import { appendFile, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { PipelineConfig } from '../../functions/config/config.ts';
import { runIdOfExecution } from '../../functions/sync/run/start-run.ts';
import { SIZES } from '../../lib/standins/intercom/index.ts';
import { differences } from '../support/local/expectation.ts';
import { type Bench, type Session, startBench } from '../support/local/local-bench.ts';
import { startSyncProcess } from '../support/local/sync-process.ts';
import { HOUR } from '../support/local/test-clock.ts';

const ROOT = join(import.meta.dirname, '../..');
const LIMITS = { sliceRecords: 40, sliceParents: 8, partBytes: 4_000, checkpointMs: 0 };
const SOURCES = ['functions', 'lib', 'test/support', 'package.json', 'package-lock.json', 'cdk.json'];

const FEW = {
  ...SIZES.tiny,
  contacts: 120,
  sharedSecond: 30,
  companies: 20,
  conversations: 20,
  partsOfLongConversation: 20,
};

/** This project as it was before: one source differs. */
let before: string;
beforeAll(async () => {
  before = await mkdtemp(join(tmpdir(), 'before-'));
  for (const name of SOURCES) await cp(join(ROOT, name), join(before, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(before, 'node_modules'));
  await appendFile(join(before, 'functions/core/time.ts'), '\n// Older.\n');
});
afterAll(() => rm(before, { recursive: true, force: true }));

let bench: Bench;
const configOf = ({ simulator }: Bench): PipelineConfig => ({
  name: 'test',
  baseUrl: simulator.url,
  overlapMinutes: 240,
});

/** The older code dies between a manifest and its cursor, with other objects half read. */
beforeEach(async () => {
  bench = await startBench({ simulator: { sizes: FEW } });
  const child = startSyncProcess(bench, {
    root: before,
    config: configOf(bench),
    limits: LIMITS,
    kill: { file: '/manifests/tickets/', when: 'after' },
  });
  await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  return () => bench.close();
});

const open = (onGiveUp: () => void = () => undefined): Promise<Session> =>
  bench.open({ config: configOf(bench), limits: LIMITS, onGiveUp });

/** One run of all objects, after which the lake is what Intercom holds. */
async function expectToGoOn(session: Session): Promise<void> {
  const result = await session.run();
  if (result.status !== 'finished') throw new Error(`it ended as ${result.status}`);
  expect(result.runs.map(({ status }) => status)).toEqual(['succeeded']);
  expect(result.runs[0]?.objects.filter(({ status }) => status !== 'committed')).toEqual([]);
  expect(differences(bench.simulator, await bench.lake(), {})).toEqual([]);
}

test('an execution that is under way fails object by object, and leaves nothing locked', async () => {
  const session = await open();
  try {
    const { executions, runner } = session.pipeline;
    const interrupted = executions.unfinished();
    if (interrupted === undefined) throw new Error('no execution was under way');
    const { arn, name, startTime, input } = interrupted;
    const outcome = await runner.run({ executionArn: arn, executionName: name, startTime, input });
    executions.finish(outcome.status);
    expect(outcome.status).toBe('FAILED');
    const runId = runIdOfExecution(interrupted);
    const summary = (await bench.lake()).summaries.find(({ run_id }) => run_id === runId);
    const failed = summary?.objects.filter(({ status }) => status === 'failed') ?? [];
    expect(failed.length).toBeGreaterThan(3);
    for (const { object, message } of failed)
      expect(`${object}: ${message}`).toContain('deployed during a run');
    bench.clock.advance(HOUR);
    await expectToGoOn(session);
  } finally {
    await session.close();
  }
});

test('on one machine the next sync drops the run, and makes a new one', async () => {
  let givenUp = 0;
  const session = await open(() => {
    givenUp += 1;
  });
  try {
    bench.clock.advance(HOUR);
    await expectToGoOn(session);
    expect(givenUp).toBe(1);
  } finally {
    await session.close();
  }
});
