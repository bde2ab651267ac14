import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_OBJECTS, isOptional } from '../../functions/core/names.ts';
import { readEnvironment } from '../../functions/environment.ts';
import { OBJECTS } from '../../functions/objects/index.ts';
import { loadConfig, loadPipelines } from '../../lib/cli/load-config.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

describe('loadConfig', () => {
  test.each([
    ['good.json', '{"name": "shop"}'],
    ['good.ts', "const name: string = 'shop';\nexport default { name };\n"],
  ])('reads %s', async (name, text) => {
    expect(await loadConfig(await write(name, text))).toMatchObject({ name: 'shop', region: 'US' });
  });

  test.each([
    ['syntax.json', '{"name": ', 'config_syntax', /is not valid JSON/],
    ['syntax.ts', 'export default {', 'config_syntax', /cannot be loaded/],
    ['none.ts', 'export const config = {};\n', 'config_export', /has no default export/],
    ['mistake.ts', 'export default { region: "MARS", x: 1 };\n', 'bad_config', /2 mistakes/],
    ['config.yaml', 'name: shop', 'config_extension', /must end in \.ts or \.json/],
  ])('says what is wrong with %s', async (name, text, code, message) => {
    const file = await write(name, text);
    const refusal = loadConfig(file);
    await expect(refusal).rejects.toMatchObject({ name: 'InputError', code });
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toThrow(file);
  });

  test('reports a cron that AWS would not fire, or would fire too often', async () => {
    const content = { frequency: { cron: '0 0 1 * 1' }, objectFrequency: { tags: { cron: '*/10 * * * *' } } };
    const file = await write('cron.json', JSON.stringify(content));
    await expect(loadConfig(file)).rejects.toThrow(
      /2 mistakes:\n {2}frequency\.cron: restricts day-of-month and day-of-week.*\n {2}objectFrequency\.tags\.cron: fires at .* 10 minutes later/,
    );
  });

  test('reads several pipelines, and asks which one you mean', async () => {
    const file = await write(
      'several.json',
      '[{"name": "us"}, {"name": "eu", "region": "EU", "paused": true}]',
    );
    const pipelines = await loadPipelines(file);
    expect(pipelines.map(({ config }) => config.name)).toEqual(['us', 'eu']);
    expect(pipelines.map(({ deployment }) => deployment.paused)).toEqual([false, true]);
    expect(await loadConfig(file, 'eu')).toMatchObject({ region: 'EU' });
    const refusal = loadConfig(file);
    await expect(refusal).rejects.toThrow(`${file}: There are several pipelines: us, eu.`);
  });

  test('reads the configuration that users edit, with whole objects every 6 hours, and those that are optional once a day', async () => {
    const [template] = await loadPipelines('pipeline.config.ts');
    const whole = DEFAULT_OBJECTS.filter((name) => OBJECTS[name].sync.kind === 'full_refresh');
    expect(template?.deployment.frequency).toEqual({ everyMinutes: 60 });
    expect(template?.deployment.objectFrequency).toEqual(
      Object.fromEntries(whole.map((name) => [name, { everyMinutes: isOptional(name) ? 1440 : 360 }])),
    );
  });

  test('reports a missing file, and how to name another', async () => {
    const refusal = loadConfig(join(folder, 'missing.ts'));
    await expect(refusal).rejects.toMatchObject({ name: 'InputError', code: 'config_unreadable' });
    await expect(refusal).rejects.toThrow(/missing\.ts cannot be read .*-c config=FILE/);
  });
});

describe('readEnvironment', () => {
  const complete = {
    BUCKET_NAME: 'lake',
    TABLE_NAME: 'state',
    CONNECTION_SECRET_NAME: 'connection',
    HASH_KEY_SECRET_NAME: 'hash-key',
    GLUE_DATABASE: 'shop',
    OBJECT_NAME: 'tags',
    POWERTOOLS_SERVICE_NAME: 'shop',
  };

  test('fills in the place of the configuration', () => {
    const environment = readEnvironment(complete, 'extractor');
    expect(environment).toMatchObject({
      configPath: './pipeline.json',
      object: 'tags',
      service: 'shop',
      detail: 'standard',
    });
    expect(environment.place('BUCKET_NAME')).toBe('lake');
  });

  test('reports everything missing or wrong at once', () => {
    const wrong = { ...complete, BUCKET_NAME: '', TABLE_NAME: undefined, OBJECT_NAME: 'x' };
    expect(() => readEnvironment(wrong, 'extractor')).toThrow(
      "OBJECT_NAME 'x' is not a valid object; BUCKET_NAME is not set; TABLE_NAME is not set.",
    );
    expect(() => readEnvironment({ ...complete, METRICS_DETAIL: 'much' }, 'extractor')).toThrow(
      "METRICS_DETAIL 'much' is neither 'standard' nor 'detailed'",
    );
    const { OBJECT_NAME: _, ...without } = complete;
    expect(() => readEnvironment(without, 'extractor')).toThrow('OBJECT_NAME is not set');
    expect(readEnvironment(without, 'start-run').object).toBeNull();
  });

  test('gives an entry only its own places, whatever else is set', () => {
    const { place } = readEnvironment(complete, 'record-failure');
    expect(place('TABLE_NAME')).toBe('state');
    expect(() => place('HASH_KEY_SECRET_NAME')).toThrow('not part of the environment of record-failure');
  });
});
