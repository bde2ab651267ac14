/** What docs/operate.md promises if a part of the pipeline is gone: what happens, and that its repair works. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDynamoDbStateStore } from '../../functions/aws/dynamodb-state-store.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';
import { HOUR } from '../support/local/test-clock.ts';

const SUCCEEDED = { status: 'finished', runs: [{ status: 'succeeded' }] };

let bench: Bench;
beforeEach(async () => {
  bench = await startBench({ sync: { config: { objects: ['contacts', 'tags'] } } });
  expect(await bench.sync()).toMatchObject(SUCCEEDED);
  bench.clock.advance(HOUR);
});
afterEach(() => bench.close());

const sizeOf = (object: 'contacts' | 'tags'): number => bench.simulator.workspace[object].size;

async function expectEverything(): Promise<void> {
  const lake = await bench.lake();
  for (const object of ['contacts', 'tags'] as const) {
    expect(lake.current(object).size).toBe(sizeOf(object));
    expect(lake.manifests(object).at(-1)?.tables[object]?.rows).toBe(sizeOf(object));
  }
}

test('with an empty table, everything is read again, and each record counts once', async () => {
  await rm(join(bench.directory, 'state', 'dynamodb'), { recursive: true });
  expect(await bench.sync()).toMatchObject(SUCCEEDED);
  await expectEverything();
  expect((await bench.lake()).manifests('contacts')).toHaveLength(2);
});

test('with an emptied bucket, runs fail until the objects are read again from their beginning', async () => {
  const lake = join(bench.directory, 'lake');
  await rm(lake, { recursive: true });
  expect(await bench.sync()).toMatchObject({ status: 'finished', runs: [{ status: 'failed' }] });
  const session = await bench.open();
  try {
    const { tables } = session.pipeline.resources;
    const state = createDynamoDbStateStore(new DynamoDBClient({}), tables[0]?.TableName ?? '');
    for (const object of ['contacts', 'tags'] as const) {
      const { fence } = await state.load(object);
      expect(await state.reset(object, fence)).toMatchObject({ ok: true });
    }
    expect(await session.run()).toMatchObject(SUCCEEDED);
  } finally {
    await session.close();
  }
  await expectEverything();
});
