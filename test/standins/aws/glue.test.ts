import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AlreadyExistsException,
  ConcurrentModificationException,
  CreateTableCommand,
  EntityNotFoundException,
  GetDatabaseCommand,
  GetTableCommand,
  GetTablesCommand,
  GlueClient,
  InvalidInputException,
  type TableInput,
  UpdateTableCommand,
} from '@aws-sdk/client-glue';
import { expect, test } from 'vitest';
import { start, startForAllTests } from '../../support/aws/harness.ts';

const started = startForAllTests();

let databases = 0;

async function newDatabase(): Promise<string> {
  databases += 1;
  const name = `shop_${databases}`;
  await started().aws.createDatabase(name);
  return name;
}

const table = (Name: string, ...columns: readonly string[]): TableInput => ({
  Name,
  TableType: 'EXTERNAL_TABLE',
  StorageDescriptor: { Columns: columns.map((column) => ({ Name: column, Type: 'string' })) },
});

const create = (DatabaseName: string, TableInput: TableInput) =>
  new GlueClient({}).send(new CreateTableCommand({ DatabaseName, TableInput }));
const read = async (DatabaseName: string, Name: string) =>
  (await new GlueClient({}).send(new GetTableCommand({ DatabaseName, Name }))).Table;
const update = (DatabaseName: string, TableInput: TableInput, VersionId?: string) =>
  new GlueClient({}).send(new UpdateTableCommand({ DatabaseName, TableInput, VersionId, SkipArchive: true }));

test('a table is created once, read with its version, and replaced', async () => {
  const database = await newDatabase();
  await create(database, table('tags', 'id'));
  await expect(create(database, table('tags', 'other'))).rejects.toBeInstanceOf(AlreadyExistsException);
  expect(await read(database, 'tags')).toMatchObject({
    ...table('tags', 'id'),
    DatabaseName: database,
    VersionId: '0',
    CreateTime: expect.any(Date),
  });
  await update(database, table('tags', 'id', 'name'), '0');
  expect(await read(database, 'tags')).toMatchObject({ ...table('tags', 'id', 'name'), VersionId: '1' });
  await update(database, table('tags', 'x'));
  expect(await read(database, 'tags')).toMatchObject({ VersionId: '2' });
});

test('a database is found by its name', async () => {
  const find = (Name: string) => new GlueClient({}).send(new GetDatabaseCommand({ Name }));
  const name = await newDatabase();
  expect(await find(name)).toMatchObject({ Database: { Name: name } });
  await expect(find('nowhere')).rejects.toBeInstanceOf(EntityNotFoundException);
});

test('of many changes that rest on one version one is made', async () => {
  const database = await newDatabase();
  await create(database, table('tags', 'id'));
  const changes = await Promise.allSettled(
    Array.from({ length: 20 }, (_item, index) => update(database, table('tags', `c${index}`), '0')),
  );
  const winners = changes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
  expect(winners).toHaveLength(1);
  for (const change of changes) {
    if (change.status === 'rejected') expect(change.reason).toBeInstanceOf(ConcurrentModificationException);
  }
  expect(await read(database, 'tags')).toMatchObject({ ...table('tags', `c${winners[0]}`), VersionId: '1' });
});

test('only one of many creations succeeds', async () => {
  const database = await newDatabase();
  const made = await Promise.allSettled(
    Array.from({ length: 20 }, (_item, index) => create(database, table('tags', `c${index}`))),
  );
  expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('a missing database or table is not found', async () => {
  const database = await newDatabase();
  for (const act of [
    () => read(database, 'tags'),
    () => read('nowhere', 'tags'),
    () => create('nowhere', table('tags')),
    () => update(database, table('tags')),
  ]) {
    await expect(act()).rejects.toBeInstanceOf(EntityNotFoundException);
  }
});

test.each([
  ['a line break in a comment', { Columns: [{ Name: 'a', Comment: 'two\nlines' }] }],
  ['a long comment', { Columns: [{ Name: 'a', Comment: 'x'.repeat(256) }] }],
  ['a long name', { Columns: [{ Name: 'x'.repeat(256) }] }],
])('%s is refused, as Glue does', async (_what, StorageDescriptor) => {
  const database = await newDatabase();
  const making = create(database, { Name: 'tags', StorageDescriptor });
  await expect(making).rejects.toBeInstanceOf(InvalidInputException);
});

test('a text that is too long and a name that is a path are refused', async () => {
  const database = await newDatabase();
  const long = { ...table('tags'), ViewOriginalText: 'x'.repeat(409_601) };
  await expect(create(database, long)).rejects.toBeInstanceOf(InvalidInputException);
  await expect(create(database, table('../tags'))).rejects.toBeInstanceOf(InvalidInputException);
});

test('tables survive the process, are readable by their owner only, and are listed', async () => {
  const first = await start();
  await first.createDatabase('shop');
  await create('shop', table('teams', 'id'));
  await create('shop', table('tags', 'id'));
  await first.close();
  const again = await start({ directory: first.directory });
  await again.createDatabase('shop');
  expect(await read('shop', 'tags')).toMatchObject(table('tags', 'id'));
  const { TableList } = await new GlueClient({}).send(new GetTablesCommand({ DatabaseName: 'shop' }));
  expect(TableList?.map(({ Name }) => Name)).toEqual(['tags', 'teams']);
  const folder = join(first.directory, 'state', 'glue', 'shop');
  expect(await readdir(folder)).toEqual(['tags.json', 'teams.json']);
  expect((await stat(join(folder, 'tags.json'))).mode & 0o777).toBe(0o600);
});

test('a damaged file counts as missing: the next commit writes it again', async () => {
  const { aws, directory } = started();
  await aws.createDatabase('damaged');
  await writeFile(join(directory, 'state', 'glue', 'damaged', 'tags.json'), '{');
  const client = new GlueClient({ maxAttempts: 1 });
  const reading = client.send(new GetTableCommand({ DatabaseName: 'damaged', Name: 'tags' }));
  await expect(reading).rejects.toBeInstanceOf(EntityNotFoundException);
  await create('damaged', table('tags', 'id'));
  expect(await read('damaged', 'tags')).toMatchObject(table('tags', 'id'));
});
