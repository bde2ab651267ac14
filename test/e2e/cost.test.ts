/** The cost model counts what a run really uses: states entered, calls of functions, requests to S3 and DynamoDB. */
import diagnostics from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PipelineConfig } from '../../functions/config/config.ts';
import { OBJECT_NAMES, type ObjectName } from '../../functions/core/names.ts';
import { LOOK_MS } from '../../functions/intercom/http/request-cap.ts';
import { NO_USAGE, type RunUsage, runUsage } from '../../lib/cli/cost/usage.ts';
import { type Bench, type Session, SMALL, startBench } from '../support/local/local-bench.ts';
import { HOUR } from '../support/local/test-clock.ts';

const STARTED = 'http.client.request.start';

/** Of one execution. */
type Counted = Record<keyof RunUsage, number>;

const OPERATIONS: Readonly<Record<string, keyof RunUsage>> = {
  'DynamoDB_20120810.GetItem': 'dynamoDbReads',
  'DynamoDB_20120810.UpdateItem': 'dynamoDbWrites',
};

function usageOf(request: ClientRequest): keyof RunUsage | undefined {
  const target = request.getHeader('x-amz-target');
  if (typeof target === 'string') return OPERATIONS[target];
  if (request.method === 'PUT') return 's3Puts';
  return request.path.includes('list-type') ? 's3Lists' : 's3Gets';
}

let bench: Bench;
let session: Session;

const open = async (config: PipelineConfig = {}): Promise<void> => {
  session = await bench.open({ config });
  await session.run();
  bench.clock.advance(HOUR);
};
beforeAll(async () => {
  bench = await startBench({ simulator: { sizes: SMALL } });
  await open();
});
afterAll(async () => {
  await session.close();
  await bench.close();
});

/** Runs once and counts. */
async function counted(input: Readonly<Record<string, unknown>>): Promise<Counted> {
  const counts: Counted = { ...NO_USAGE };
  const onRequest = (message: unknown): void => {
    const { request } = message as { readonly request: ClientRequest };
    const kind = usageOf(request);
    if (kind !== undefined) counts[kind] += 1;
  };
  diagnostics.subscribe(STARTED, onRequest);
  const { executions, runner } = session.pipeline;
  const { arn, name, startTime } = executions.begin({ input });
  const outcome = await runner.run({
    executionArn: arn,
    executionName: name,
    startTime,
    input,
    onEvent: ({ type, state }) => {
      if (type !== 'StateEntered') return;
      counts.stateTransitions += 1;
      if (/^(StartRun|FinishRun|PlanObject|ExtractSlice|CommitObject)$/.test(state)) counts.invocations += 1;
    },
  });
  await runner.idle();
  diagnostics.unsubscribe(STARTED, onRequest);
  executions.finish(outcome.status);
  expect(outcome.status).toBe('SUCCEEDED');
  return counts;
}

function isAsModelled(counts: Counted, expected: RunUsage): void {
  expect(counts.stateTransitions).toBe(expected.stateTransitions);
  expect(counts.invocations).toBe(expected.invocations);
  // Requests vary a little with what there is to write: never more than the model says, nor far less.
  for (const kind of ['s3Puts', 's3Lists', 's3Gets', 'dynamoDbWrites', 'dynamoDbReads'] as const) {
    expect(counts[kind], kind).toBeLessThanOrEqual(expected[kind]);
    expect(counts[kind] * 3, kind).toBeGreaterThanOrEqual(expected[kind]);
  }
}

describe('a run in which little changed uses what the cost model says', () => {
  test.each([
    ['all objects', OBJECT_NAMES],
    [
      'the incremental objects',
      ['contacts', 'conversations', 'conversation_parts', 'tickets', 'activity_logs'],
    ],
    ['one object', ['tags']],
  ])('%s', async (_what, objects) => {
    isAsModelled(await counted({ objects }), runUsage(objects as readonly ObjectName[]));
  });

  test('with `concurrency`, also the shares of it', async () => {
    await session.close();
    await open({ concurrency: 40 });
    const startedAt = performance.now();
    const shared = await counted({ objects: OBJECT_NAMES });
    const usage = runUsage(OBJECT_NAMES, true);
    // Whoever has a share looks after it as long as they work: four objects at a time.
    const looks = Math.ceil((4 * (performance.now() - startedAt)) / LOOK_MS);
    isAsModelled(shared, { ...usage, dynamoDbReads: usage.dynamoDbReads + looks });
    expect(shared.dynamoDbWrites).toBeGreaterThan(runUsage(OBJECT_NAMES).dynamoDbWrites);
  });
});
