/** JSON paths as Athena reads them, in DuckDB. The expected values follow Trino's rules for paths. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JSON_MACROS } from '../../../functions/catalog/json-paths.ts';

let instance: DuckDBInstance;
let connection: DuckDBConnection;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
  for (const macro of JSON_MACROS) await connection.run(macro);
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

async function ask(call: 'json_extract' | 'json_extract_scalar', json: unknown, path: string) {
  const sql = `SELECT CAST(${call}(value, ${literal(path)}) AS varchar) FROM (SELECT ${literal(JSON.stringify(json))} AS value)`;
  return (await connection.runAndReadAll(sql)).getRows()[0]?.[0];
}

const RECORD = {
  'CX Score rating': 5,
  plain: 'text',
  under_score: { deep: [1, { id: 'x' }] },
  'a.b': 'dots',
  'a"b': 'quote',
  'a\\b': 'backslash',
  "it's": 'apostrophe',
  '[0]': 'brackets',
  'a/b~c': 'slash and tilde',
  'a-b': 'dash',
  Größe: 'letters',
  '$["x"]': 'a path',
  '': 'no name',
  '*': 'star',
  no: null,
  yes: true,
  list: [],
};

describe('json_extract_scalar', () => {
  it.each([
    ['$["CX Score rating"]', '5'],
    ['$.plain', 'text'],
    ['$["plain"]', 'text'],
    ['$.under_score.deep[0]', '1'],
    ['$.under_score["deep"][1].id', 'x'],
    ['$[under_score].deep[1]["id"]', 'x'],
    ['$["a.b"]', 'dots'],
    ['$["a\\"b"]', 'quote'],
    ['$["a\\\\b"]', 'backslash'],
    ['$["it\'s"]', 'apostrophe'],
    ['$["[0]"]', 'brackets'],
    ['$["a/b~c"]', 'slash and tilde'],
    ['$.a-b', 'dash'],
    ['$.Größe', 'letters'],
    ['$["$[\\"x\\"]"]', 'a path'],
    ['$[""]', 'no name'],
    ['$["*"]', 'star'],
    ['$.yes', 'true'],
    ['$.no', null],
    ['$.missing.deeper', null],
    ['$.under_score.deep[7]', null],
    ['$.under_score', null],
    ['$.list', null],
  ])('%s', async (path, expected) => {
    expect(await ask('json_extract_scalar', RECORD, path)).toBe(expected);
  });

  it('finds a value below any keys', async () => {
    const key = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((text) => !text.includes('\0'));
    const name = fc.oneof(
      key,
      fc.constantFrom('"', '\\', '\\"', "'", '.', '[0]', '"]', '~1', '/', '$', 'a b'),
    );
    const keysOf = fc.array(fc.oneof(name, fc.nat(3)), { minLength: 1, maxLength: 4 });
    const nest = (inner: unknown, step: string | number): unknown =>
      typeof step === 'number' ? [...Array(step).fill(0), inner] : Object.fromEntries([[step, inner]]);
    const pathOf = (keys: readonly (string | number)[]): string =>
      `$${keys.map((step) => (typeof step === 'number' ? `[${step}]` : `["${step.replaceAll(/["\\]/g, '\\$&')}"]`)).join('')}`;
    await fc.assert(
      fc.asyncProperty(fc.array(keysOf, { minLength: 1, maxLength: 40 }), async (all) => {
        const rows = all.map((keys) => {
          const value = JSON.stringify(keys.reduceRight(nest, 'found' as unknown));
          return `(${literal(value)}, ${literal(pathOf(keys))})`;
        });
        const sql = `SELECT json_extract_scalar(value, path), path FROM (VALUES ${rows.join(', ')}) AS given(value, path)`;
        const found = (await connection.runAndReadAll(sql)).getRows();
        expect(found).toEqual(all.map((keys) => ['found', pathOf(keys)]));
      }),
      { numRuns: 30 },
    );
  });
});

describe('json_extract', () => {
  it.each([
    ['$.under_score', '{"deep":[1,{"id":"x"}]}'],
    ['$["under_score"].deep[1]', '{"id":"x"}'],
    ['$', JSON.stringify(RECORD)],
    ['$["a b"]', null],
  ])('%s', async (path, expected) => {
    expect(await ask('json_extract', RECORD, path)).toBe(expected);
  });

  it("accepts DuckDB's own paths as well", async () => {
    expect(await ask('json_extract', RECORD, '$."CX Score rating"')).toBe('5');
    expect(await ask('json_extract', RECORD, '/under_score/deep/0')).toBe('1');
  });
});
