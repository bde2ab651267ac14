import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { rowsOf } from '../../../functions/sync/lines.ts';
import { readStored } from '../../../functions/sync/store.ts';
import { createMemoryLake } from '../../support/memory/memory-lake.ts';

const GOOD = '{"id":"1"}\n';

test.each<[string, string, Uint8Array, string]>([
  [
    'a line that is not JSON',
    'a.ndjson',
    Buffer.from(`${GOOD}{"name":canary}\n`),
    'line 2 is not a JSON object',
  ],
  [
    'a line that is cut off',
    'a.ndjson',
    Buffer.from(`${GOOD}{"name":"canary`),
    'line 2 is not a JSON object',
  ],
  ['a line that is no object', 'a.ndjson', Buffer.from('"canary"\n'), 'line 1 is not a JSON object'],
  ['no gzip', 'a.ndjson.gz', Buffer.from('canary\n'), 'it is not gzip, or not all of it'],
  ['half a gzip', 'a.ndjson.gz', gzipSync(GOOD).subarray(0, 15), 'it is not gzip, or not all of it'],
])(
  '%s: the error names the file and what to do, and has nothing of the content',
  async (_name, key, body, what) => {
    const error = await Array.fromAsync(rowsOf(key, body)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'ContractError',
      code: 'file_damaged',
      message: `'${key}' in the lake is damaged: ${what}. Restore it from a copy or an older version. If you have none, 'verify --deep' says what to do.`,
    });
    expect(error).not.toHaveProperty('cause');
  },
);

test('the error of a file of the engine has nothing of its content either', async () => {
  const lake = createMemoryLake();
  await lake.putNew('work/a.ids.json', Buffer.from('[["canary'));
  const error = await readStored(lake, 'work/a.ids.json').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'file_damaged', message: expect.not.stringContaining('canary') });
  expect(error).not.toHaveProperty('cause');
});
