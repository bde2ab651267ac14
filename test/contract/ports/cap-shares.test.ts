import { describe, expect, test } from 'vitest';
import { createDynamoDbCapShares, freeAllShares } from '../../../functions/aws/dynamodb-cap-shares.ts';
import type { Share } from '../../../functions/core/cap-shares.ts';
import type { CapShares } from '../../../functions/core/ports.ts';
import { useAwsEndpoints } from '../../support/aws-endpoints.ts';
import { createMemoryCapShares } from '../../support/memory/memory-cap-shares.ts';
import { NOON } from '../../support/memory/memory-clock.ts';

const endpoints = useAwsEndpoints();

const shareOf = (id: string): Share => ({
  id,
  object: 'tags',
  count: 1,
  wants: 2,
  yields: true,
  since: NOON,
  renewedAt: NOON,
  until: NOON + 1,
});

const read = async (shares: CapShares): Promise<readonly Share[]> =>
  (await shares.update((all) => ({ shares: all }))).shares;

const add =
  (id: string) =>
  (all: readonly Share[]): { readonly shares: readonly Share[]; readonly place: number } => ({
    shares: [...all, shareOf(id)],
    place: all.length,
  });

describe.each<[string, () => Promise<CapShares>]>([
  ['memory', async () => createMemoryCapShares()],
  ['DynamoDB', async () => createDynamoDbCapShares(endpoints().dynamoDb, await endpoints().newTable())],
])('the shares of the cap (%s)', (_name, create) => {
  test('are none at first, and then what the last change made of them', async () => {
    const shares = await create();
    expect(await read(shares)).toEqual([]);
    expect((await shares.update(add('a'))).place).toBe(0);
    expect((await shares.update(add('b'))).place).toBe(1);
    expect(await read(shares)).toEqual([shareOf('a'), shareOf('b')]);
    await shares.update((all) => ({ shares: all.slice(1) }));
    expect(await read(shares)).toEqual([shareOf('b')]);
  });

  test('lose none of many changes at the same moment, and each change sees those before it', async () => {
    const shares = await create();
    const ids = Array.from({ length: 12 }, (_unused, index) => `${index}`);
    const places = await Promise.all(ids.map(async (id) => (await shares.update(add(id))).place));
    expect(places.toSorted((a, b) => a - b)).toEqual(ids.map(Number));
    expect((await read(shares)).map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  });

  test('stay as they are if a change fails', async () => {
    const shares = await create();
    await shares.update(add('a'));
    const failing = shares.update(() => {
      throw new Error('a bug');
    });
    await expect(failing).rejects.toThrow('a bug');
    expect(await read(shares)).toEqual([shareOf('a')]);
  });
});

test('all of them can be freed', async () => {
  const table = await endpoints().newTable();
  const shares = createDynamoDbCapShares(endpoints().dynamoDb, table);
  await freeAllShares(endpoints().dynamoDb, table);
  await shares.update(add('a'));
  await freeAllShares(endpoints().dynamoDb, table);
  expect(await read(shares)).toEqual([]);
  await shares.update(add('b'));
  expect(await read(shares)).toEqual([shareOf('b')]);
});
