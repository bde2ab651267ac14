/** Every function of the workflow from its bundled asset, as it is uploaded: what only the source can do fails here. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_OBJECTS, OBJECT_NAMES } from '../../functions/core/names.ts';
import { SIZES, type Simulator, startSimulator } from '../../lib/standins/intercom/index.ts';
import { type BundledPipeline, openBundledPipeline } from '../support/local/bundled-pipeline.ts';
import { readLake } from '../support/local/lake-reader.ts';

let simulator: Simulator;
let pipeline: BundledPipeline;

const open = (): Promise<BundledPipeline> =>
  openBundledPipeline({ name: 'bundled', baseUrl: simulator.url }, (variables) =>
    Object.assign(process.env, variables),
  );

beforeAll(async () => {
  simulator = await startSimulator({ sizes: SIZES.tiny });
  pipeline = await open();
});
afterAll(async () => {
  await pipeline.close();
  await simulator.close();
});

/** Every committed run of an object: which object, and how it was read. */
async function commits(): Promise<readonly { readonly object: string; readonly mode: string }[]> {
  const { manifests } = await readLake(pipeline.directory);
  return OBJECT_NAMES.flatMap((object) => manifests(object).map(({ mode }) => ({ object, mode })));
}

/** The error's name and what people read of it. */
const failure = (outcome: Awaited<ReturnType<BundledPipeline['run']>>): string =>
  outcome.status === 'SUCCEEDED' ? 'succeeded' : `${outcome.error.name}: ${outcome.error.cause}`;

describe('the workflow from its bundles', () => {
  test('without a connection reads nothing, and its summary says so', async () => {
    expect(await pipeline.run({})).toMatchObject({ status: 'SUCCEEDED' });
    const { summaries } = await readLake(pipeline.directory);
    expect(summaries).toMatchObject([{ status: 'not_connected' }]);
    expect(await commits()).toEqual([]);
  });

  test('the input of a schedule without own frequencies reads every object of the configuration', async () => {
    await pipeline.connect({ access_token: simulator.token });
    expect(await pipeline.run({})).toMatchObject({ status: 'SUCCEEDED' });
    expect((await commits()).map(({ object }) => object)).toEqual(DEFAULT_OBJECTS);
  });

  test('the input of a schedule of some objects reads these', async () => {
    const before = (await commits()).length;
    expect(await pipeline.run({ objects: ['tags', 'teams'] })).toMatchObject({ status: 'SUCCEEDED' });
    expect(await commits()).toHaveLength(before + 2);
  });

  test('a manual full refresh and a manual backfill', async () => {
    expect(await pipeline.run({ objects: ['tickets'], mode: 'full_refresh' })).toMatchObject({
      status: 'SUCCEEDED',
    });
    const range = { from: '2025-01-01T00:00:00Z', to: '2025-02-01T00:00:00Z' };
    expect(await pipeline.run({ objects: ['contacts'], ...range })).toMatchObject({ status: 'SUCCEEDED' });
    const done = await commits();
    expect(done).toContainEqual({ object: 'tickets', mode: 'full_refresh' });
    expect(done).toContainEqual({ object: 'contacts', mode: 'backfill' });
  });

  test.each([
    ['an unknown object', { objects: ['invoices'] }],
    ['an unknown key', { object: 'contacts' }],
    ['a range in words', { from: 'yesterday' }],
    ['no object at all', []],
  ])('bad input fails at once and says what is allowed: %s', async (_what, input) => {
    const runs = (await commits()).length;
    const outcome = await pipeline.run(input);
    expect(outcome.status).toBe('FAILED');
    expect(failure(outcome)).toMatch(/^InputError: /);
    expect(await commits()).toHaveLength(runs);
  });

  test('a new token is in use from the next run on, in instances that knew the old one', async () => {
    simulator.setTokenState(simulator.token, 'revoked');
    await pipeline.connect({ access_token: simulator.issueToken() });
    expect(await pipeline.run({ objects: ['tags', 'contacts'] })).toMatchObject({ status: 'SUCCEEDED' });
    simulator.setTokenState(simulator.token, 'valid');
  });

  test('prints lines of JSON without the token', () => {
    const printed = pipeline.output();
    expect(printed).toContain('run_started');
    expect(printed).not.toContain(simulator.token);
    for (const line of printed.trim().split('\n')) expect(() => JSON.parse(line), line).not.toThrow();
  });

  test('needs no right that its roles do not have', () => {
    expect(pipeline.denied()).toEqual([]);
  });

  test('an object whose permission is missing fails alone, by its box', async () => {
    await pipeline.close();
    pipeline = await open();
    await pipeline.connect({ access_token: simulator.issueToken({ scopes: ['read_tags'] }) });
    const outcome = await pipeline.run({ objects: ['tags', 'admins'] });
    expect(outcome.status).toBe('FAILED');
    expect(failure(outcome)).toMatch(/admins \(PermissionError: .*Read admins/);
  });
});
