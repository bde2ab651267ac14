/** What the embedded endpoints cannot do: races, throttling, refusals. */
import type { AttributeValue, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SFNClient } from '@aws-sdk/client-sfn';
import { describe, expect, test } from 'vitest';
import { createDynamoDbAuthorizationStore } from '../../../functions/aws/dynamodb-authorization-store.ts';
import { createDynamoDbRateBudget } from '../../../functions/aws/dynamodb-rate-budget.ts';
import { createDynamoDbStateStore } from '../../../functions/aws/dynamodb-state-store.ts';
import { callAws } from '../../../functions/aws/errors.ts';
import { createEventBridgeEvents } from '../../../functions/aws/eventbridge-events.ts';
import { createS3Lake } from '../../../functions/aws/s3-lake.ts';
import { createSecretsOAuthClientSource } from '../../../functions/aws/secrets-oauth-client-source.ts';
import { createSecretsTokenSource } from '../../../functions/aws/secrets-token-source.ts';
import { createSfnExecutions } from '../../../functions/aws/sfn-executions.ts';
import type { SyncCompleted } from '../../../functions/core/sync-event.ts';
import { createMemoryClock } from '../../support/memory/memory-clock.ts';

const B = { bucket: 'b', prefix: '' };

type Item = Readonly<Record<string, AttributeValue>>;

const named = (name: string, more: Record<string, unknown> = {}): Error =>
  Object.assign(new Error(`it was ${name}`), { name, ...more });

/** A client that returns the answers in order, and repeats the last one. */
function answering<C>(...answers: readonly unknown[]): { client: C; calls: () => number } {
  let calls = 0;
  const client = {
    send: async () => {
      const answer = answers[Math.min(calls, answers.length - 1)];
      calls += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  return { client: client as unknown as C, calls: () => calls };
}

describe('an error of AWS', () => {
  test.each([
    [named('InternalError', { $metadata: { httpStatusCode: 500 } })],
    [named('ServiceUnavailable', { $metadata: { httpStatusCode: 503 } })],
    [named('SlowDown', { $metadata: { httpStatusCode: 400 } })],
    [named('ThrottlingException')],
    [named('ProvisionedThroughputExceededException')],
    [named('Error', { code: 'ECONNRESET' })],
    [named('TimeoutError')],
    [named('X', { $retryable: {} })],
  ])('that is transient can be retried: %s', async (error) => {
    const call = callAws('do it', () => Promise.reject(error));
    await expect(call).rejects.toMatchObject({
      name: 'RetryableError',
      code: 'aws_unavailable',
      cause: error,
    });
  });

  test.each([
    [named('AccessDenied', { $metadata: { httpStatusCode: 403 } })],
    [named('ValidationException', { $metadata: { httpStatusCode: 400 } })],
    [named('TypeError')],
    ['no error at all'],
  ])('that is not transient stays the same: %s', async (error) => {
    await expect(callAws('do it', () => Promise.reject(error))).rejects.toBe(error);
  });
});

describe('the S3 lake', () => {
  const race = named('ConditionalRequestConflict', { $metadata: { httpStatusCode: 409 } });

  test('tries again if conditional writes race', async () => {
    const { client, calls } = answering<S3Client>(race, race, named('PreconditionFailed'));
    expect(await createS3Lake(client, B).putNew('k', new Uint8Array())).toBe('exists');
    expect(calls()).toBe(3);
  });

  test('leaves a race that does not end to the workflow', async () => {
    const { client } = answering<S3Client>(race);
    const put = createS3Lake(client, B).putNew('k', new Uint8Array());
    await expect(put).rejects.toMatchObject({ name: 'RetryableError', cause: race });
  });

  test('returns null for a missing object only', async () => {
    const denied = named('AccessDenied', { $metadata: { httpStatusCode: 403 } });
    const { client } = answering<S3Client>(denied);
    await expect(createS3Lake(client, B).get('k')).rejects.toBe(denied);
  });

  test('names the file that could not be deleted', async () => {
    const { client } = answering<S3Client>({
      Errors: [{ Key: 'k1', Code: 'AccessDenied', Message: 'denied' }],
    });
    await expect(createS3Lake(client, B).delete(['k1'])).rejects.toThrow("'k1' could not be deleted: denied");
  });

  test.each(['SlowDown', 'InternalError', 'ServiceUnavailable'])(
    'leaves %s for one of the keys to the workflow',
    async (Code) => {
      const { client } = answering<S3Client>({ Errors: [{ Key: 'k1', Code, Message: 'busy' }] });
      await expect(createS3Lake(client, B).delete(['k1'])).rejects.toMatchObject({ name: 'RetryableError' });
    },
  );

  test('deletes in batches that S3 accepts', async () => {
    const { client, calls } = answering<S3Client>({});
    await createS3Lake(client, B).delete(Array.from({ length: 2_001 }, (_unused, index) => `k${index}`));
    expect(calls()).toBe(3);
  });
});

test('the state store refuses only for a failed condition', async () => {
  const { client } = answering<DynamoDBClient>(named('AccessDeniedException'));
  const store = createDynamoDbStateStore(client, 't');
  await expect(store.takeLease('tags', 0, { executionArn: 'a', runId: 'r' })).rejects.toThrow('AccessDenied');
});

test('the rate budget refuses only for a failed condition', async () => {
  const { client } = answering<DynamoDBClient>({}, named('AccessDeniedException'));
  const budget = createDynamoDbRateBudget(client, 't', createMemoryClock());
  await expect(budget.permit('bulk', new AbortController().signal)).rejects.toThrow('AccessDenied');
});

describe('the authorization store', () => {
  const failed = named('ConditionalCheckFailedException');
  const item = (takenBy: string) => ({
    Item: { validUntil: { N: '600' }, replaceWorkspace: { BOOL: true }, takenBy: { S: takenBy } },
  });

  test("recognizes the SDK's retry of its own write", async () => {
    let taker = '';
    const send = async ({ input }: { input: { ExpressionAttributeValues?: Item } }) => {
      if (input.ExpressionAttributeValues === undefined) return item(taker);
      // The write arrived, its answer was lost, and the SDK sent it again.
      taker = input.ExpressionAttributeValues[':taker']?.S ?? '';
      throw failed;
    };
    const store = createDynamoDbAuthorizationStore({ send } as unknown as DynamoDBClient, 't');
    expect(await store.take('aa', 1)).toEqual({
      status: 'taken',
      request: { expiresAt: 600, replaceWorkspace: true },
    });
  });

  test("does not take another caller's write for its own", async () => {
    const { client } = answering<DynamoDBClient>(failed, item('somebody else'));
    expect(await createDynamoDbAuthorizationStore(client, 't').take('aa', 1)).toEqual({
      status: 'used',
      outcome: null,
    });
  });

  test('refuses only for a failed condition', async () => {
    const { client } = answering<DynamoDBClient>(named('AccessDeniedException'));
    const store = createDynamoDbAuthorizationStore(client, 't');
    await expect(store.take('aa', 1)).rejects.toThrow('AccessDenied');
  });
});

describe("the app's client", () => {
  test.each([
    ['{"client_id":" a\\n","client_secret":"b"}', { clientId: 'a', clientSecret: 'b' }],
    ['{"client_id":"","client_secret":""}', null],
    ['{"client_id":"a","client_secret":" "}', null],
    ['{"client_id":"a"}', null],
    ['{"client_id":5,"client_secret":"b"}', null],
    ['not json with b', null],
    ['null', null],
  ])('in %j', async (SecretString, client) => {
    const { client: manager } = answering<SecretsManagerClient>({ SecretString });
    expect(await createSecretsOAuthClientSource(manager, 's').load()).toEqual(client);
  });
});

test('an execution that may not be described does not count as over', async () => {
  const denied = named('AccessDeniedException');
  const executions = createSfnExecutions(answering<SFNClient>(denied).client);
  await expect(executions.status('arn')).rejects.toBe(denied);
  await expect(executions.start('m', 'n', {})).rejects.toBe(denied);
});

test('an execution that waits to be redriven still holds its lease', async () => {
  const { client } = answering<SFNClient>({ status: 'PENDING_REDRIVE' }, { status: 'TIMED_OUT' });
  const executions = createSfnExecutions(client);
  expect(await executions.status('arn')).toBe('running');
  expect(await executions.status('arn')).toBe('over');
});

describe('the event of a run', () => {
  const event = { format: 1, run_id: 'r' } as SyncCompleted;

  test('is sent again by the workflow if EventBridge refuses it in an answer of 200', async () => {
    const refused = { FailedEntryCount: 1, Entries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'oh' }] };
    const { client } = answering<EventBridgeClient>(refused);
    await expect(createEventBridgeEvents(client).syncCompleted(event)).rejects.toMatchObject({
      name: 'RetryableError',
      code: 'event_refused',
      message: 'EventBridge did not accept the event: InternalFailure (oh).',
    });
  });

  test('is sent again if EventBridge throttles, but not if it is forbidden', async () => {
    const { client } = answering<EventBridgeClient>(named('ThrottlingException'));
    const throttled = createEventBridgeEvents(client).syncCompleted(event);
    await expect(throttled).rejects.toMatchObject({ name: 'RetryableError' });
    const denied = named('AccessDeniedException');
    const forbidden = createEventBridgeEvents(answering<EventBridgeClient>(denied).client);
    await expect(forbidden.syncCompleted(event)).rejects.toBe(denied);
  });
});

describe('the token', () => {
  test('is read once, and again after it was forgotten', async () => {
    const { client, calls } = answering<SecretsManagerClient>(
      { SecretString: '{"access_token":"t"}' },
      { SecretString: '{"access_token":"u"}' },
    );
    const tokens = createSecretsTokenSource(client, 's');
    expect(await tokens.connection()).toEqual({ accessToken: 't' });
    expect(await tokens.connection()).toEqual({ accessToken: 't' });
    expect(calls()).toBe(1);
    tokens.forget();
    expect(await tokens.connection()).toEqual({ accessToken: 'u' });
  });

  test.each([[undefined], ['{}'], ['null'], ['not json'], ['{"access_token":""}'], ['{"access_token":5}']])(
    'is missing in %j: not connected, and read again',
    async (SecretString) => {
      const { client } = answering<SecretsManagerClient>(
        { SecretString },
        { SecretString: '{"access_token":"t"}' },
      );
      const tokens = createSecretsTokenSource(client, 'my-secret');
      await expect(tokens.connection()).rejects.toMatchObject({
        name: 'ConnectionError',
        code: 'not_connected',
      });
      expect(await tokens.connection()).toEqual({ accessToken: 't' });
    },
  );
});
