/** State of each object as one DynamoDB item; every change is one conditional update under the fence. */
import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { ObjectName } from '../core/names.ts';
import type { Conditional, ObjectState, StateStore } from '../core/ports.ts';
import { callAws, isConditionFailure } from './errors.ts';

type Item = Record<string, AttributeValue>;

/** Leases, marks and committed state are JSON texts; only the fence takes part in conditions. */
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
});

const WORKSPACE_KEY: Item = { pk: { S: 'workspace' } };

const objectKey = (object: ObjectName): Item => ({ pk: { S: `object#${object}` } });

interface Change {
  /** Attributes set to a JSON text; null removes the attribute. */
  readonly set: Readonly<Record<string, unknown>>;
  readonly raisesFence: boolean;
}

function updateOf(table: string, object: ObjectName, fence: number, change: Change): UpdateItemCommandInput {
  const entries = Object.entries(change.set);
  const kept = entries.filter(([, value]) => value !== null);
  const removed = entries.filter(([, value]) => value === null).map(([name]) => `#${name}`);
  const next = change.raisesFence ? fence + 1 : fence;
  const sets = ['fence = :next', ...kept.map(([name]) => `#${name} = :${name}`)];
  return {
    TableName: table,
    Key: objectKey(object),
    UpdateExpression: `SET ${sets.join(', ')}${removed.length > 0 ? ` REMOVE ${removed.join(', ')}` : ''}`,
    ConditionExpression: fence === 0 ? 'attribute_not_exists(fence) OR fence = :fence' : 'fence = :fence',
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

export function createDynamoDbStateStore(client: DynamoDBClient, table: string): StateStore {
  async function change(
    object: ObjectName,
    fence: number,
    wanted: Change,
  ): Promise<Conditional<ObjectState>> {
    try {
      const command = new UpdateItemCommand(updateOf(table, object, fence, wanted));
      const { Attributes } = await callAws(`update the state of ${object}`, () => client.send(command));
      return { ok: true, value: stateOf(object, Attributes ?? {}) };
    } catch (error) {
      if (isConditionFailure(error)) return { ok: false };
      throw error;
    }
  }

  return {
    async load(object) {
      const command = new GetItemCommand({ TableName: table, Key: objectKey(object), ConsistentRead: true });
      const { Item } = await callAws(`read the state of ${object}`, () => client.send(command));
      return stateOf(object, Item ?? {});
    },
    takeLease: (object, fence, lease) => change(object, fence, { set: { lease }, raisesFence: true }),
    markCommitting: (object, fence, committing) =>
      change(object, fence, { set: { committing }, raisesFence: false }),
    commit: (object, fence, committed) =>
      change(object, fence, { set: { committed, committing: null }, raisesFence: false }),
    async releaseLease(object, fence) {
      await change(object, fence, { set: { lease: null }, raisesFence: false });
    },
    async claimWorkspace(workspaceId) {
      const command = new UpdateItemCommand({
        TableName: table,
        Key: WORKSPACE_KEY,
        UpdateExpression: 'SET workspaceId = if_not_exists(workspaceId, :id)',
        ExpressionAttributeValues: { ':id': { S: workspaceId } },
        ReturnValues: 'ALL_NEW',
      });
      const { Attributes } = await callAws('read the workspace of the pipeline', () => client.send(command));
      return Attributes?.workspaceId?.S ?? workspaceId;
    },
    async claimedWorkspace() {
      const command = new GetItemCommand({ TableName: table, Key: WORKSPACE_KEY, ConsistentRead: true });
      const { Item } = await callAws('read the workspace of the pipeline', () => client.send(command));
      return Item?.workspaceId?.S ?? null;
    },
    async moveWorkspace(workspaceId) {
      const command = new UpdateItemCommand({
        TableName: table,
        Key: WORKSPACE_KEY,
        UpdateExpression: 'SET workspaceId = :id',
        ExpressionAttributeValues: { ':id': { S: workspaceId } },
      });
      await callAws('change the workspace of the pipeline', () => client.send(command));
    },
    reset: (object, fence) =>
      change(object, fence, { set: { committed: null, committing: null, lease: null }, raisesFence: true }),
  };
}
