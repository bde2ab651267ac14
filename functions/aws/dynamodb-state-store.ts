/** The state of each object as one DynamoDB item. Every change is one conditional update under the fence. */
import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { ObjectName } from '../core/names.ts';
import type { Conditional, FailureStreak, ObjectState, StateStore } from '../core/ports.ts';
import { callAws, isConditionFailure, optionsOf } from './errors.ts';

type Item = Record<string, AttributeValue>;

/** Lease, mark and committed state are JSON texts. */
const parsed = <T>(item: Item, name: string): T | null => {
  const text = item[name]?.S;
  return text === undefined ? null : (JSON.parse(text) as T);
};

const stateOf = (object: ObjectName, item: Item): ObjectState => ({
  object,
  fence: Number(item.fence?.N ?? 0),
  lease: parsed(item, 'lease'),
  committing: parsed(item, 'committing'),
  committed: parsed(item, 'committed'),
  failures: failuresOf(item),
});

/** A number and a text, so that counting is one conditional update. Older items have neither. */
const failuresOf = ({ failures, failedRun }: Item): FailureStreak | null =>
  failures?.N === undefined || failedRun?.S === undefined
    ? null
    : { count: Number(failures.N), runId: failedRun.S };

const WORKSPACE_KEY: Item = { pk: { S: 'workspace' } };

const objectKey = (object: ObjectName): Item => ({ pk: { S: `object#${object}` } });

interface Change {
  /** Attributes to set, as JSON texts; null removes the attribute. */
  readonly set: Readonly<Record<string, unknown>>;
  readonly endsFailures?: boolean;
  readonly raisesFence: boolean;
}

function updateOf(table: string, object: ObjectName, fence: number, change: Change): UpdateItemCommandInput {
  const entries = Object.entries(change.set);
  const kept = entries.filter(([, value]) => value !== null);
  const removed = [
    ...entries.filter(([, value]) => value === null).map(([name]) => `#${name}`),
    ...(change.endsFailures === true ? ['failures', 'failedRun'] : []),
  ];
  const next = change.raisesFence ? fence + 1 : fence;
  const sets = ['fence = :next', ...kept.map(([name]) => `#${name} = :${name}`)];
  return {
    TableName: table,
    Key: objectKey(object),
    UpdateExpression: `SET ${sets.join(', ')}${removed.length > 0 ? ` REMOVE ${removed.join(', ')}` : ''}`,
    ConditionExpression: fenceIs(fence),
    ...(entries.length > 0 && {
      ExpressionAttributeNames: Object.fromEntries(entries.map(([name]) => [`#${name}`, name])),
    }),
    ExpressionAttributeValues: {
      ':fence': { N: String(fence) },
      ':next': { N: String(next) },
      ...Object.fromEntries(kept.map(([name, value]) => [`:${name}`, { S: JSON.stringify(value) }])),
    },
    ReturnValues: 'ALL_NEW',
  };
}

const fenceIs = (fence: number): string =>
  fence === 0 ? '(attribute_not_exists(fence) OR fence = :fence)' : 'fence = :fence';

function countOf(
  table: string,
  { object, fence, committed }: ObjectState,
  runId: string,
): UpdateItemCommandInput {
  const isAsRead = committed === null ? 'attribute_not_exists(committed)' : 'committed = :committed';
  return {
    TableName: table,
    Key: objectKey(object),
    UpdateExpression: 'ADD failures :one SET failedRun = :run, fence = :fence',
    ConditionExpression: `${fenceIs(fence)} AND ${isAsRead} AND (attribute_not_exists(failedRun) OR failedRun < :run)`,
    ExpressionAttributeValues: {
      ':one': { N: '1' },
      ':run': { S: runId },
      ':fence': { N: String(fence) },
      ...(committed !== null && { ':committed': { S: JSON.stringify(committed) } }),
    },
    ReturnValues: 'ALL_NEW',
  };
}

/** @param signal ends the calls in progress, shortly before the invocation ends */
export function createDynamoDbStateStore(
  client: DynamoDBClient,
  table: string,
  signal?: AbortSignal,
): StateStore {
  const options = optionsOf(signal);
  const call = <T>(what: string, send: () => Promise<T>) => callAws(what, send, signal);
  const change = (object: ObjectName, fence: number, wanted: Change): Promise<Conditional<ObjectState>> =>
    update(object, updateOf(table, object, fence, wanted));

  async function update(
    object: ObjectName,
    input: UpdateItemCommandInput,
  ): Promise<Conditional<ObjectState>> {
    try {
      const command = new UpdateItemCommand(input);
      const { Attributes } = await call(`update the state of ${object}`, () => client.send(command, options));
      return { ok: true, value: stateOf(object, Attributes ?? {}) };
    } catch (error) {
      if (isConditionFailure(error)) return { ok: false };
      throw error;
    }
  }

  async function claimWorkspace(workspaceId: string): Promise<string> {
    const command = new UpdateItemCommand({
      TableName: table,
      Key: WORKSPACE_KEY,
      UpdateExpression: 'SET workspaceId = if_not_exists(workspaceId, :id)',
      ExpressionAttributeValues: { ':id': { S: workspaceId } },
      ReturnValues: 'ALL_NEW',
    });
    const { Attributes } = await call('read the workspace of the pipeline', () =>
      client.send(command, options),
    );
    return Attributes?.workspaceId?.S ?? workspaceId;
  }

  /** An attribute of the pipeline's workspace. */
  async function workspaceText(name: 'workspaceId' | 'replacedId'): Promise<string | null> {
    const command = new GetItemCommand({ TableName: table, Key: WORKSPACE_KEY, ConsistentRead: true });
    const { Item } = await call('read the workspace of the pipeline', () => client.send(command, options));
    return Item?.[name]?.S ?? null;
  }

  return {
    async load(object) {
      const command = new GetItemCommand({ TableName: table, Key: objectKey(object), ConsistentRead: true });
      const { Item } = await call(`read the state of ${object}`, () => client.send(command, options));
      return stateOf(object, Item ?? {});
    },
    takeLease: (object, fence, lease) => change(object, fence, { set: { lease }, raisesFence: true }),
    markCommitting: (object, fence, committing) =>
      change(object, fence, { set: { committing }, raisesFence: false }),
    commit: (object, fence, committed) =>
      change(object, fence, {
        set: { committed, committing: null },
        endsFailures: true,
        raisesFence: false,
      }),
    countFailure: (state, runId) => update(state.object, countOf(table, state, runId)),
    async releaseLease(object, fence) {
      await change(object, fence, { set: { lease: null }, raisesFence: false });
    },
    claimWorkspace,
    claimedWorkspace: () => workspaceText('workspaceId'),
    async moveWorkspace(workspaceId) {
      const owner = await claimWorkspace(workspaceId);
      if (owner === workspaceId) return;
      const command = new UpdateItemCommand({
        TableName: table,
        Key: WORKSPACE_KEY,
        // After two moves the cursors still belong to the first workspace.
        UpdateExpression: 'SET workspaceId = :id, replacedId = if_not_exists(replacedId, :owner)',
        ExpressionAttributeValues: { ':id': { S: workspaceId }, ':owner': { S: owner } },
      });
      await call('change the workspace of the pipeline', () => client.send(command, options));
    },
    replacedWorkspace: () => workspaceText('replacedId'),
    async endReplacement() {
      const command = new UpdateItemCommand({
        TableName: table,
        Key: WORKSPACE_KEY,
        UpdateExpression: 'REMOVE replacedId',
      });
      await call('change the workspace of the pipeline', () => client.send(command, options));
    },
    reset: (object, fence) =>
      change(object, fence, {
        set: { committed: null, committing: null, lease: null },
        endsFailures: true,
        raisesFence: true,
      }),
  };
}
