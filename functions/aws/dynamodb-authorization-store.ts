/** Requests to authorize, one item each. The key is a hash, so whoever reads the table cannot complete any of them. */
import { randomUUID } from 'node:crypto';
import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { AuthorizationOutcome } from '../core/authorization.ts';
import type { AuthorizationStore, TakenAuthorization } from '../core/ports.ts';
import { DAY_SECONDS, type EpochSeconds } from '../core/time.ts';
import { callAws, isConditionFailure } from './errors.ts';

type Item = Record<string, AttributeValue>;

const keyOf = (stateHash: string): Item => ({ pk: { S: `oauth#${stateHash}` } });

/** The table's time-to-live removes an item a day after it expires, so that a late callback learns the reason. */
const removedAt = (expiresAt: EpochSeconds) => ({ N: String(expiresAt + DAY_SECONDS) });

const seconds = (item: Item, name: string): EpochSeconds => Number(item[name]?.N ?? 0);

function outcomeIn({ outcome }: Item): AuthorizationOutcome | null {
  return outcome?.S === undefined ? null : (JSON.parse(outcome.S) as AuthorizationOutcome);
}

export function createDynamoDbAuthorizationStore(client: DynamoDBClient, table: string): AuthorizationStore {
  async function find(stateHash: string): Promise<Item | null> {
    const command = new GetItemCommand({ TableName: table, Key: keyOf(stateHash), ConsistentRead: true });
    const { Item } = await callAws('read the authorization', () => client.send(command));
    return Item ?? null;
  }

  const taken = (item: Item): TakenAuthorization => ({
    status: 'taken',
    request: {
      expiresAt: seconds(item, 'validUntil'),
      replaceWorkspace: item.replaceWorkspace?.BOOL === true,
    },
  });

  return {
    async begin(stateHash, { expiresAt, replaceWorkspace }) {
      const command = new UpdateItemCommand({
        TableName: table,
        Key: keyOf(stateHash),
        UpdateExpression: 'SET validUntil = :until, replaceWorkspace = :replace, expiresAt = :removed',
        ExpressionAttributeValues: {
          ':until': { N: String(expiresAt) },
          ':replace': { BOOL: replaceWorkspace },
          ':removed': removedAt(expiresAt),
        },
      });
      await callAws('store the authorization', () => client.send(command));
    },
    async take(stateHash, now) {
      const taker = randomUUID();
      try {
        const command = new UpdateItemCommand({
          TableName: table,
          Key: keyOf(stateHash),
          UpdateExpression: 'SET takenBy = :taker',
          ConditionExpression: 'attribute_not_exists(takenBy) AND validUntil > :now',
          ExpressionAttributeValues: { ':taker': { S: taker }, ':now': { N: String(now) } },
          ReturnValues: 'ALL_NEW',
        });
        const { Attributes } = await callAws('take the authorization', () => client.send(command));
        return taken(Attributes ?? {});
      } catch (error) {
        if (!isConditionFailure(error)) throw error;
        const item = await find(stateHash);
        if (item === null) return { status: 'unknown' };
        // The SDK may retry a write that had succeeded; the retry then fails its own condition.
        if (item.takenBy?.S === taker) return taken(item);
        if (item.takenBy === undefined) return { status: 'expired' };
        return { status: 'used', outcome: outcomeIn(item) };
      }
    },
    async settle(stateHash, outcome) {
      const command = new UpdateItemCommand({
        TableName: table,
        Key: keyOf(stateHash),
        UpdateExpression: 'SET outcome = :outcome',
        ConditionExpression: 'attribute_exists(takenBy)',
        ExpressionAttributeValues: { ':outcome': { S: JSON.stringify(outcome) } },
      });
      await callAws('record the authorization', () => client.send(command));
    },
    async outcome(stateHash) {
      const item = await find(stateHash);
      return item === null ? null : outcomeIn(item);
    },
  };
}
