import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Row } from '../../../../functions/rows/rows.ts';
import { createPartWriter, type PartOrigin } from '../../../../functions/sync/extract/part-writer.ts';
import { createMemoryLake } from '../../../support/memory/memory-lake.ts';
import { rowsOfParts } from '../../../support/rows-of.ts';

const ORIGIN: PartOrigin = {
  object: 'tags',
  runId: '20261122T120000000Z-aaaaaa',
  slice: '0001',
  attempt: 'a1',
  compression: 'gzip',
  partBytes: 1_000_000,
};

const rows = (count: number, text: (index: number) => string, table: Row['table'] = 'tags'): readonly Row[] =>
  Array.from({ length: count }, (_unused, index) => ({
    table,
    line: JSON.stringify({ id: index, text: text(index) }),
  }));

const noise = (bytes: number) => () => randomBytes(bytes / 2).toString('hex');

describe.each(['gzip', 'none'] as const)('parts in %s', (compression) => {
  test('are closed near their size, and hold every row once and in order', async () => {
    const lake = createMemoryLake();
    const writer = createPartWriter(lake, { ...ORIGIN, compression });
    for (let page = 0; page < 60; page += 1) {
      await writer.write(
        rows(50, noise(2_000)).map((row) => ({ ...row, line: `${row.line.slice(0, -1)},"page":${page}}` })),
      );
    }
    const parts = await writer.flush();
    expect(parts.length).toBeGreaterThan(2);
    for (const { bytes } of parts) expect(bytes).toBeLessThan(1_500_000);
    const found = rowsOfParts(lake, parts, 'tags').map(({ id, page }) => Number(page) * 50 + Number(id));
    expect(found).toEqual(Array.from({ length: 3_000 }, (_unused, index) => index));
  });

  test('keep text in any script', async () => {
    const lake = createMemoryLake();
    const writer = createPartWriter(lake, { ...ORIGIN, compression });
    const text = 'äß漢字\u{1f600}\u2028\\n"'.repeat(5_000);
    await writer.write(rows(3, () => text));
    const parts = await writer.flush();
    expect(rowsOfParts(lake, parts, 'tags').map((row) => row.text)).toEqual([text, text, text]);
  });
});

test('each table has its own parts, and a table without rows has none', async () => {
  const lake = createMemoryLake();
  const writer = createPartWriter(lake, ORIGIN);
  await writer.write([...rows(2, () => 'x'), ...rows(3, () => 'y', 'company_tag')]);
  const parts = await writer.flush();
  expect(parts.map(({ table, rows: count }) => [table, count])).toEqual([
    ['tags', 2],
    ['company_tag', 3],
  ]);
  expect(await writer.flush()).toEqual([]);
});

test('a part that already exists with the same bytes is our own put, whose answer was lost', async () => {
  const lake = createMemoryLake();
  const deaf = {
    ...lake,
    putNew: async (key: string, body: Uint8Array) => {
      await lake.putNew(key, body);
      return 'exists' as const;
    },
  };
  const writer = createPartWriter(deaf, ORIGIN);
  await writer.write(rows(2, () => 'x'));
  expect(await writer.flush()).toHaveLength(1);
});

test('a part that exists with other bytes is never mistaken for ours', async () => {
  const lake = createMemoryLake();
  const write = async (text: string) => {
    const writer = createPartWriter(lake, ORIGIN);
    await writer.write(rows(1, () => text));
    return writer.flush();
  };
  await write('one');
  await expect(write('two')).rejects.toMatchObject({ name: 'ContractError', code: 'part_exists' });
});

test('discarded rows are in no part, and the writer can be used again', async () => {
  const lake = createMemoryLake();
  const writer = createPartWriter(lake, { ...ORIGIN, partBytes: 1, compression: 'none' });
  await writer.write(rows(500, noise(1_000)));
  writer.discard();
  await writer.write(rows(1, () => 'kept'));
  const parts = await writer.flush();
  expect(rowsOfParts(lake, parts, 'tags')).toEqual([{ id: 0, text: 'kept' }]);
  expect(lake.keys('tables/').length).toBeGreaterThan(1);
});
