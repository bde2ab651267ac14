import { StateMachine, type StateMachineDefinition } from 'aws-local-stepfunctions';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../functions/config/config.ts';
import { DEFAULT_OBJECTS, OBJECT_NAMES } from '../../functions/core/names.ts';
import { localResources, synthesize } from '../../lib/template/template.ts';

interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly ResultPath?: string | null;
  readonly MaxConcurrency?: number;
  readonly TimeoutSeconds?: number;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly { readonly ErrorEquals: readonly string[]; readonly Next: string }[];
  readonly ItemProcessor?: { readonly States: Readonly<Record<string, State>> };
}
interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds: number;
  readonly MaxAttempts: number;
  readonly BackoffRate: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy: string;
}

const { stateMachine, functions } = localResources(
  synthesize(parseConfig({ parallelism: { objects: 3, slices: 5 } })),
);
const definition = stateMachine.definition as {
  readonly States: Readonly<Record<string, State>>;
  readonly TimeoutSeconds: number;
};

test('the definition is valid', () => {
  // The library writes into what it is given.
  const valid = (given: unknown) => () => new StateMachine(structuredClone(given) as StateMachineDefinition);
  expect(valid(definition)).not.toThrow();
  expect(valid({ ...definition, StartAt: 'Nowhere' })).toThrow(/invalid/);
});

const allStates = (states: Readonly<Record<string, State>>): readonly (readonly [string, State])[] =>
  Object.entries(states).flatMap(([name, state]) => [
    [name, state] as const,
    ...allStates(state.ItemProcessor?.States ?? {}),
  ]);
const states = allStates(definition.States);
const tasks = states.filter(([, { Type }]) => Type === 'Task');
const maps = states.filter(([, { Type }]) => Type === 'Map');
const stateNamed = (name: string): State | undefined => states.find(([each]) => each === name)?.[1];

test('state names are verb and noun in PascalCase, each once', () => {
  const names = states.map(([name]) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^([A-Z][a-z]+){2}$/);
});

test('it is in JSONPath, and without features that the local runner does not know', () => {
  const text = JSON.stringify(definition);
  for (const word of ['JSONata', 'Assign', 'ItemReader', 'ItemBatcher', 'ResultWriter', 'Tolerated']) {
    expect(text).not.toContain(word);
  }
});

test('both Maps discard their results, run inline, and limit their concurrency', () => {
  expect(Object.fromEntries(maps.map(([name, map]) => [name, map.MaxConcurrency]))).toEqual({
    SyncObjects: 3,
    ExtractSlices: 5,
  });
  for (const [, map] of maps) {
    expect(map.ResultPath).toBeNull();
    expect(map.ItemProcessor).toMatchObject({ ProcessorConfig: { Mode: 'INLINE' } });
  }
});

test('the definition names the extractor of every object', () => {
  const payload = stateNamed('StartRun')?.Parameters?.Payload as { extractors: Record<string, string> };
  const named = Object.entries(payload.extractors).map(([object, arn]) => {
    return functions.find((each) => each.arn === arn)?.environment.OBJECT_NAME === object;
  });
  expect(named).toHaveLength(DEFAULT_OBJECTS.length);
  expect(named).not.toContain(false);
});

describe.each(tasks)('%s', (_name, task) => {
  test('is an invocation that outlasts the time-out of its function', () => {
    expect(task.Resource).toBe('arn:aws:states:::lambda:invoke');
    const timeouts = functions.map(({ timeoutSeconds }) => timeoutSeconds + 60);
    expect(timeouts).toContain(task.TimeoutSeconds);
  });

  test('retries what may pass by itself, and nothing else', () => {
    expect(task.Retry?.map(({ ErrorEquals }) => ErrorEquals)).toEqual([
      [
        'RetryableError',
        'Lambda.ServiceException',
        'Lambda.AWSLambdaException',
        'Lambda.SdkClientException',
        'Lambda.ClientExecutionTimeoutException',
      ],
      ['Lambda.TooManyRequestsException'],
      ['Lambda.Unknown', 'Sandbox.Timedout', 'Runtime.ExitError', 'Runtime.OutOfMemory', 'States.Timeout'],
    ]);
    expect(task.Retry?.map(({ JitterStrategy }) => JitterStrategy)).toEqual(['FULL', 'FULL', 'FULL']);
  });
});

/** Sum of the longest delays of a retrier, in seconds. */
const longest = ({ IntervalSeconds, MaxAttempts, BackoffRate, MaxDelaySeconds = Infinity }: Retrier) =>
  Array.from({ length: MaxAttempts }, (_, attempt) =>
    Math.min(IntervalSeconds * BackoffRate ** attempt, MaxDelaySeconds),
  ).reduce((sum, delay) => sum + delay, 0);

test('the retries last as long as their comments say', () => {
  const [trouble, throttling, crashes] = stateNamed('ExtractSlice')?.Retry ?? [];
  if (!trouble || !throttling || !crashes) throw new Error('a retrier is missing');
  expect(longest(trouble)).toBe(1_515);
  expect(longest(throttling)).toBe(22_622);
  expect(crashes.MaxAttempts).toBe(3);
  expect(definition.TimeoutSeconds).toBeGreaterThan(longest(throttling) + 4 * 3_600);
});

test('a failure of an object is recorded, and recording it cannot fail the others', () => {
  for (const name of ['PlanObject', 'ExtractSlices', 'CommitObject']) {
    expect(stateNamed(name)?.Catch).toMatchObject([{ ErrorEquals: ['States.ALL'], Next: 'RecordFailure' }]);
  }
  expect(stateNamed('RecordFailure')?.Catch).toMatchObject([
    { ErrorEquals: ['States.ALL'], Next: 'FinishObject' },
  ]);
  for (const name of ['FinishRun', 'ExtractSlice']) expect(stateNamed(name)?.Catch).toBeUndefined();
});

test('a run that cannot begin says why in one sentence, whatever the source', () => {
  expect(stateNamed('StartRun')?.Catch).toMatchObject([
    { ErrorEquals: ['States.ALL'], Next: 'CheckRefusal' },
  ]);
  expect(stateNamed('ReadRefusal')?.Parameters).toEqual({
    'name.$': '$.Error',
    'report.$': 'States.StringToJson($.Cause)',
  });
  expect(stateNamed('RunRefused')).toMatchObject({
    ErrorPath: '$.name',
    CausePath: '$.report.errorMessage',
  });
  expect(stateNamed('StartFailed')).toMatchObject({
    ErrorPath: '$.Error',
    CausePath: '$.Cause',
  });
});

/** The arithmetic of docs/decisions/017: 16 objects that may be cut into 100 slices, and 9 lists of one. */
test('a full run of 16 × 100 + 9 slices stays within 25,000 events at the derived number of invocations', () => {
  const perSlice = (invocations: number) => 2 + 7 * invocations + 2;
  const events = (slices: number, invocations: number) =>
    22 + DEFAULT_OBJECTS.length * 20 + slices * perSlice(invocations);
  expect(DEFAULT_OBJECTS).toHaveLength(25);
  expect(events(1_609, 1)).toBe(18_221);
  expect(events(1_609, 1.6)).toBeLessThan(25_000);
  expect(events(500, 6.4)).toBeLessThan(25_000);
  // With the three that are synced on request.
  const onRequest = (OBJECT_NAMES.length - DEFAULT_OBJECTS.length) * 20;
  expect(onRequest + events(1_612, 1.5)).toBeLessThan(25_000);
  const hour = (atOnce: number) => 1 + (atOnce * 60) / 14 / 1_609;
  expect(Math.round(events(1_609, hour(8 * 8)))).toBe(20_141);
  expect(Math.round(events(1_609, hour(4 * 4)))).toBe(18_701);
});
