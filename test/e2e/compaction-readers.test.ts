/** Queries while history is rewritten and removed under them: each answer is the old one or the new one. */
import { execFileSync } from 'node:child_process';
import { mkdir, open as openFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../functions/config/config.ts';
import { isRewrite, manifestPrefix, runIdIn } from '../../functions/core/lake-keys.ts';
import type { Lake } from '../../functions/core/ports.ts';
import { OBJECTS } from '../../functions/objects/index.ts';
import { maintainObject } from '../../functions/sync/rewrite/maintain.ts';
import { verifyObject } from '../../functions/sync/verify.ts';
import { type LakeDatabase, openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { createDirectoryLake } from '../../lib/cli/local/output-directory.ts';
import { createHistory, directoryOf, type History } from '../support/history-lake.ts';
import { beginRun } from '../support/workflow.ts';

const HOUR = 3_600_000;

const VIEWS = ['contacts', 'contact_tag'].flatMap((table) => [table, `${table}_history`, `${table}_live`]);

/** How many rows a view has, and a sum over all their values: a row that is there twice or missing changes both. */
const sumOf = (view: string): string => {
  const moved = view.endsWith('_history') ? ' EXCLUDE (run_date, "$path")' : '';
  return `SELECT '${view}' AS view, count(*) AS rows, sum(hash(one)) AS sum FROM (SELECT *${moved} FROM ${view}) AS one`;
};

/** All views in one statement. */
const SUMS = VIEWS.map(sumOf).join('\nUNION ALL\n');

const answer = async (database: LakeDatabase, sql = SUMS): Promise<readonly string[]> =>
  (await database.query(sql)).rows.map((row) => row.join(' ')).toSorted();

type ReadableLake = ReturnType<typeof createDirectoryLake>;

/** The lake with the same files in a directory, one by one. @param afterStep awaited after each file came or went */
function mirrored(lake: Lake, directory: string, afterStep: (step: string) => Promise<void>): Lake {
  return {
    ...lake,
    async putNew(key, body) {
      const result = await lake.putNew(key, body);
      const path = join(directory, 'lake', key);
      await mkdir(dirname(path), { recursive: true });
      if (result === 'written') await writeFile(path, body);
      await afterStep(`put ${key}`);
      return result;
    },
    async delete(keys) {
      for (const key of keys) {
        await lake.delete([key]);
        await rm(join(directory, 'lake', key), { force: true });
        await afterStep(`delete ${key}`);
      }
    },
  };
}

/** Runs of three days. */
async function threeDays(): Promise<History> {
  const history = createHistory({ compression: 'gzip' });
  for (let index = 0; index < 9; index += 1) {
    await history.change([{ id: `c${index % 4}`, name: `Name ${index}`, tags: [`t${index % 3}`, 'all'] }]);
    history.pipeline.clock.advance(7 * HOUR);
  }
  return history;
}

async function opened(
  directory: string,
  lake: ReadableLake = createDirectoryLake(directory),
): Promise<LakeDatabase> {
  const rules = parseConfig({ objects: ['contacts'] });
  const database = await openLakeDatabase(directory, { rules, lake });
  onTestFinished(() => database.close());
  return database;
}

/** Rewrites what pays, and removes what was replaced once the grace period is over. */
async function maintain({ pipeline, dependencies }: History, lake: Lake): Promise<void> {
  pipeline.clock.advance(60_000);
  const holder = await beginRun(pipeline, dependencies);
  const attempt = { id: 'm1', isOver: () => false };
  expect(await maintainObject({ ...dependencies, lake }, holder, attempt)).toEqual({ status: 'done' });
  pipeline.executions.running.delete(holder.executionArn);
}

const ids = (lake: History['pipeline']['lake']): readonly string[] =>
  lake.keys(manifestPrefix('contacts')).map(runIdIn);

test('whoever asks between two steps of a compaction or a removal gets the same answer', async () => {
  const history = await threeDays();
  const { lake, clock } = history.pipeline;
  const directory = await directoryOf(lake);
  const database = await opened(directory);
  const before = await answer(database);
  // Runs overlap: some versions are there twice, in two files.
  expect(before).toContainEqual(expect.stringMatching(/^contacts_history 17 /));
  const steps: string[] = [];
  const stepped = mirrored(lake, directory, async (step) => {
    steps.push(step);
    expect(await answer(database), step).toEqual(before);
  });
  await maintain(history, stepped);
  const replaced = ids(lake).filter((id) => !isRewrite(id)).length;
  expect(ids(lake).filter(isRewrite).length).toBeGreaterThan(1);
  clock.advance(3 * HOUR);
  await maintain(history, stepped);
  expect(ids(lake).filter((id) => !isRewrite(id)).length).toBeLessThan(replaced);
  const removed = steps.filter((step) => step.startsWith('delete tables/'));
  expect(removed.length).toBeGreaterThan(4);
});

describe('what began before a compaction and ends after the removal', () => {
  /** SQL that waits, once, until what was replaced is removed. It must be asked before `remove` is called. */
  async function untilRemoved() {
    const history = await threeDays();
    const directory = await directoryOf(history.pipeline.lake);
    const gate = join(directory, 'gate.csv');
    execFileSync('mkfifo', [gate]);
    const sql = `SELECT * FROM read_csv('${gate}', columns = {open: 'BOOLEAN'}, header = false, auto_detect = false)`;
    const remove = async (): Promise<void> => {
      const writer = await openFile(gate, 'w');
      // Whoever comes later finds the gate open.
      await rm(gate);
      await writeFile(gate, 'true\n');
      const stepped = mirrored(history.pipeline.lake, directory, async () => undefined);
      await maintain(history, stepped);
      history.pipeline.clock.advance(3 * HOUR);
      await maintain(history, stepped);
      await writer.write('true\n');
      await writer.close();
    };
    return { directory, sql, remove };
  }

  test('is a query: it answers right', async () => {
    const { directory, sql, remove } = await untilRemoved();
    const database = await opened(directory);
    const before = await answer(database);
    const asked = answer(
      database,
      `WITH gate AS MATERIALIZED (${sql})\nSELECT sums.* FROM (${SUMS}) AS sums, gate`,
    );
    await remove();
    expect(await asked).toEqual(before);
  });

  test('is an export: it is whole', async () => {
    const { directory, sql, remove } = await untilRemoved();
    const database = await opened(directory);
    const before = await answer(database);
    // Views are exported in the order of their names.
    await database.query(`CREATE VIEW a_gate AS ${sql}`);
    const file = join(directory, 'exported.duckdb');
    const exported = database.export(file);
    await remove();
    expect(await exported).toContain('contacts');
    await database.query(`ATTACH '${file}' AS exported`);
    for (const view of ['contacts', 'contact_tag']) {
      const [sum] = await answer(database, sumOf(view).replace(`FROM ${view}`, `FROM exported.${view}`));
      expect(before).toContain(sum);
    }
  });
});

describe('while a reader is at work', () => {
  /** A lake whose replaced manifests and their files are removed as soon as someone has listed them, or reads a row. */
  async function removedWhen(moment: 'listed' | 'read') {
    const history = await threeDays();
    const { lake, clock } = history.pipeline;
    const directory = await directoryOf(lake);
    const stepped = mirrored(lake, directory, async () => undefined);
    const compact = (): Promise<void> => maintain(history, stepped);
    if (moment === 'listed') await compact();
    clock.advance(3 * HOUR);
    const files = createDirectoryLake(directory);
    const listed: (readonly string[])[] = [];
    let isOver = false;
    async function remove(): Promise<void> {
      if (isOver) return;
      isOver = true;
      if (moment === 'read') await compact();
      clock.advance(3 * HOUR);
      await compact();
    }
    const reader: ReadableLake = {
      ...files,
      async get(key) {
        if (moment === 'read' && key.startsWith('tables/')) await remove();
        return files.get(key);
      },
      async *list(prefix) {
        const keys = await Array.fromAsync(files.list(prefix));
        if (prefix === manifestPrefix('contacts')) {
          listed.push(keys);
          if (moment === 'listed') await remove();
        }
        yield* keys;
      },
    };
    return { directory, files, reader, listed, now: clock.now() };
  }

  test('replaced manifests are removed before it reads them, and an earlier state is shown all the same', async () => {
    const { directory, reader, listed, now } = await removedWhen('listed');
    const slow = await opened(directory, reader);
    const { rows } = await slow.query(SUMS, { atMs: now });
    expect(listed.at(-1)?.length).toBeLessThan(listed[0]?.length ?? 0);
    expect(rows.map((row) => row.join(' ')).toSorted()).toEqual(await answer(await opened(directory)));
  });

  test.each(['listed', 'read'] as const)(
    'what it has %s is removed, and a verification finds no problem and no left-over',
    async (moment) => {
      const { files, reader, listed } = await removedWhen(moment);
      const found = await verifyObject(reader, OBJECTS.contacts, { deep: true });
      expect(listed.at(-1)?.length).toBeLessThan(listed[0]?.length ?? 0);
      expect(found).toEqual(await verifyObject(files, OBJECTS.contacts, { deep: true }));
      expect(found).toMatchObject({ problems: [], orphans: [] });
    },
  );
});
