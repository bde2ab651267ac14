/** The catalog after real runs, through Glue's API over the files of the output directory. */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { GlueClient, UpdateTableCommand } from '@aws-sdk/client-glue';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { glueTables } from '../../functions/catalog/athena.ts';
import { configuredTables, derivedViews } from '../../functions/catalog/configured.ts';
import { athenaLeaf } from '../../functions/catalog/json-paths.ts';
import { type PipelineConfig, parseConfig } from '../../functions/config/config.ts';
import { OBJECTS } from '../../functions/objects/index.ts';
import { readStatus } from '../../functions/sync/status.ts';
import { openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { createDirectoryLake } from '../../lib/cli/local/output-directory.ts';
import { statusText } from '../../lib/cli/terminal/report.ts';
import { startEmbeddedAws } from '../../lib/standins/aws/index.ts';
import { type CatalogView, readCatalog } from '../support/glue-tables.ts';
import { type Bench, SMALL, startBench } from '../support/local/local-bench.ts';
import { rowsOf } from '../support/local/sql-tables.ts';
import { EVERYTHING } from '../support/local/tables.ts';
import { HOUR } from '../support/local/test-clock.ts';

/** The pipeline of the bench is called `test`; the id of a stack is all zeros on one machine. */
const DATABASE = 'test_00000000';

let bench: Bench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

async function start(config: PipelineConfig = {}): Promise<Bench> {
  bench = await startBench({ simulator: { sizes: SMALL }, sync: { config } });
  return bench;
}

const SUCCEEDED = { status: 'finished', runs: [{ status: 'succeeded' }] };

/** Looks at the catalog between two runs. */
async function catalogOf({ directory }: Bench): Promise<CatalogView> {
  return withGlue(directory, (client) => readCatalog(client, DATABASE));
}

async function withGlue<T>(directory: string, act: (client: GlueClient) => Promise<T>): Promise<T> {
  const aws = await startEmbeddedAws({ directory });
  try {
    const { AWS_ENDPOINT_URL_GLUE: endpoint = '', AWS_REGION: region = '' } = aws.environment;
    const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } =
      aws.environment;
    return await act(new GlueClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } }));
  } finally {
    await aws.close();
  }
}

const DUCKDB_TYPES: Readonly<Record<string, string>> = {
  VARCHAR: 'string',
  BIGINT: 'bigint',
  DOUBLE: 'double',
  BOOLEAN: 'boolean',
  TIMESTAMP: 'timestamp',
};

/** Types by column, as SQL on this machine has them. */
async function duckdbTypes(
  { directory }: Bench,
  tables: readonly string[],
): Promise<Record<string, Record<string, string>>> {
  const database = await openLakeDatabase(directory);
  const types: Record<string, Record<string, string>> = {};
  for (const table of tables) {
    const rows = await rowsOf(database, `DESCRIBE ${table}`);
    types[table] = Object.fromEntries(
      rows.map((row) => [String(row.column_name).toLowerCase(), DUCKDB_TYPES[String(row.column_type)] ?? '']),
    );
  }
  database.close();
  return types;
}

const addToTeams = ({ simulator }: Bench, fields: Record<string, unknown>): void => {
  const { teams } = simulator.workspace;
  for (const id of teams.ids()) teams.update(id, fields as Parameters<typeof teams.update>[1]);
};

async function syncAgain(current: Bench, config?: PipelineConfig): Promise<CatalogView> {
  current.clock.advance(HOUR);
  expect(await current.sync(config === undefined ? {} : { config })).toMatchObject(SUCCEEDED);
  return catalogOf(current);
}

describe('after a run', () => {
  test('every table and view is there, with the columns and types that SQL has on this machine', async () => {
    const current = await start();
    expect(await current.sync()).toMatchObject(SUCCEEDED);
    const { tables, types } = await catalogOf(current);
    const everything = parseConfig({ objects: [...EVERYTHING] });
    const expected = glueTables(configuredTables(Object.values(OBJECTS), everything, {}), {
      root: 's3://lake/',
      database: DATABASE,
      firstDay: '2026-02-10',
    });
    const derived = derivedViews(null, Object.values(OBJECTS), everything, {}, athenaLeaf).map(
      ({ name }) => name,
    );
    expect([...tables.keys()].sort()).toEqual([...expected.map(({ Name }) => Name), ...derived].sort());
    const derivedTypes = derived.map((name) => {
      const columns = tables.get(name)?.StorageDescriptor?.Columns ?? [];
      return [name, Object.fromEntries(columns.map(({ Name = '', Type = '' }) => [Name, Type]))];
    });
    expect(Object.fromEntries(derivedTypes)).toEqual(await duckdbTypes(current, derived));
    expect(types).toEqual(await duckdbTypes(current, Object.keys(types)));
    expect(tables.get('contacts_files')?.Parameters).toMatchObject({
      'projection.run_date.range': '2026-02-10,NOW',
      'storage.location.template': `s3://lake/tables/contacts/run_date=\${run_date}/`,
    });
    // Nothing was blocked or unknown that the second run would change.
    const { versions } = await syncAgain(current);
    const again = await syncAgain(current);
    expect(again.versions).toEqual(versions);
  });

  test('tables of objects that were never read are there, also if Intercom refuses them', async () => {
    const current = await start({ objects: ['tags', 'teams', 'team_admin'] });
    current.simulator.addFault({ match: { path: '/teams' }, respond: { status: 403, json: {} } });
    expect(await current.sync()).toMatchObject({ status: 'finished', runs: [{ status: 'failed' }] });
    const { types, tables } = await catalogOf(current);
    expect(Object.keys(types).sort()).toEqual(['deletions', 'rejects', 'tags', 'team_admin', 'teams']);
    expect(tables.has('manifests') && tables.has('manifest_files')).toBe(true);
  });

  test('what is excluded is not there, and what is hashed is text', async () => {
    const current = await start({
      objects: ['contacts'],
      tables: { exclude: ['contact_tag'] },
      fields: { contacts: { name: 'exclude', last_seen_at: 'hash' } },
    });
    expect(await current.sync()).toMatchObject(SUCCEEDED);
    const { types } = await catalogOf(current);
    expect(Object.keys(types).sort()).toEqual([
      'contact_company',
      'contact_subscription',
      'contacts',
      'deletions',
      'rejects',
    ]);
    expect(types.contacts).not.toHaveProperty('name');
    expect(types.contacts).toMatchObject({ last_seen_at: 'string', created_at: 'bigint' });
    expect({ contacts: types.contacts }).toEqual(await duckdbTypes(current, ['contacts']));
  });
});

describe('a field that nobody declared', () => {
  test('is a column in the run that first sees it, widens, and takes the type of its first value', async () => {
    const current = await start({ objects: ['teams'] });
    await current.sync();
    addToTeams(current, { mood: 'good', score: 3, later: null });
    expect((await syncAgain(current)).types.teams).toMatchObject({
      mood: 'string',
      score: 'double',
      later: 'string',
    });
    addToTeams(current, { score: 'three', later: true });
    const { types } = await syncAgain(current);
    expect(types.teams).toMatchObject({ mood: 'string', score: 'string', later: 'boolean' });
    expect({ teams: types.teams }).toEqual(await duckdbTypes(current, ['teams']));
  });

  test('is none if it is blocked', async () => {
    const current = await start({ objects: ['teams'], schemaChanges: 'block' });
    await current.sync();
    addToTeams(current, { mood: 'good' });
    expect((await syncAgain(current)).types.teams).not.toHaveProperty('mood');
  });

  test('that is hashed from now on is text from then on, that is excluded is gone, in both engines', async () => {
    const config = { objects: ['teams'] as ['teams'] };
    const current = await start(config);
    addToTeams(current, { score: 3 });
    await current.sync();
    const withRule = (score: 'hash' | 'exclude'): PipelineConfig => ({
      ...config,
      fields: { teams: { score } },
    });
    expect((await catalogOf(current)).types.teams).toMatchObject({ score: 'double' });

    const hashed = await syncAgain(current, withRule('hash'));
    expect(hashed.types.teams).toMatchObject({ score: 'string' });
    expect({ teams: hashed.types.teams }).toEqual(await duckdbTypes(current, ['teams']));
    const database = await openLakeDatabase(current.directory);
    const scores = await rowsOf(database, 'SELECT DISTINCT score FROM teams_history ORDER BY length(score)');
    database.close();
    expect(scores).toEqual([{ score: '3' }, { score: expect.stringMatching(/^[0-9a-f]{64}$/) }]);

    expect((await syncAgain(current, config)).types.teams).toMatchObject({ score: 'string' });

    const excluded = await syncAgain(current, withRule('exclude'));
    expect(excluded.types.teams).not.toHaveProperty('score');
    expect({ teams: excluded.types.teams }).toEqual(await duckdbTypes(current, ['teams']));
  });
});

describe('a catalog that is not as it should be', () => {
  test('is made whole by the next run: tables that are gone, columns that are gone', async () => {
    const current = await start({ objects: ['teams'] });
    addToTeams(current, { mood: 'good' });
    await current.sync();
    const whole = (await catalogOf(current)).types;
    const folder = join(current.directory, 'state', 'glue', DATABASE);
    for (const table of ['teams', 'manifests', 'team_admin_history', 'team_admin_files'])
      await rm(join(folder, `${table}.json`));
    await withGlue(current.directory, (client) =>
      client.send(
        new UpdateTableCommand({
          DatabaseName: DATABASE,
          TableInput: {
            Name: 'teams_history',
            StorageDescriptor: { Columns: [{ Name: 'id', Type: 'string' }] },
          },
        }),
      ),
    );
    const { types, tables } = await syncAgain(current);
    expect(Object.fromEntries(Object.entries(types.teams ?? {}).sort())).toEqual(
      Object.fromEntries(Object.entries(whole.teams ?? {}).sort()),
    );
    expect(tables.has('manifests') && tables.has('team_admin_history')).toBe(true);
    expect(tables.has('team_admin_files')).toBe(true);
  });

  test('keeps what a user has added', async () => {
    const current = await start({ objects: ['tags'] });
    await current.sync();
    const { tables } = await catalogOf(current);
    const { Name, StorageDescriptor, PartitionKeys, TableType, Parameters } = tables.get('tags_files') ?? {};
    await withGlue(current.directory, (client) =>
      client.send(
        new UpdateTableCommand({
          DatabaseName: DATABASE,
          TableInput: {
            ...{ Name, StorageDescriptor, PartitionKeys, TableType },
            Description: 'Ours',
            Parameters: { ...Parameters, owner: 'us' },
          },
        }),
      ),
    );
    const { tables: after } = await syncAgain(current);
    expect(after.get('tags_files')).toMatchObject({
      VersionId: '1',
      Description: 'Ours',
      Parameters: { owner: 'us', 'projection.enabled': 'true' },
    });
  });

  test('fails no run where it refuses: the data is there, the summary says why, and the next run makes up', async () => {
    const current = await start({ objects: ['teams'] });
    await current.sync();
    addToTeams(current, { mood: 'good' });
    current.clock.advance(HOUR);
    const session = await current.open();
    await rm(join(current.directory, 'state', 'glue', DATABASE), { recursive: true });
    const result = await session.run();
    await session.close();
    expect(result).toMatchObject({
      status: 'finished',
      runs: [
        {
          status: 'succeeded',
          objects: [
            {
              status: 'committed',
              message: expect.stringContaining('Does the database test_00000000 exist?'),
              schema: { added: ['teams.mood: string'] },
            },
          ],
        },
      ],
    });
    const lake = createDirectoryLake(current.directory);
    expect(statusText(await readStatus(lake, ['teams'], current.clock.now()))).toContain(
      'teams committed: Glue refused tables of the database test_00000000 (EntityNotFoundException',
    );
    expect((await syncAgain(current)).types.teams).toHaveProperty('mood');
  });
});

/** Stands in for Glue and is away until it is told otherwise; the other services are not asked here. */
async function startOutage(
  behind: () => string,
): Promise<{ url: string; end: () => void; close: () => void }> {
  let isOver = false;
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    if (!isOver) {
      response.writeHead(503).end();
      return;
    }
    const { host: _host, ...headers } = request.headers as Record<string, string>;
    const answer = await fetch(behind(), { method: 'POST', headers, body });
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const end = () => {
    isOver = true;
  };
  return { url: `http://127.0.0.1:${port}`, end, close: () => server.close() };
}

describe('an outage of the catalog', () => {
  async function syncDuringOutage(endsAtCommit: boolean) {
    const current = await start({ objects: ['tags'] });
    const { tags } = current.simulator.workspace;
    for (const id of tags.ids()) tags.update(id, { shade: 'red' });
    const outage = await startOutage(() => process.env.AWS_ENDPOINT_URL_SFN ?? '');
    onTestFinished(outage.close);
    const result = await current.sync({
      environment: { AWS_ENDPOINT_URL_GLUE: outage.url },
      observe: ({ type }) => {
        if (endsAtCommit && type === 'rows') outage.end();
      },
    });
    return { current, result };
  }

  test('in which nothing could be planned is over in time for the commit', async () => {
    const { current, result } = await syncDuringOutage(true);
    expect(result).toMatchObject({ runs: [{ objects: [{ status: 'committed', message: null }] }] });
    expect((await catalogOf(current)).types.tags).toHaveProperty('shade');
  });

  test('that lasts costs no data and no cursor, and is made up for by the next run', async () => {
    const { current, result } = await syncDuringOutage(false);
    expect(result).toMatchObject({
      status: 'finished',
      runs: [
        {
          status: 'succeeded',
          objects: [
            { status: 'committed', message: expect.stringMatching(/^AWS could not read the catalog/) },
          ],
        },
      ],
    });
    expect((await catalogOf(current)).types).toEqual({});
    expect((await syncAgain(current)).types.tags).toHaveProperty('shade');
  });
});
