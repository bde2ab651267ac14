/** Flat views, as DuckDB reads them. */
import type { DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { derivedViews } from '../../../functions/catalog/configured.ts';
import type { WriteLeaf } from '../../../functions/catalog/flat.ts';
import { LEAVES } from '../../../functions/catalog/flat-leaves.ts';
import { athenaLeaf, duckdbLeaf } from '../../../functions/catalog/json-paths.ts';
import type { View } from '../../../functions/catalog/views.ts';
import { parseConfig } from '../../../functions/config/config.ts';
import { tablesOf } from '../../../functions/core/declared-tables.ts';
import { CHILDREN_ON_REQUEST } from '../../../functions/core/names.ts';
import type { Attribute, Attributes } from '../../../functions/core/ports.ts';
import { OBJECTS, TABLES } from '../../../functions/objects/index.ts';
import { attributesOf } from '../../../functions/rows/attributes.ts';
import { openMacroDatabase } from '../../support/macro-database.ts';

const ALL = Object.values(OBJECTS);

let connection: DuckDBConnection;
let close: () => void;
beforeAll(async () => {
  ({ connection, close } = await openMacroDatabase());
});
afterAll(() => close());

const flats = (
  config: object = {},
  attributes: Attributes = {},
  leaf: WriteLeaf = duckdbLeaf,
): readonly View[] =>
  derivedViews(
    null,
    ALL,
    parseConfig({ objects: ['default', ...CHILDREN_ON_REQUEST], ...config }, TABLES),
    attributes,
    leaf,
  );

function flatOf(name: string, ...about: Parameters<typeof flats>): View {
  const view = flats(...about).find((one) => one.name === name);
  if (view === undefined) throw new Error(`There is no ${name}.`);
  return view;
}

/** The one row that a flat view shows, if its table has this one. */
async function rowOf(view: View, row: Readonly<Record<string, unknown>>) {
  const names = [...view.select.matchAll(/live\."((?:[^"]|"")*)"/g)].map(([, name]) => name ?? '');
  const literal = (value: unknown) =>
    typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
  const cells = [...new Set(names)].map((name) => {
    const value = row[name];
    return `${value === undefined || value === null ? 'NULL' : literal(value)} AS "${name}"`;
  });
  const live = view.name.replace(/_flat$/, '_live');
  await connection.run(`CREATE OR REPLACE VIEW ${live} AS SELECT ${cells.join(', ')}`);
  for (const [, table] of view.select.matchAll(/JOIN (\w+) AS/g)) {
    await connection.run(
      `CREATE OR REPLACE VIEW ${table} AS SELECT '7' AS id, 'Seven' AS name, 'Seven' AS display_name`,
    );
  }
  const reader = await connection.runAndReadAll(view.select);
  const [cell] = reader.getRowObjects();
  return Object.fromEntries(
    Object.entries(cell ?? {}).map(([name, value]) => [name, value?.toString() ?? null]),
  );
}

describe('flat views', () => {
  it.each([
    ['emails_flat', 'brand_name'],
    ['admins_flat', 'away_status_reason_name'],
    ['calls_flat', 'admin_name'],
    ['segment_contact_flat', 'segment_name'],
    ['contact_note_flat', 'author_name'],
  ])('of %s have %s next to the id', (view, column) => {
    expect(flatOf(view).columns.map(({ name }) => name)).toContain(column);
  });

  it('are there for every table of an object, with names that differ in more than case', () => {
    const declared = ALL.flatMap(tablesOf).map(({ name }) => `${name}_flat`);
    expect(flats().map(({ name }) => name)).toEqual(expect.arrayContaining(declared));
    for (const { name, columns } of flats()) {
      const names = columns.map((column) => column.name.toLowerCase());
      expect([name, names.toSorted()]).toEqual([name, [...new Set(names)].toSorted()]);
    }
  });

  it('have every leaf that the declarations name, unless it is in a list', () => {
    const missing = ALL.flatMap(tablesOf).flatMap(({ name: table, columns }) =>
      columns
        .filter(({ type }) => type === 'json')
        .flatMap(({ name, plain = [], personal = [] }) =>
          [...plain, ...(personal === true ? [] : personal)]
            .filter((path) => path !== '' && !/\[|\*/.test(path))
            .filter((path) => {
              const known = Object.keys(LEAVES[table]?.[name] ?? {});
              return !known.some((one) => one === path || one.startsWith(`${path}.`));
            })
            .map((path) => `${table}.${name}.${path}`),
        ),
    );
    // Counts of lists, and what a conversation repeats of its company and a ticket of its type.
    const isRepeated = (leaf: string) =>
      /\.(total_count|has_more|url)$|^conversations\.company\.|^tickets\.ticket_type\.|default_translation|external_id$/.test(
        leaf,
      );
    expect(missing.filter((leaf) => !isRepeated(leaf))).toEqual([]);
  });

  it('show times in UTC, whatever the zone, and nothing for what is not a time', async () => {
    const view = flatOf('contacts_flat');
    const times = async (value: unknown) => (await rowOf(view, { id: 'a', created_at: value })).created_at;
    expect(await times(1_772_366_400)).toBe('2026-03-01 12:00:00');
    expect(await times('1772366400')).toBe('2026-03-01 12:00:00');
    expect(await times(null)).toBeNull();
    expect(await times('soon')).toBeNull();
    expect(await times(1e18)).toBeNull();
  });

  it('have names next to ids, unless the named table is not read or its name is excluded', async () => {
    const row = await rowOf(flatOf('conversations_flat'), {
      id: '1',
      admin_assignee_id: '7',
      team_assignee_id: '0',
    });
    expect(row).toMatchObject({
      admin_assignee_id: '7',
      admin_assignee_name: 'Seven',
      team_assignee_id: '0',
      team_assignee_name: null,
    });
    const names = (config: object) => flatOf('conversations_flat', config).columns.map(({ name }) => name);
    expect(names({ fields: { admins: { name: 'exclude' } } })).not.toContain('admin_assignee_name');
    const [alone] = derivedViews(null, [OBJECTS.conversations], parseConfig({}, TABLES), {}, duckdbLeaf);
    expect(alone?.select).not.toContain('JOIN');
  });

  it('have names next to ids in JSON, by the type that stands next to them', async () => {
    const assigned = async (type: string, id: string) =>
      (await rowOf(flatOf('conversation_parts_flat'), { id: '1', assigned_to: JSON.stringify({ type, id }) }))
        .assigned_to_name;
    expect(await assigned('team', '7')).toBe('Seven');
    expect(await assigned('admin', '7')).toBe('Seven');
    expect(await assigned('nobody', '7')).toBeNull();
    expect(await assigned('team', '8')).toBeNull();
    const rated = await rowOf(flatOf('conversations_flat'), {
      id: '1',
      conversation_rating: '{"rating":5,"teammate":{"id":"7"}}',
      statistics: '{"last_closed_by_id":7}',
    });
    expect(rated).toMatchObject({ rating_teammate_name: 'Seven', last_closed_by_name: 'Seven' });
    const part = await rowOf(flatOf('ticket_part_flat'), {
      id: '1',
      assigned_to_type: 'team',
      assigned_to_id: '7',
    });
    expect(part.assigned_to_name).toBe('Seven');
  });

  it('have attributes behind all other columns but our own, so that a new one moves none', () => {
    for (const table of ['contacts', 'companies', 'conversations', 'tickets'] as const) {
      const names = flatOf(`${table}_flat`, {}, { [table]: [{ name: 'x', type: 'string' }] }).columns.map(
        ({ name }) => name,
      );
      expect(names.slice(-2)).toEqual([expect.stringMatching(/^(custom|attribute)_x$/), '_extracted_at']);
    }
  });

  it('have the leaves of JSON as columns of their type', async () => {
    const row = await rowOf(flatOf('conversations_flat'), {
      id: '1',
      source: '{"author":{"id":"5","email":"a@b.test"},"redacted":false}',
      statistics: '{"time_to_assignment":12,"last_close_at":1772366400,"count_reopens":"many"}',
      conversation_rating: '{"rating":5,"remark":null}',
    });
    expect(row).toMatchObject({
      source_author_id: '5',
      source_author_email: 'a@b.test',
      source_redacted: 'false',
      time_to_assignment: '12',
      last_close_at: '2026-03-01 12:00:00',
      count_reopens: null,
      rating: '5',
      rating_remark: null,
    });
  });

  it('keep a hash if a field is hashed, and have no column for what is excluded', async () => {
    const attributes = { contacts: [{ name: 'age', type: 'integer' }] } as const;
    const hashed = flatOf('contacts_flat', { sensitiveFields: 'hash' }, attributes);
    const row = await rowOf(hashed, { id: '1', custom_attributes: '{"age":"0a1b"}' });
    expect(row.custom_age).toBe('0a1b');
    const names = (rule: string) =>
      flatOf('contacts_flat', { fields: { contacts: { [rule]: 'exclude' } } }, attributes).columns.map(
        ({ name }) => name,
      );
    expect(names('custom_attributes.age')).not.toContain('custom_age');
    expect(names('custom_attributes')).not.toContain('custom_age');
    expect(names('location.city')).toContain('location_country');
    expect(names('location.city')).not.toContain('location_city');
  });

  it.each([
    ['DuckDB', duckdbLeaf, 30],
    ['Athena', athenaLeaf, 5],
  ] as const)(
    'have a column for every attribute, whatever it is called (%s)',
    async (_engine, leaf, numRuns) => {
      const name = fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        fc.constantFrom(
          'Plan',
          'plan',
          'PLAN ',
          'a.b',
          'a b',
          'it\'s "x"',
          '\\',
          '',
          '日本',
          '["x"]',
          'id',
          '_2',
        ),
      );
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 12 }), async (keys) => {
          const contacts = keys.map((key): Attribute => ({ name: key, type: 'string' }));
          const view = flatOf('contacts_flat', {}, { contacts }, leaf);
          const names = view.columns.map((column) => column.name);
          expect(new Set(names).size).toBe(names.length);
          const custom = names.filter((one) => one.startsWith('custom'));
          expect(custom).toHaveLength(keys.length);
          const json = JSON.stringify(Object.fromEntries(keys.map((key, index) => [key, `value ${index}`])));
          const row = await rowOf(view, { id: '1', custom_attributes: json });
          expect(custom.map((one) => row[one])).toEqual(keys.map((_key, index) => `value ${index}`));
        }),
        { numRuns },
      );
    },
  );

  it('read times of attributes as seconds and as text', async () => {
    const view = flatOf('tickets_flat', {}, { tickets: [{ name: 'due', type: 'timestamp' }] });
    const due = async (value: unknown) =>
      (await rowOf(view, { id: '1', ticket_attributes: JSON.stringify({ due: value }) })).attribute_due;
    expect(await due(1_772_366_400)).toBe('2026-03-01 12:00:00');
    expect(await due('2026-03-01T13:00:00+01:00')).toBe('2026-03-01 12:00:00');
    expect(await due('tomorrow')).toBeNull();
  });
});

describe('attributes', () => {
  const definition = { model: 'contact', custom: true, archived: false };

  it('come from custom definitions that are not archived, oldest first', () => {
    const read = attributesOf('data_attributes');
    expect(
      read?.([
        { ...definition, id: 3, name: 'late', data_type: 'float' },
        { ...definition, id: 1, name: 'early', data_type: 'date' },
        { ...definition, id: 2, name: 'old', archived: true },
        { ...definition, id: 4, name: 'name', custom: false },
        { ...definition, id: 5, name: 'size', model: 'company', data_type: 'integer' },
      ]),
    ).toEqual({
      contacts: [
        { name: 'early', type: 'timestamp' },
        { name: 'late', type: 'number' },
      ],
      companies: [{ name: 'size', type: 'integer' }],
      conversations: [],
    });
    expect(attributesOf('contacts')).toBeNull();
  });

  it('of ticket types are one column a name, of text if types differ', () => {
    const list = (key: string, ...items: object[]) => JSON.stringify({ type: 'list', [key]: items });
    const read = attributesOf('ticket_types');
    expect(
      read?.([
        { ticket_type_attributes: list('data', { id: '1', name: 'due', data_type: 'datetime' }) },
        {
          ticket_type_attributes: list('ticket_type_attributes', {
            id: '2',
            name: 'due',
            data_type: 'string',
          }),
        },
        { ticket_type_attributes: null },
        { ticket_type_attributes: '"none"' },
      ]),
    ).toEqual({ tickets: [{ name: 'due', type: 'string' }] });
  });
});
