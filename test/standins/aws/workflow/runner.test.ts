/** The runner beyond the deployed definition: it refuses what it cannot run, and it behaves as Lambda does. */
import { describe, expect, test } from 'vitest';
import { invoke, type RunnableFunction } from '../../../../lib/standins/aws/workflow/invocation.ts';
import { createWorkflowRunner } from '../../../../lib/standins/aws/workflow/workflow-runner.ts';

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:Worker';
const MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:Machine';
const REQUEST = { executionArn: 'e', executionName: 'n', startTime: '2026-01-01T00:00:00.000Z', input: {} };

const task = (more: object = {}) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Parameters: { FunctionName: ARN, 'Payload.$': '$' },
  End: true,
  ...more,
});

const runnable = (handler: RunnableFunction['handler'], timeoutSeconds = 5): RunnableFunction => ({
  arn: ARN,
  timeoutSeconds,
  memoryMiB: 512,
  handler,
});

const create = (States: object, handler: RunnableFunction['handler'] = async () => null, rest: object = {}) =>
  createWorkflowRunner({
    definition: { StartAt: 'First', States, ...rest },
    stateMachineArn: MACHINE,
    functions: [runnable(handler)],
  });

describe('a definition that cannot be run here', () => {
  const item = { ItemProcessor: { StartAt: 'Inner', States: { Inner: task() } }, End: true };
  test.each([
    ['assigns variables', { First: task({ Assign: { a: 1 } }) }, /First cannot be run .* Assign/],
    [
      'runs in parallel',
      { First: { Type: 'Parallel', Branches: [{ StartAt: 'A', States: { A: task() } }], End: true } },
      /First/,
    ],
    ['leaves open how many run at a time', { First: { Type: 'Map', ...item } }, /First .*\n.*MaxConcurrency/],
    [
      'has such a state within a Map',
      {
        First: {
          Type: 'Map',
          MaxConcurrency: 1,
          End: true,
          ItemProcessor: { StartAt: 'Inner', States: { Inner: task({ HeartbeatSeconds: 5 }) } },
        },
      },
      /Inner cannot be run .* HeartbeatSeconds/,
    ],
  ])('is refused when it %s', (_, states, message) => {
    expect(() => create(states)).toThrow(message);
  });
});

describe('the runner', () => {
  test('fails a task whose function does not exist, as AWS does', async () => {
    const { run } = create({ First: task({ Parameters: { FunctionName: 'arn:other', Payload: {} } }) });
    expect(await run(REQUEST)).toMatchObject({
      status: 'FAILED',
      error: { name: 'Lambda.ResourceNotFoundException', cause: expect.stringContaining('arn:other') },
    });
  });

  test('ends an execution that outlives its timeout', async () => {
    const wait = { Type: 'Wait', Seconds: 30, End: true };
    const { run } = create({ First: wait }, undefined, { TimeoutSeconds: 1 });
    expect(await run(REQUEST)).toMatchObject({ status: 'TIMED_OUT', error: { name: 'States.Timeout' } });
  });

  test('knows the context object in every branch: the execution, the state machine and the item', async () => {
    const payload = {
      'arn.$': '$$.Execution.Id',
      'name.$': '$$.Execution.Name',
      'startTime.$': '$$.Execution.StartTime',
      'input.$': '$$.Execution.Input',
      'machine.$': '$$.StateMachine.Id',
      'item.$': '$$.Map.Item.Value.id',
      'index.$': '$$.Map.Item.Index',
    };
    const inner = task({ Parameters: { FunctionName: ARN, Payload: payload }, OutputPath: '$.Payload' });
    const map = { Type: 'Map', MaxConcurrency: 1, ItemsPath: '$.items', End: true };
    const input = { items: [{ id: 'a' }, { id: 'b' }] };
    const { run } = create(
      { First: { ...map, ItemProcessor: { StartAt: 'Inner', States: { Inner: inner } } } },
      async (event) => event,
    );
    const common = { arn: 'e', name: 'n', startTime: REQUEST.startTime, input, machine: MACHINE };
    expect(await run({ ...REQUEST, input })).toEqual({
      status: 'SUCCEEDED',
      output: [
        { ...common, item: 'a', index: 0 },
        { ...common, item: 'b', index: 1 },
      ],
    });
  });
});

describe('an invocation', () => {
  const never = new AbortController().signal;

  test('gives the handler what Lambda gives it', async () => {
    const seen = await invoke(
      runnable(async (event, context) => ({ event, context, ms: context.getRemainingTimeInMillis() })),
      { a: 1 },
      never,
    );
    expect(seen).toMatchObject({
      event: { a: 1 },
      context: {
        functionName: 'Worker',
        invokedFunctionArn: ARN,
        memoryLimitInMB: '512',
        awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    });
    expect((seen as { ms: number }).ms).toBeGreaterThan(4_000);
  });

  test('without a result answers null', async () => {
    expect(
      await invoke(
        runnable(async () => undefined),
        {},
        never,
      ),
    ).toBeNull();
  });

  test('keeps the name of an error and reports it as JSON', async () => {
    const failure = invoke(
      runnable(() => {
        throw new RangeError('too far');
      }),
      {},
      never,
    );
    await expect(failure).rejects.toMatchObject({ name: 'RangeError' });
    const error: unknown = await failure.catch((thrown: unknown) => thrown);
    expect(JSON.parse(error instanceof Error ? error.message : '')).toMatchObject({
      errorType: 'RangeError',
      errorMessage: 'too far',
      trace: expect.arrayContaining(['RangeError: too far']),
    });
  });

  test('reports thrown values that are not errors', async () => {
    const failure = invoke(
      runnable(async () => Promise.reject('just text')),
      {},
      never,
    );
    await expect(failure).rejects.toMatchObject({
      name: 'string',
      message: expect.stringContaining('just text'),
    });
  });
});
