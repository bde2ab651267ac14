import { expect, test } from 'vitest';
import { encodeJson, readStored, requireStored } from '../../../functions/sync/store.ts';
import { createMemoryLake } from '../../support/memory/memory-lake.ts';

async function stored(value: unknown) {
  const lake = createMemoryLake();
  await lake.putNew('work/r/file.json', encodeJson(value));
  return { asked: readStored(lake, 'work/r/file.json'), required: requireStored(lake, 'work/r/file.json') };
}

test.each([
  ['the format of today', { format: 1 }],
  ['a file without a format, such as an outcome', { status: 'skipped' }],
  ['a list of ids', [['a', 1]]],
  ['a draft', { manifest: { format: 1 }, startFrom: null }],
])('%s is read', async (_name, value) => {
  expect(await (await stored(value)).asked).toEqual(value);
});

test.each([
  ['a file', { format: 2 }],
  ['a draft', { manifest: { format: 2 }, startFrom: null }],
  ['a format that is not a number', { format: 'x' }],
])('%s of a newer version is refused, with what to do', async (_name, value) => {
  const { asked, required } = await stored(value);
  const refusal = {
    name: 'ContractError',
    code: 'format_unknown',
    message: expect.stringMatching(
      /'work\/r\/file\.json' .* has format .*; this version of the software reads format 1\. .* deploy that one/,
    ),
  };
  await expect(asked).rejects.toMatchObject(refusal);
  await expect(required).rejects.toMatchObject(refusal);
});
