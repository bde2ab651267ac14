/** The shares of the cap as one DynamoDB item, replaced by conditional writes: each is valid only for what it read. */
import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Share } from '../core/cap-shares.ts';
import { RetryableError } from '../core/errors.ts';
import type { CapShares } from '../core/ports.ts';
import { callAws, isConditionFailure, optionsOf } from './errors.ts';

const KEY = { pk: { S: 'budget#shares' } };

/** Of those that write at the same moment, one succeeds. So this is more than there are invocations. */
const MOST_ROUNDS = 200;

/** Frees the whole cap. Only for a caller that knows that no invocation is in progress. */
export async function freeAllShares(client: DynamoDBClient, table: string): Promise<void> {
  const UpdateExpression = 'REMOVE shares';
  await client.send(new UpdateItemCommand({ TableName: table, Key: KEY, UpdateExpression }));
}

export function createDynamoDbCapShares(client: DynamoDBClient, table: string): CapShares {
  /** The list as it is stored; null if there is none. */
  async function read(signal: AbortSignal | undefined): Promise<string | null> {
    const command = new GetItemCommand({ TableName: table, Key: KEY, ConsistentRead: true });
    const { Item } = await callAws(
      'read the shares of the cap',
      () => client.send(command, optionsOf(signal)),
      signal,
    );
    return Item?.shares?.S ?? null;
  }

  async function replace(
    before: string | null,
    shares: readonly Share[],
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const command = new UpdateItemCommand({
      TableName: table,
      Key: KEY,
      UpdateExpression: 'SET shares = :shares',
      ConditionExpression: before === null ? 'attribute_not_exists(shares)' : 'shares = :before',
      ExpressionAttributeValues: {
        ':shares': { S: JSON.stringify(shares) },
        ...(before !== null && { ':before': { S: before } }),
      },
    });
    try {
      await callAws('write the shares of the cap', () => client.send(command, optionsOf(signal)), signal);
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw error;
    }
  }

  return {
    async update(change, signal) {
      for (let round = 0; round < MOST_ROUNDS; round += 1) {
        const before = await read(signal);
        const current = before === null ? [] : (JSON.parse(before) as readonly Share[]);
        const changed = change(current);
        if (changed.shares === current || (await replace(before, changed.shares, signal))) return changed;
      }
      throw new RetryableError('Too many invocations change the shares of the cap at the same moment.', {
        code: 'cap_contended',
      });
    },
  };
}
