import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { glob, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { local, temporaryDirectory, workspace } from '../../support/cli/run-command.ts';

async function synced(): Promise<{ readonly out: string; readonly tags: number }> {
  const { environment, simulator } = await workspace();
  const out = await temporaryDirectory();
  expect((await local(['sync', '--out', out, '--objects', 'tags'], environment)).status).toBe(0);
  return { out, tags: simulator.workspace.tags.size };
}

describe('query', () => {
  it('answers as a table, as CSV and as JSON', async () => {
    const { out, tags } = await synced();
    const sql = `SELECT count(*) AS n, 'a "b", c' AS "text", NULL AS nothing, 9007199254740993 AS big, [1, 2] AS list FROM tags`;
    const ask = async (...format: readonly string[]) => {
      const ended = await local(['query', sql, '--out', out, ...format]);
      expect(ended).toMatchObject({ status: 0, stderr: '' });
      return ended.stdout;
    };
    expect(await ask()).toBe(
      ` n  text      nothing               big  list\n${tags}  a "b", c  NULL     9007199254740993  [1,2]\n(1 row)\n`,
    );
    expect(await ask('--format', 'csv')).toBe(
      `n,text,nothing,big,list\n${tags},"a ""b"", c",,9007199254740993,"[1,2]"\n`,
    );
    expect(await ask('--format', 'json')).toBe(
      `[\n{"n":${tags},"text":"a \\"b\\", c","nothing":null,"big":9007199254740993,"list":[1,2]}\n]\n`,
    );
  });

  it('shows times in UTC, whatever the time zone of the machine', async () => {
    const { out } = await synced();
    const sql =
      "SELECT from_unixtime(1772366400) AS at, now() - TIMESTAMP '2026-03-01 12:00:00' = now() - from_unixtime(1772366400) AS same";
    const asked = await local(['query', sql, '--out', out, '--format', 'csv'], { TZ: 'Asia/Tokyo' });
    expect(asked.stdout).toBe('at,same\n2026-03-01 12:00:00+00,true\n');
  });

  it('answers questions from a pipe, and goes on after a mistake', async () => {
    const { out, tags } = await synced();
    const child = spawn(process.execPath, ['bin/local.ts', 'query', '--out', out, '--format', 'csv'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    child.stdin.end(
      'SELECT count(*)\n  AS n FROM tags;\nSELECT wrong;\n\n.tables\n.schema tags;\n.schema nothing\n.what\nSELECT 1 AS last',
    );
    const [status] = await once(child, 'close');
    expect(stdout).toMatch(
      new RegExp(
        `^n\n${tags}\ntable\n(\\w+\n)+column,type\ntype,VARCHAR\nid,VARCHAR\n(\\w+,\\w+\n)+last\n1\n$`,
      ),
    );
    expect(stdout).toContain('\ntags\n');
    expect(stderr).toMatch(/error: .*"wrong"/);
    expect(stderr).toMatch(/error: .*nothing does not exist/);
    expect(stderr).toContain(
      "error: '.what' is not a command. The commands are .tables, .schema <table> and .exit.",
    );
    expect(status).toBe(0);
  });

  it('writes the answer to a file, whole or not at all', async () => {
    const { out, tags } = await synced();
    const folder = await temporaryDirectory();
    const sql = 'SELECT id, name FROM tags -- all;';
    for (const format of ['parquet', 'ndjson', 'csv', 'json']) {
      const to = join(folder, `it's.${format}`);
      const ended = await local(['query', sql, '--out', out, '--format', format, '--to', to]);
      expect(ended).toMatchObject({ status: 0, stdout: '' });
      const reader = format === 'csv' ? 'read_csv' : format === 'parquet' ? 'read_parquet' : 'read_json';
      const count = `SELECT count(*) AS n, count(name) AS named FROM ${reader}('${to.replace("'", "''")}')`;
      const read = await local(['query', count, '--out', out, '--format', 'csv']);
      expect([format, read.stdout]).toEqual([format, `n,named\n${tags},${tags}\n`]);
    }
    const wrong = await local([
      'query',
      'SELECT wrong',
      '--out',
      out,
      '--format',
      'csv',
      '--to',
      join(folder, 'no.csv'),
    ]);
    expect(wrong).toMatchObject({ status: 1, stderr: expect.stringMatching(/"wrong"/) });
    const nowhere = await local([
      'query',
      sql,
      '--out',
      out,
      '--format',
      'csv',
      '--to',
      join(folder, 'no', 'no.csv'),
    ]);
    expect(nowhere).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: .*no\.csv/) });
    expect((await readdir(folder)).toSorted()).toEqual([
      "it's.csv",
      "it's.json",
      "it's.ndjson",
      "it's.parquet",
    ]);
    const screen = await local(['query', sql, '--out', out, '--format', 'parquet']);
    expect(screen).toMatchObject({ status: 1, stderr: expect.stringContaining('--to FILE') });
  });

  it('exports the current state as a DuckDB database, and again over it', async () => {
    const { out, tags } = await synced();
    const file = join(await temporaryDirectory(), 'intercom.duckdb');
    for (let time = 0; time < 2; time += 1) {
      const ended = await local(['export', file, '--out', out]);
      expect(ended).toMatchObject({ status: 0, stderr: '' });
    }
    const instance = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(
      'SELECT (SELECT count(*) FROM tags) AS tags, (SELECT count(*) FROM tags_flat) AS flat',
    );
    expect(reader.getRows()).toEqual([[BigInt(tags), BigInt(tags)]]);
    connection.closeSync();
    instance.closeSync();
  });

  it('makes a report of what there is, and says what cannot be', async () => {
    const { out } = await synced();
    const file = join(await temporaryDirectory(), 'report.html');
    const report = (...more: readonly string[]) => local(['report', '--out', out, ...more]);
    expect(await report('--to', file)).toMatchObject({ status: 0, stdout: `Wrote ${file}.\n`, stderr: '' });
    const page = await readFile(file, 'utf8');
    expect(page).toContain('Needs conversations and conversation_parts, which no run has committed.');
    expect(page).toContain('Completeness of each object');
    const days = await report('--to', file, '--days', 'all');
    expect(days).toMatchObject({ status: 1, stderr: expect.stringContaining("--days: 'all'") });
    const place = await report('--to', join(file, 'report.html'));
    expect(place).toMatchObject({ status: 1, stderr: expect.stringContaining('--to') });
  });

  it('has the tables and columns of the last sync, or of the named configuration', async () => {
    const { environment } = await workspace();
    const out = await temporaryDirectory();
    const write = async (config: object): Promise<string> => {
      const file = join(await temporaryDirectory(), 'config.json');
      await writeFile(file, JSON.stringify(config));
      return file;
    };
    const objects = ['contacts', 'tags'];
    const synced = {
      objects,
      tables: { exclude: ['contact_tag'] },
      fields: { contacts: { name: 'exclude' } },
    };
    const sync = await local(['sync', '--out', out, '--config', await write(synced)], environment);
    expect(sync.status).toBe(0);
    const ask = async (sql: string, config?: object) =>
      local(['query', sql, '--out', out, ...(config === undefined ? [] : ['--config', await write(config)])]);
    const tables = 'SELECT DISTINCT table_name FROM duckdb_columns() WHERE NOT internal';
    const shown = async (config?: object) => {
      const { stdout } = await ask(
        `${tables} AND NOT regexp_matches(table_name, '_(history|live|flat)$') ORDER BY 1`,
        config,
      );
      return stdout
        .split('\n')
        .slice(1, -2)
        .map((line) => line.trim());
    };
    const shared = ['deletions', 'manifest_files', 'manifest_runs', 'manifests', 'rejects'];
    expect(await shown()).toEqual(['contact_company', 'contact_subscription', 'contacts', ...shared, 'tags']);
    const missing = await ask('SELECT name FROM contacts');
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(/"name" not found/);
    // Tags are no longer configured, but were read, so they can be queried. Teams were never read.
    const other = { objects: ['contacts', 'admins'], fields: { contacts: { email: 'exclude' } } };
    expect(await shown(other)).toEqual([
      'admins',
      'contact_company',
      'contact_subscription',
      'contact_tag',
      'contacts',
      ...shared,
      'tags',
    ]);
    expect((await ask('SELECT name FROM contacts LIMIT 1', other)).stdout).toContain('NULL');
    expect((await ask('SELECT email FROM contacts', other)).status).toBe(1);
    expect((await ask('SELECT count(*) FROM contacts_history WHERE name IS NULL')).status).toBe(1);
  });

  it('takes the pipeline of --pipeline, from pipeline.config.ts unless --config names a file', async () => {
    const { environment } = await workspace();
    const out = await temporaryDirectory();
    const config = join(out, 'config.json');
    await writeFile(config, JSON.stringify({ objects: ['tags'] }));
    expect((await local(['sync', '--out', out, '--config', config], environment)).status).toBe(0);
    const shown = (...options: readonly string[]) =>
      local([
        'query',
        "SELECT 1 AS n FROM duckdb_views() WHERE view_name = 'teams'",
        '--out',
        out,
        '--format',
        'csv',
        ...options,
      ]);
    expect(await shown()).toMatchObject({ status: 0, stdout: 'n\n' });
    expect(await shown('--pipeline', 'intercom')).toMatchObject({ status: 0, stdout: 'n\n1\n' });
    expect(await shown('--pipeline', 'shop')).toMatchObject({
      status: 1,
      stderr: "error: pipeline.config.ts: There is no pipeline 'shop'; there are: intercom.\n",
    });
  });

  it('works in a directory whose name looks like a pattern', async () => {
    const { environment, simulator } = await workspace();
    const out = join(await temporaryDirectory(), "it's [a-z]* {1,2}");
    expect((await local(['sync', '--out', out, '--objects', 'tags'], environment)).status).toBe(0);
    const sql = 'SELECT count(*) AS n FROM tags JOIN tags_history USING (id, _version)';
    expect(await local(['query', sql, '--out', out, '--format', 'csv'])).toMatchObject({
      status: 0,
      stdout: `n\n${simulator.workspace.tags.size}\n`,
    });
  });

  it('names a folder that DuckDB cannot read', async () => {
    const out = join(await temporaryDirectory(), 'what?');
    await mkdir(join(out, 'lake'), { recursive: true });
    const { status, stderr } = await local(['query', 'SELECT 1', '--out', out]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/cannot read files below .*what\?\/lake\/, because of the question mark\. Rename/);
  });

  it('makes a report without answers of a folder that DuckDB cannot read', async () => {
    const { environment } = await workspace();
    const out = join(await temporaryDirectory(), 'what?');
    const sync = ['sync', '--out', out, '--objects', 'conversations,conversation_parts'];
    expect((await local(sync, environment)).status).toBe(0);
    const file = join(await temporaryDirectory(), 'report.html');
    const { status, stdout, stderr } = await local(['report', '--out', out, '--to', file]);
    expect(stderr).toMatch(/^Support overview: DuckDB cannot read files below .*Rename the folder\.$/m);
    expect({ status, stdout }).toEqual({ status: 0, stdout: `Wrote ${file}.\n` });
  });

  it('reports a mistake in the SQL', async () => {
    const { out } = await synced();
    const { status, stdout, stderr } = await local(['query', 'SELECT colour FROM tags', '--out', out]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^error: Binder Error: .*"colour" not found/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('takes one statement at a time, even if the engine splits it up', async () => {
    const { out, tags } = await synced();
    const several = await local(['query', 'SELECT 1 AS a; SELECT 2 AS b', '--out', out, '--format', 'csv']);
    expect(several).toMatchObject({ status: 1, stdout: '' });
    expect(several.stderr).toMatch(/^error: Give one statement at a time/);
    const one = ['FROM (PIVOT (SELECT type FROM tags) ON type USING count(*)); -- one', `tag\n${tags}\n`];
    const made = ['CREATE TEMP TABLE t AS SELECT 1 AS a; SELECT * FROM t', 'a\n1\n'];
    for (const [sql = '', stdout] of [one, made]) {
      expect(await local(['query', sql, '--out', out, '--format', 'csv'])).toMatchObject({
        status: 0,
        stdout,
      });
    }
  });

  it('names a damaged file, and what to do', async () => {
    const { environment } = await workspace();
    const out = await temporaryDirectory();
    const sync = () => local(['sync', '--out', out, '--objects', 'tags'], environment);
    expect((await sync()).status).toBe(0);
    const lake = join(out, 'lake');
    const [key = ''] = await Array.fromAsync(glob('tables/tags/*/*/*.gz', { cwd: lake }));
    await truncate(join(lake, key), 100);
    const ask = () => local(['query', 'SELECT * FROM tags', '--out', out]);
    const { status, stdout, stderr } = await ask();
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(`error: '${key}' in the lake is damaged. Restore it from a copy; or remove '`);
    expect(stderr).not.toMatch(/\n\s+at /);
    const [, manifest = ''] =
      /remove '([^']+)', which lists it, and read its object again from the beginning/.exec(stderr) ?? [];
    await rm(join(lake, manifest));
    expect((await local(['reset', '--out', out, '--objects', 'tags', '--yes'])).status).toBe(0);
    expect((await sync()).status).toBe(0);
    expect((await ask()).status).toBe(0);
    expect((await local(['verify', '--deep', '--out', out])).status).toBe(0);
  });

  it('reports that there is no lake, and what to do', async () => {
    const out = await temporaryDirectory();
    const { status, stderr } = await local(['query', 'SELECT 1', '--out', out]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/There is no lake in .*Run a sync first, or name another directory with --out/);
  });

  it('knows its formats', async () => {
    const { status, stderr } = await local(['query', 'SELECT 1', '--format', 'xml']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/--format: 'xml' is not one of table, csv, json/);
  });

  it('has help', async () => {
    const { status, stdout } = await local(['query', '--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Usage: npm run local -- query \[options\] \[sql\]/);
  });
});
