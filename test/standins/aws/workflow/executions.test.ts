import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createExecutions, type LocalExecutions } from '../../../../lib/standins/aws/workflow/executions.ts';

const MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:Machine';
const arnOf = (name: string) => `arn:aws:states:us-east-1:000000000000:execution:Machine:${name}`;

let directory: string;
let now: number;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'executions-test-'));
  now = Date.UTC(2026, 10, 22, 12);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** The executions as a new process sees them: only the files are shared. */
const open = (): LocalExecutions =>
  createExecutions({ directory, stateMachineArn: MACHINE, clock: { now: () => now } });

const startNext = (executions: LocalExecutions, name: string, input: object = {}) =>
  executions.start({ stateMachineArn: MACHINE, name, input: JSON.stringify(input) });

test('a fresh directory has no execution', async () => {
  const executions = open();
  expect(executions.unfinished()).toBeUndefined();
  expect(executions.next()).toBeUndefined();
  expect(await executions.describe(arnOf('a'))).toBeUndefined();
  expect(() => executions.finish('SUCCEEDED')).toThrow('no execution to finish');
});

test('an execution is running from its beginning to its end', async () => {
  const executions = open();
  const begun = executions.begin({ name: 'a', input: { objects: ['tags'] } });
  expect(begun).toEqual({
    arn: arnOf('a'),
    name: 'a',
    stateMachineArn: MACHINE,
    startTime: '2026-11-22T12:00:00.000Z',
    input: { objects: ['tags'] },
    status: 'RUNNING',
  });
  expect(await executions.describe(arnOf('a'))).toEqual({
    name: 'a',
    stateMachineArn: MACHINE,
    startDate: new Date(now),
    input: '{"objects":["tags"]}',
    status: 'RUNNING',
  });
  executions.finish('FAILED');
  expect(await executions.describe(arnOf('a'))).toMatchObject({ status: 'FAILED' });
  executions.begin({ name: 'b', input: {} });
  expect(await executions.describe(arnOf('a'))).toMatchObject({ status: 'FAILED' });
  expect(await open().describe(arnOf('a'))).toMatchObject({ status: 'FAILED' });
});

test('the latest executions are remembered, and a file without them is read', async () => {
  const executions = open();
  for (let number = 0; number < 30; number += 1) executions.begin({ name: `n${number}`, input: {} });
  expect(await executions.describe(arnOf('n9'))).toMatchObject({ status: 'ABORTED' });
  expect(await executions.describe(arnOf('n8'))).toBeUndefined();
  const file = join(directory, 'state', 'execution.json');
  const { past: _past, ...older } = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify(older));
  expect(await open().describe(arnOf('n29'))).toMatchObject({ status: 'RUNNING' });
});

test('without a name, a unique one is generated', () => {
  const executions = open();
  const names = [executions.begin({ input: {} }).name, executions.begin({ input: {} }).name];
  expect(new Set(names).size).toBe(2);
});

describe('after a kill', () => {
  test('the next process finds the same execution: ARN, start time and input', () => {
    const begun = open().begin({ name: 'a', input: { mode: 'full_refresh' } });
    now += 3_600_000;
    const executions = open();
    expect(executions.unfinished()).toEqual(begun);
    executions.finish('SUCCEEDED');
    expect(executions.unfinished()).toBeUndefined();
    expect(open().unfinished()).toBeUndefined();
  });

  test('an unfinished execution that is not resumed gives way to a new one', async () => {
    open().begin({ name: 'a', input: {} });
    const executions = open();
    executions.begin({ name: 'b', input: {} });
    expect(await executions.describe(arnOf('a'))).toMatchObject({ status: 'ABORTED' });
    expect(await executions.describe(arnOf('b'))).toMatchObject({ status: 'RUNNING' });
  });

  test('an unfinished draft of the file has no effect', async () => {
    const begun = open().begin({ name: 'a', input: {} });
    await writeFile(join(directory, 'state', 'execution.json.new'), '{"cur');
    expect(open().unfinished()).toEqual(begun);
  });

  test('the next execution, once started, is not lost', async () => {
    const before = open();
    before.begin({ name: 'a', input: {} });
    await startNext(before, 'a-next', { objects: ['contacts'] });
    const after = open();
    expect(after.unfinished()?.name).toBe('a');
    after.finish('SUCCEEDED');
    now += 1_000;
    expect(open().next()).toMatchObject({
      arn: arnOf('a-next'),
      startTime: '2026-11-22T12:00:01.000Z',
      input: { objects: ['contacts'] },
      status: 'RUNNING',
    });
    expect(open().next()).toBeUndefined();
  });
});

describe('start', () => {
  test('repeats the answer of the first start, before and after its execution begins', async () => {
    const executions = open();
    executions.begin({ name: 'a', input: {} });
    const first = await startNext(executions, 'b', { x: 1 });
    now += 5_000;
    expect(await startNext(executions, 'b', { x: 1 })).toEqual(first);
    executions.next();
    expect(await startNext(executions, 'b', { x: 1 })).toMatchObject({ executionArn: arnOf('b') });
    expect(executions.next()).toBeUndefined();
  });

  test('refuses a name that is in use with another input, and another state machine', async () => {
    const executions = open();
    await startNext(executions, 'b', { x: 1 });
    await expect(startNext(executions, 'b', { x: 2 })).rejects.toMatchObject({
      name: 'ExecutionAlreadyExists',
    });
    const elsewhere = executions.start({ stateMachineArn: `${MACHINE}2`, name: 'c', input: '{}' });
    await expect(elsewhere).rejects.toMatchObject({ name: 'StateMachineDoesNotExist' });
  });

  test('does not make the execution run before its turn', async () => {
    const executions = open();
    executions.begin({ name: 'a', input: {} });
    await startNext(executions, 'b');
    expect(await executions.describe(arnOf('b'))).toBeUndefined();
    expect(await executions.describe(arnOf('a'))).toMatchObject({ status: 'RUNNING' });
  });
});

test('a damaged file is named, with advice', async () => {
  open().begin({ name: 'a', input: {} });
  const file = join(directory, 'state', 'execution.json');
  await writeFile(file, (await readFile(file, 'utf8')).slice(0, 20));
  expect(() => open().unfinished()).toThrow(`${file} is damaged; remove it.`);
});
