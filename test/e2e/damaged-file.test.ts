/** Files of the lake that something has changed since a run wrote them, and what a query says of them. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { type LakeDatabase, openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';
import { HOUR } from '../support/local/test-clock.ts';

let bench: Bench | undefined;
let database: LakeDatabase | undefined;
afterEach(async () => {
  database?.close();
  await bench?.close();
});

/** Two runs, each with a file of tags. */
async function start(): Promise<{
  readonly sql: LakeDatabase;
  readonly lake: string;
  readonly keys: string[];
}> {
  bench = await startBench({ sync: { config: { objects: ['tags', 'teams'] } } });
  await bench.sync();
  bench.clock.advance(HOUR);
  await bench.sync();
  const keys = (await bench.lake()).history('tags').map(({ file }) => file);
  database = await openLakeDatabase(bench.directory);
  return { sql: database, lake: join(bench.directory, 'lake'), keys: [...new Set(keys)] };
}

const WRONG_SIZE = /It has \d+ bytes, not \d+\./;
const WRONG_CONTENT = /Its SHA-256 differs\./;

const DAMAGES: Readonly<Record<string, readonly [damage: (file: Buffer) => Buffer, says: RegExp]>> = {
  'cut off': [(file) => file.subarray(0, file.length / 2), WRONG_SIZE],
  'no gzip': [() => Buffer.from('hello'), WRONG_SIZE],
  'a line that is no JSON': [(file) => gzipSync(`${gunzipSync(file)}hello\n`), WRONG_SIZE],
  'another type': [() => gzipSync('{"id":"1","_extracted_at":"x"}\n'), WRONG_SIZE],
  'garbled, of the same size': [
    (file) => Buffer.concat([file.subarray(0, 20), Buffer.alloc(file.length - 20, 0xff)]),
    WRONG_CONTENT,
  ],
  'no gzip, of the same size': [(file) => Buffer.alloc(file.length, 'hello\n'), WRONG_CONTENT],
};

test('a query says which file is damaged, which manifest lists it, and why; other tables are answered', async () => {
  const { sql, lake, keys } = await start();
  expect(keys).toHaveLength(2);
  for (const key of keys) {
    const whole = await readFile(join(lake, key));
    const [, run] = /run_id=([^/]+)/.exec(key) ?? [];
    for (const [damage, says] of Object.values(DAMAGES)) {
      await writeFile(join(lake, key), damage(Buffer.from(whole)));
      const asked = sql.query('SELECT * FROM tags');
      await expect(asked).rejects.toMatchObject({ name: 'ContractError', code: 'file_damaged' });
      await expect(asked).rejects.toThrow(`'${key}' in the lake is damaged.`);
      await expect(asked).rejects.toThrow(`remove 'manifests/tags/${run}.json', which lists it`);
      await expect(asked).rejects.toThrow(says);
      await expect(sql.query('SELECT * FROM teams')).resolves.toBeDefined();
    }
    await writeFile(join(lake, key), whole);
    await expect(sql.query('SELECT * FROM tags')).resolves.toBeDefined();
  }
});

test('what is said of a damaged file has nothing of its content', async () => {
  bench = await startBench({ sync: { config: { objects: ['tags'], compression: 'none' } } });
  await bench.sync();
  const [{ file } = { file: '' }] = (await bench.lake()).history('tags');
  const path = join(bench.directory, 'lake', file);
  const whole = await readFile(path, 'utf8');
  await writeFile(path, whole.replace(/(?<="_extracted_at":)\d{10}/, '"canary-x"'));
  database = await openLakeDatabase(bench.directory);
  const asked = database.query('SELECT * FROM tags');
  await expect(asked).rejects.toThrow(WRONG_CONTENT);
  await expect(asked).rejects.not.toThrow('canary');
});

test('a damaged manifest is named', async () => {
  const { sql, lake, keys } = await start();
  for (const [, run] of keys.map((key) => /run_id=([^/]+)/.exec(key) ?? [])) {
    const manifest = `manifests/tags/${run}.json`;
    const whole = await readFile(join(lake, manifest));
    await writeFile(join(lake, manifest), '{"object":\n');
    const asked = openLakeDatabase(bench?.directory ?? '').then((opened) =>
      opened.query('SELECT 1').finally(() => opened.close()),
    );
    await expect(asked).rejects.toMatchObject({ name: 'ContractError', code: 'file_damaged' });
    await expect(asked).rejects.toThrow(`'${manifest}'`);
    await writeFile(join(lake, manifest), whole);
    await expect(sql.query('SELECT * FROM tags')).resolves.toBeDefined();
  }
});

test("a mistake in reading one's own file is no damage of the lake", async () => {
  const { sql, lake } = await start();
  const file = join(lake, '..', 'mine.json');
  await writeFile(file, 'hello\n');
  const asked = sql.query(`SELECT * FROM read_json('${file}', columns = {a: 'INTEGER'})`);
  await expect(asked).rejects.toMatchObject({ name: 'InputError', code: 'query_failed' });
});
