import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidExecutionInput,
  InvalidName,
  SFNClient,
  StartExecutionCommand,
  StateMachineDoesNotExist,
} from '@aws-sdk/client-sfn';
import { expect, test } from 'vitest';
import type { ExecutionDescription, ExecutionsBackend } from '../../../lib/standins/aws/index.ts';
import { start, startForAllTests } from '../../support/aws/harness.ts';

const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:pipeline';

function fakeExecutions(): ExecutionsBackend {
  const executions = new Map<string, ExecutionDescription>();
  return {
    start: async ({ name, input, stateMachineArn: machine }) => {
      const executionArn = `${machine.replace(':stateMachine:', ':execution:')}:${name}`;
      if (name === 'bug') throw new Error('a bug of the backend');
      if (executions.has(executionArn)) {
        throw Object.assign(new Error(`${name} exists`), { name: 'ExecutionAlreadyExists' });
      }
      const startDate = new Date('2026-11-22T12:00:00.123Z');
      executions.set(executionArn, { status: 'RUNNING', name, input, startDate, stateMachineArn: machine });
      return { executionArn, startDate };
    },
    describe: async (executionArn) => executions.get(executionArn),
  };
}

startForAllTests({ executions: fakeExecutions() });

test('executions are started and described through the backend', async () => {
  const client = new SFNClient({});
  const started = await client.send(
    new StartExecutionCommand({ stateMachineArn, name: 'run-1', input: '{"objects":["tags"]}' }),
  );
  expect(started.startDate).toEqual(new Date('2026-11-22T12:00:00.123Z'));
  expect(
    await client.send(new DescribeExecutionCommand({ executionArn: started.executionArn })),
  ).toMatchObject({
    executionArn: started.executionArn,
    stateMachineArn,
    name: 'run-1',
    status: 'RUNNING',
    input: '{"objects":["tags"]}',
    startDate: new Date('2026-11-22T12:00:00.123Z'),
  });
});

test('without name and input, a name is generated and the input is empty', async () => {
  const client = new SFNClient({});
  const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn }));
  const described = await client.send(new DescribeExecutionCommand({ executionArn }));
  expect(described).toMatchObject({ input: '{}', name: expect.stringMatching(/^[\w-]{36}$/) });
});

test('failures have the names of Step Functions', async () => {
  const client = new SFNClient({ maxAttempts: 1 });
  const run = (more: object) =>
    client.send(new StartExecutionCommand({ stateMachineArn, name: 'run-2', ...more }));
  await run({});
  await expect(run({})).rejects.toBeInstanceOf(ExecutionAlreadyExists);
  await expect(run({ name: 'a b' })).rejects.toBeInstanceOf(InvalidName);
  await expect(run({ input: '{' })).rejects.toBeInstanceOf(InvalidExecutionInput);
  await expect(run({ name: 'bug' })).rejects.toThrow('a bug of the backend');
  await expect(client.send(new DescribeExecutionCommand({ executionArn: 'arn:x' }))).rejects.toBeInstanceOf(
    ExecutionDoesNotExist,
  );
});

test('without a backend nothing can be started', async () => {
  await start();
  const client = new SFNClient({});
  await expect(client.send(new StartExecutionCommand({ stateMachineArn }))).rejects.toBeInstanceOf(
    StateMachineDoesNotExist,
  );
});
