/** What the views show of random histories, in DuckDB, against a plain model of the readers' rules (docs/output.md). */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogTables } from '../../../functions/catalog/tables.ts';
import { createView, viewsOfAll } from '../../../functions/catalog/views.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';

const TABLES = catalogTables([OBJECTS.contacts, OBJECTS.companies, OBJECTS.conversation_parts], {});
const FILES = 'object VARCHAR, run_id VARCHAR, table_name VARCHAR, path VARCHAR';
const TYPES = { string: 'VARCHAR', bigint: 'BIGINT', double: 'DOUBLE', boolean: 'BOOLEAN' } as const;

let instance: DuckDBInstance;
let connection: DuckDBConnection;
beforeAll(async () => {
  instance = await DuckDBInstance.create(':memory:');
  connection = await instance.connect();
  await connection.run(`CREATE TABLE manifest_files (${FILES})`);
  await connection.run('CREATE TABLE manifest_runs (object VARCHAR, run_id VARCHAR)');
  for (const { name, columns } of TABLES) {
    const typed = columns.map((column) => `"${column.name}" ${TYPES[column.type]}`);
    await connection.run(`CREATE TABLE ${name}_files (${typed.join(', ')}, "$path" VARCHAR)`);
    const committed = `SELECT * FROM ${name}_files WHERE "$path" IN (SELECT path FROM manifest_files)`;
    await connection.run(`CREATE VIEW ${name}_history AS ${committed}`);
  }
  for (const view of viewsOfAll(TABLES)) await connection.run(createView(view));
});
afterAll(() => {
  connection.closeSync();
  instance.closeSync();
});

type Row = Readonly<Record<string, string | number | null>>;

const cell = (value: string | number | null): string =>
  typeof value === 'string' ? `'${value}'` : String(value);

async function insert(table: string, rows: readonly Row[]): Promise<void> {
  const names = Object.keys(rows[0] ?? {});
  if (names.length === 0) return;
  const values = rows.map((row) => `(${names.map((name) => cell(row[name] ?? null)).join(', ')})`);
  const columns = names.map((name) => `"${name}"`).join(', ');
  await connection.run(`INSERT INTO ${table} (${columns}) VALUES ${values.join(', ')}`);
}

async function shown(table: string, columns: string): Promise<readonly string[]> {
  const answer = await connection.runAndReadAll(`SELECT ${columns} FROM ${table}`);
  return answer
    .getRows()
    .map((row) => row.map(String).join(' '))
    .sort();
}

type Parent = 'contacts' | 'companies';

/** A version of a record, as one run wrote it. */
interface Version {
  readonly parent: Parent;
  readonly id: string;
  readonly run: number;
  /** Its own time: a run may read an older state than the one before. */
  readonly stamp: number;
  /** Null: the list did not come. Missing: written before there was `_unknown`. */
  readonly tags: readonly string[] | null;
  readonly companies: readonly string[] | null;
  readonly isOld: boolean;
}

interface Deletion {
  readonly object: Parent | 'conversations';
  readonly id: string;
  readonly run: number;
}

interface History {
  readonly versions: readonly Version[];
  readonly deletions: readonly Deletion[];
  /** Runs without a manifest. */
  readonly uncommitted: readonly number[];
}

const RUNS = 5;
const runId = (run: number): string => `run${run}`;
/** One object of one run. */
const isIn = ({ uncommitted }: History, run: number): boolean => !uncommitted.includes(run);
const versionText = ({ stamp, run }: Version): string => `${stamp}-${run}`;
const unknownOf = ({ tags, companies, parent, isOld }: Version): string | null => {
  const lists = [
    ...(tags === null ? ['tags'] : []),
    ...(companies === null && parent === 'contacts' ? ['companies'] : []),
  ];
  return isOld || lists.length === 0 ? null : JSON.stringify(lists);
};

const few = (names: readonly string[]) => fc.subarray([...names], { maxLength: 2 });
const list = (names: readonly string[]) =>
  fc.oneof({ weight: 2, arbitrary: few(names) }, { weight: 1, arbitrary: fc.constant(null) });

/** At most one version of a record in a run. Rows from before `_unknown` know everything. */
const histories: fc.Arbitrary<History> = fc
  .record({
    versions: fc.uniqueArray(
      fc.record({
        parent: fc.constantFrom<Parent>('contacts', 'companies'),
        id: fc.constantFrom('1', '2', '3'),
        run: fc.nat(RUNS - 1),
        stamp: fc.nat(4),
        tags: list(['a', 'b', 'c']),
        companies: list(['1', '2', '3']),
        isOld: fc.boolean(),
      }),
      { maxLength: 20, selector: ({ parent, id, run }) => `${parent} ${id} ${run}` },
    ),
    deletions: fc.array(
      fc.record({
        object: fc.constantFrom<Deletion['object']>('contacts', 'companies', 'conversations'),
        id: fc.constantFrom('1', '2', '3'),
        run: fc.nat(RUNS - 1),
      }),
      { maxLength: 5 },
    ),
    uncommitted: fc.subarray([...Array(RUNS).keys()], { maxLength: 2 }),
  })
  .map((history) => ({
    ...history,
    versions: history.versions.map((version) =>
      version.isOld ? { ...version, tags: version.tags ?? [], companies: version.companies ?? [] } : version,
    ),
  }));

const path = (table: string, run: number): string => `${table}/${run}`;

async function store(history: History): Promise<void> {
  for (const { name } of TABLES) await connection.run(`DELETE FROM ${name}_files`);
  await connection.run('DELETE FROM manifest_files');
  await connection.run('DELETE FROM manifest_runs');
  const own = (table: string, run: number) => ({
    _run_id: runId(run),
    _extracted_at: run,
    $path: path(table, run),
  });
  for (const parent of ['contacts', 'companies'] as const) {
    const versions = history.versions.filter((one) => one.parent === parent);
    const children = (table: string, items: (version: Version) => readonly Row[]) =>
      versions.flatMap((version) =>
        items(version).map((item) => ({
          ...item,
          ...own(table, version.run),
          _parent_version: versionText(version),
        })),
      );
    await insert(
      `${parent}_files`,
      versions.map((version) => ({
        id: version.id,
        ...own(parent, version.run),
        _unknown: unknownOf(version),
        _version: versionText(version),
      })),
    );
    const [child, key] =
      parent === 'contacts' ? ['contact_tag', 'contact_id'] : ['company_tag', 'company_id'];
    await insert(
      `${child}_files`,
      children(child, ({ id, tags }) => (tags ?? []).map((tag_id) => ({ [key]: id, tag_id }))),
    );
    if (parent !== 'contacts') continue;
    await insert(
      'conversation_parts_files',
      versions.flatMap((version) =>
        (version.tags ?? []).map((id) => ({
          id,
          conversation_id: version.id,
          ...own('conversation_parts', version.run),
          _version: versionText(version),
        })),
      ),
    );
    await insert(
      'contact_company_files',
      children('contact_company', ({ id, companies }) =>
        (companies ?? []).map((company_id) => ({ contact_id: id, company_id })),
      ),
    );
  }
  await insert(
    'deletions_files',
    history.deletions.map(({ object, id, run }, index) => ({
      object,
      id,
      detected_at: run,
      ...own('deletions', run),
      _version: `${run}-${index}`,
    })),
  );
  const runs = [...Array(RUNS).keys()].filter((run) => isIn(history, run));
  for (const run of runs) {
    const objects = [OBJECTS.contacts, OBJECTS.companies, OBJECTS.conversation_parts];
    await insert(
      'manifest_runs',
      objects.map(({ name }) => ({ object: name, run_id: runId(run) })),
    );
    const tables = TABLES.map(({ name, object }) => ({
      object: object ?? 'contacts',
      run_id: runId(run),
      table_name: name,
      path: path(name, run),
    }));
    await insert('manifest_files', tables);
  }
}

const last = <T>(items: readonly T[], rank: (item: T) => string | number): T | undefined =>
  items.reduce<T | undefined>(
    (best, item) => (best === undefined || rank(item) > rank(best) ? item : best),
    undefined,
  );

/** What the views must show. */
function model(history: History) {
  const committed = history.versions.filter(({ run }) => isIn(history, run));
  const lastRun = Math.max(-1, ...[...Array(RUNS).keys()].filter((run) => isIn(history, run)));
  const of = (parent: Parent) => {
    const ids = [...new Set(committed.filter((one) => one.parent === parent).map(({ id }) => id))];
    return ids.flatMap((id) => {
      const all = committed.filter((one) => one.parent === parent && one.id === id);
      const isThere = parent === 'contacts' || all.some(({ run }) => run === lastRun);
      const newest = (versions: readonly Version[]) =>
        last(versions, (one) => (parent === 'contacts' ? versionText(one) : one.run));
      return isThere ? [{ id, all, newest }] : [];
    });
  };
  const gone = (object: Deletion['object'], id: string, extractedAt: number): boolean =>
    history.deletions.some(
      (one) => one.object === object && one.id === id && isIn(history, one.run) && one.run >= extractedAt,
    );
  const isLive = (parent: Parent, id: string, versions: readonly Version[]): boolean =>
    !gone(
      parent,
      id,
      (parent === 'contacts' ? last(versions, versionText) : last(versions, ({ run }) => run))?.run ?? 0,
    );
  const own = (parent: Parent) =>
    of(parent).flatMap(({ id, all, newest }) => {
      const version = newest(all);
      if (version === undefined) return [];
      return [{ text: `${id} ${versionText(version)}`, isLive: isLive(parent, id, all) }];
    });
  const children = (parent: Parent, field: 'tags' | 'companies') => {
    const rows = of(parent).flatMap(({ id, all, newest }) => {
      const version = newest(all.filter((one) => one[field] !== null));
      return (version?.[field] ?? []).map((item) => ({ id, item, run: version?.run ?? 0, all }));
    });
    const lastRead = (item: string) =>
      Math.max(...rows.filter((row) => row.item === item).map(({ run }) => run));
    return rows.map(({ id, item, all }) => ({
      text: `${id} ${item}`,
      isLive: isLive(parent, id, all) && !(field === 'companies' && gone('companies', item, lastRead(item))),
    }));
  };
  /** Parts of the conversations whose ids the tags stand for, by the contacts' versions. */
  const parts = () => {
    const all = committed
      .filter(({ parent }) => parent === 'contacts')
      .flatMap((one) => (one.tags ?? []).map((tag) => ({ ...one, text: `${one.id} ${tag}` })));
    const newest = [...new Set(all.map(({ text }) => text))].flatMap(
      (text) =>
        last(
          all.filter((one) => one.text === text),
          versionText,
        ) ?? [],
    );
    return newest.map(({ text, id }) => {
      const runs = newest.filter((one) => one.id === id).map(({ run }) => run);
      return { text, isLive: !gone('conversations', id, Math.max(...runs)) };
    });
  };
  return {
    contacts: own('contacts'),
    companies: own('companies'),
    contact_tag: children('contacts', 'tags'),
    company_tag: children('companies', 'tags'),
    contact_company: children('contacts', 'companies'),
    conversation_parts: parts(),
  };
}

const COLUMNS = {
  contacts: '"id", "_version"',
  companies: '"id", "_version"',
  contact_tag: '"contact_id", "tag_id"',
  company_tag: '"company_id", "tag_id"',
  contact_company: '"contact_id", "company_id"',
  conversation_parts: '"conversation_id", "id"',
} as const;

async function compare(history: History): Promise<void> {
  await store(history);
  for (const [table, expected] of Object.entries(model(history))) {
    const columns = COLUMNS[table as keyof typeof COLUMNS];
    const texts = (rows: typeof expected) => rows.map(({ text }) => text).sort();
    expect([table, await shown(table, columns)]).toEqual([table, texts(expected)]);
    const live = expected.filter(({ isLive }) => isLive);
    expect([table, 'live', await shown(`${table}_live`, columns)]).toEqual([table, 'live', texts(live)]);
  }
}

const version = (some: Partial<Version>): Version => ({
  parent: 'contacts',
  id: '1',
  run: 0,
  stamp: 0,
  tags: ['a'],
  companies: ['1'],
  isOld: false,
  ...some,
});

describe('the views', () => {
  it.each<[string, Partial<History>, Partial<Record<keyof typeof COLUMNS, readonly string[]>>]>([
    [
      'keep the tags of the version that knew them, though a newer one came without',
      { versions: [version({}), version({ run: 1, stamp: 1, tags: null, companies: [] })] },
      { contacts: ['1 1-1'], contact_tag: ['1 a'], contact_company: [] },
    ],
    [
      'drop a tag that a newer version knows to be removed',
      { versions: [version({}), version({ run: 1, stamp: 1, tags: [] })] },
      { contact_tag: [] },
    ],
    [
      'take the newest run for an object that is read whole, whatever its times say',
      {
        versions: [
          version({ parent: 'companies', run: 0, stamp: 4 }),
          version({ parent: 'companies', run: 1, stamp: 1, tags: ['b'] }),
          version({ parent: 'companies', run: 2, stamp: 2, tags: null }),
        ],
        uncommitted: [3, 4],
      },
      { companies: ['1 2-2'], company_tag: ['1 b'] },
    ],
    [
      'have no children of a record that the last run did not find',
      {
        versions: [
          version({ parent: 'companies', id: '2' }),
          version({ parent: 'companies', id: '1', run: 4, tags: null }),
        ],
      },
      { companies: ['1 0-4'], company_tag: [] },
    ],
  ])('%s', async (_what, some, expected) => {
    const history = { versions: [], deletions: [], uncommitted: [], ...some };
    await compare(history);
    for (const [table, rows] of Object.entries(expected)) {
      expect(await shown(table, COLUMNS[table as keyof typeof COLUMNS])).toEqual(rows);
    }
  });

  it('hide deleted records from the live views, until they come again', async () => {
    const versions = [version({}), version({ id: '2' }), version({ id: '2', run: 3, stamp: 1 })];
    const deletions = [1, 2].map((id): Deletion => ({ object: 'contacts', id: String(id), run: 2 }));
    await compare({ versions, deletions, uncommitted: [] });
    expect(await shown('contacts', '"id"')).toEqual(['1', '2']);
    expect(await shown('contacts_live', '"id"')).toEqual(['2']);
    expect(await shown('contact_tag_live', '"contact_id"')).toEqual(['2']);
  });

  it('judge by the newest version: a later run that read an older one does not bring the record back', async () => {
    const versions = [version({ stamp: 1 }), version({ run: 1 })];
    const deletions: Deletion[] = [{ object: 'conversations', id: '1', run: 0 }];
    await compare({ versions, deletions, uncommitted: [] });
    expect(await shown('conversation_parts', COLUMNS.conversation_parts)).toEqual(['1 a']);
    expect(await shown('conversation_parts_live', COLUMNS.conversation_parts)).toEqual([]);
  });

  it('agree with the model after any history', async () => {
    await fc.assert(fc.asyncProperty(histories, compare), { numRuns: 200 });
  });
});
