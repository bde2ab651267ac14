/** What the embedded Glue cannot do: change in the middle, be unavailable, refuse. */
import {
  AccessDeniedException,
  ConcurrentModificationException,
  CreateTableCommand,
  EntityNotFoundException,
  GetTableCommand,
  GlueClient,
  InvalidInputException,
  type TableInput,
  UpdateTableCommand,
} from '@aws-sdk/client-glue';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, test } from 'vitest';
import { createGlueCatalog } from '../../../functions/aws/glue-catalog.ts';
import { configuredTables } from '../../../functions/catalog/configured.ts';
import { parseConfig } from '../../../functions/config/config.ts';
import type { SeenTables } from '../../../functions/core/sightings.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';

const CONFIG = parseConfig({});
const FIRST_DAY = '2026-11-22';

function catalogWith(client: GlueClient) {
  return createGlueCatalog(client, {
    database: 'shop',
    root: 's3://lake/',
    tables: (columns) => configuredTables([OBJECTS.tags], CONFIG, columns),
    derived: () => [],
  });
}

const failure = <E>(Kind: new (options: { message: string; $metadata: object }) => E): E =>
  new Kind({ message: 'because', $metadata: { httpStatusCode: 400 } });

interface Held {
  readonly version: number;
  readonly input: TableInput;
}

/** A Glue with tables. It calls `onRead` after each answer to GetTable. */
function glueWith(onRead: (name: string, tables: Map<string, Held>) => void = () => undefined) {
  const tables = new Map<string, Held>();
  const mock = mockClient(GlueClient);
  mock.on(GetTableCommand).callsFake(({ Name }) => {
    const held = tables.get(Name);
    const answer = held && { Table: { ...structuredClone(held.input), VersionId: String(held.version) } };
    onRead(Name, tables);
    if (answer === undefined) throw failure(EntityNotFoundException);
    return answer;
  });
  mock.on(CreateTableCommand).callsFake(({ TableInput }) => {
    tables.set(TableInput.Name, { version: 0, input: TableInput });
    return {};
  });
  mock.on(UpdateTableCommand).callsFake(({ TableInput, VersionId }) => {
    const held = tables.get(TableInput.Name);
    if (String(held?.version) !== VersionId) throw failure(ConcurrentModificationException);
    tables.set(TableInput.Name, { version: Number(VersionId) + 1, input: TableInput });
    return {};
  });
  const types = (name: string) =>
    Object.fromEntries(
      (tables.get(name)?.input.StorageDescriptor?.Columns ?? []).map(({ Name, Type }) => [Name, Type]),
    );
  return { mock, tables, types, catalog: catalogWith(new GlueClient({ region: 'eu-west-1' })) };
}

const seen = (columns: SeenTables['tags'] & object): SeenTables => ({ tags: columns });

test('what another writer changes in the middle is read again and kept', async () => {
  let isOvertaken = false;
  const other = glueWith();
  await other.catalog.publish({ columns: seen({ theirs: ['boolean'] }), firstDay: '2026-11-20' });
  const theirs = new Map(other.tables);
  const { catalog, types, tables } = glueWith((name, held) => {
    if (name !== 'tags_history' || isOvertaken || !held.has(name)) return;
    isOvertaken = true;
    for (const [table, { input }] of theirs) held.set(table, { version: 7, input });
  });
  await catalog.publish({ columns: {}, firstDay: FIRST_DAY });
  const known = { columns: seen({ ours: ['number'] }), firstDay: FIRST_DAY };
  expect(await catalog.publish(known)).toEqual({ status: 'published' });
  expect(isOvertaken).toBe(true);
  for (const name of ['tags', 'tags_history']) {
    expect(types(name)).toMatchObject({ ours: 'double', theirs: 'boolean' });
  }
  expect(types('tags_files')).toMatchObject({ ours: 'string', theirs: 'string' });
  expect(tables.get('tags_files')?.input.Parameters?.['projection.run_date.range']).toBe('2026-11-20,NOW');
});

test.each(['tags', 'tags_history', 'tags_files'])(
  'a view of a wider history is not replaced by a narrower one, widened after we read %s',
  async (readLast) => {
    const wide = glueWith();
    await wide.catalog.publish({ columns: seen({ theirs: ['boolean'] }), firstDay: FIRST_DAY });
    let reads = 0;
    const { catalog, types } = glueWith((name, held) => {
      if (name !== readLast) return;
      reads += 1;
      if (reads !== 2) return;
      for (const [table, { input }] of wide.tables) held.set(table, { version: 9, input });
    });
    await catalog.publish({ columns: {}, firstDay: FIRST_DAY });
    await catalog.publish({ columns: {}, firstDay: FIRST_DAY });
    expect(reads).toBeGreaterThan(1);
    expect(types('tags')).toMatchObject({ theirs: 'boolean' });
    expect({ ...types('tags'), run_date: 'string' }).toEqual(types('tags_history'));
  },
);

test('partitions move forward with the history of an object, but not if others may have earlier files', async () => {
  const { catalog, tables } = glueWith();
  const begin = (name: string) => tables.get(name)?.input.Parameters?.['projection.run_date.range'];
  await catalog.publish({ columns: {}, firstDay: '2026-01-01' });
  await catalog.publish({ columns: {}, firstDay: FIRST_DAY });
  expect(begin('tags_files')).toBe(`${FIRST_DAY},NOW`);
  expect(begin('deletions_files')).toBe('2026-01-01,NOW');
});

test('updates keep no earlier version, and name the version that was read', async () => {
  const { catalog, mock } = glueWith();
  await catalog.publish({ columns: {}, firstDay: FIRST_DAY });
  await catalog.publish({ columns: seen({ x: ['string'] }), firstDay: FIRST_DAY });
  const updates = mock.commandCalls(UpdateTableCommand).map(({ args }) => args[0].input);
  expect(updates.map(({ TableInput }) => TableInput?.Name)).toEqual([
    'tags_files',
    'tags_history',
    'tags',
    'tags_live',
  ]);
  for (const update of updates) expect(update).toMatchObject({ SkipArchive: true, VersionId: '0' });
});

test('a table that is deleted in the middle is created again', async () => {
  let isGone = false;
  const { catalog, tables } = glueWith((name, held) => {
    if (name !== 'manifests' || isGone || !held.has(name)) return;
    isGone = held.delete(name);
  });
  await catalog.publish({ columns: {}, firstDay: FIRST_DAY });
  const before = tables.get('manifests');
  if (before === undefined) throw new Error('no manifests');
  tables.set('manifests', { version: 0, input: { ...before.input, Parameters: {} } });
  await catalog.publish({ columns: {}, firstDay: FIRST_DAY });
  expect(isGone).toBe(true);
  expect(tables.get('manifests')).toEqual(before);
});

test('if others are always faster, the run can try again later', async () => {
  const { catalog, mock } = glueWith();
  mock.on(CreateTableCommand).rejects(failure(ConcurrentModificationException));
  await expect(catalog.publish({ columns: {}, firstDay: FIRST_DAY })).rejects.toMatchObject({
    name: 'RetryableError',
    message: expect.stringContaining('Others keep changing the same tables'),
  });
});

/** The mock's types accept only one command at a time. */
const CALLS = { read: GetTableCommand, write: CreateTableCommand as unknown as typeof GetTableCommand };

describe('a call that fails', () => {
  test.each([
    ['ThrottlingException', 400],
    ['OperationTimeoutException', 400],
    ['InternalServiceException', 500],
    ['TimeoutError', 0],
  ])('with %s can be retried', async (name, httpStatusCode) => {
    const error = Object.assign(new Error('later'), { name, $metadata: { httpStatusCode } });
    for (const failing of ['read', 'write'] as const) {
      const { catalog, mock } = glueWith();
      mock.on(CALLS[failing]).rejects(error);
      const publishing = catalog.publish({ columns: {}, firstDay: FIRST_DAY });
      await expect(publishing).rejects.toMatchObject({ name: 'RetryableError', code: 'aws_unavailable' });
    }
  });

  test.each([
    [failure(AccessDeniedException), 'read'],
    [failure(AccessDeniedException), 'write'],
    [failure(InvalidInputException), 'write'],
  ] as const)('with %s is a refusal, reported with what it means for the data', async (error, failing) => {
    const { catalog, mock } = glueWith();
    mock.on(CALLS[failing]).rejects(error);
    expect(await catalog.publish({ columns: {}, firstDay: FIRST_DAY })).toEqual({
      status: 'refused',
      message: expect.stringMatching(
        new RegExp(`the database shop \\(${error.name}: because\\)\\. The data is committed and complete`),
      ),
    });
  });

  test('because the database does not exist reports that', async () => {
    const { catalog, mock } = glueWith();
    mock.on(CreateTableCommand).rejects(failure(EntityNotFoundException));
    expect(await catalog.publish({ columns: {}, firstDay: FIRST_DAY })).toMatchObject({
      status: 'refused',
      message: expect.stringContaining('Does the database shop exist?'),
    });
  });

  test('with an unknown error is a bug and stays the same', async () => {
    const { catalog, mock } = glueWith();
    mock.on(GetTableCommand).rejects(new TypeError('x is not a function'));
    await expect(catalog.publish({ columns: {}, firstDay: FIRST_DAY })).rejects.toThrow(TypeError);
  });
});
