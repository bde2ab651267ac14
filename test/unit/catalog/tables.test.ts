import { describe, expect, it } from 'vitest';
import { type CatalogTable, catalogTables } from '../../../functions/catalog/tables.ts';
import { catalogType } from '../../../functions/catalog/types.ts';
import type { ColumnType } from '../../../functions/core/declaration.ts';
import type { SeenType } from '../../../functions/core/sightings.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import { TABLES } from '../../support/local/tables.ts';

const all = Object.values(OBJECTS);
const tableOf = (name: string, tables = catalogTables(all, {})): CatalogTable => {
  const table = tables.find((one) => one.name === name);
  if (table === undefined) throw new Error(`no table ${name}`);
  return table;
};

describe('the tables', () => {
  it('match the output contract, with its keys and parents', () => {
    const facts = catalogTables(all, {}).map(({ name, primaryKey, current }) => [
      name,
      {
        key: primaryKey,
        ...(current.kind === 'child' && {
          parent: {
            table: current.parent,
            key: current.on.map(({ column }) => column),
            lists: current.fields,
          },
        }),
        sync: current.kind,
      },
    ]);
    const expected = Object.entries(TABLES).map(([name, table]) => [
      name,
      {
        ...table,
        sync: 'parent' in table ? 'child' : table.sync === 'incremental' ? 'latest' : 'last_run',
      },
    ]);
    expect(Object.fromEntries(facts)).toEqual(Object.fromEntries(expected));
  });

  it('have declared columns, then undeclared fields, then our own columns', () => {
    const seen = { tags: { zeta: ['json'], alpha: ['number'] } } as const;
    const columns = tableOf('tags', catalogTables(all, seen)).columns.map(({ name, type }) => [name, type]);
    expect(columns).toEqual([
      ['type', 'string'],
      ['id', 'string'],
      ['name', 'string'],
      ['alpha', 'double'],
      ['zeta', 'string'],
      ['_run_id', 'string'],
      ['_extracted_at', 'bigint'],
      ['_version', 'string'],
    ]);
  });

  it('give a child its own columns and the version of its parent', () => {
    const names = tableOf('team_admin').columns.map(({ name }) => name);
    expect(names).toEqual(['team_id', 'admin_id', '_run_id', '_extracted_at', '_parent_version']);
  });

  it('give the parent of a child a column for the lists that did not come, and no other table', () => {
    const parents = catalogTables(all, {}).filter(({ columns }) =>
      columns.some(({ name }) => name === '_unknown'),
    );
    expect(parents.map(({ name }) => name)).toEqual(
      all.filter(({ children }) => children.length > 0).map(({ name }) => name),
    );
  });

  it('know which of their columns are ids of records that may be deleted', () => {
    const records = catalogTables(all, {})
      .filter((table) => table.records.length > 0)
      .map(({ name, records }) => [name, records.map(({ column, object }) => `${column} of ${object}`)]);
    expect(Object.fromEntries(records)).toEqual({
      contacts: ['id of contacts'],
      contact_company: ['contact_id of contacts', 'company_id of companies'],
      contact_tag: ['contact_id of contacts'],
      contact_subscription: ['contact_id of contacts'],
      contact_note: ['contact_id of contacts'],
      companies: ['id of companies'],
      company_tag: ['company_id of companies'],
      company_segment: ['company_id of companies'],
      conversations: ['id of conversations'],
      conversation_tag: ['conversation_id of conversations'],
      conversation_contact: ['conversation_id of conversations', 'contact_id of contacts'],
      conversation_teammate: ['conversation_id of conversations'],
      conversation_link: ['conversation_id of conversations'],
      conversation_content_source: ['conversation_id of conversations'],
      team_first_response: ['conversation_id of conversations'],
      conversation_parts: ['conversation_id of conversations'],
      email_address_header: ['conversation_id of conversations'],
      tickets: ['id of tickets'],
      ticket_part: ['ticket_id of tickets'],
      ticket_contact: ['ticket_id of tickets', 'contact_id of contacts'],
      ticket_link: ['ticket_id of tickets'],
      segment_contact: ['contact_id of contacts'],
    });
  });

  it('have one column for names that differ only in case, and none with the name of a partition', () => {
    const seen = { tags: { NAME: ['string'], run_date: ['string'], Run_Date: ['string'] } } as const;
    expect(tableOf('tags', catalogTables(all, seen)).columns).toEqual(tableOf('tags').columns);
  });
});

describe('the type of a column', () => {
  const cases: readonly (readonly [ColumnType | null, readonly SeenType[], string])[] = [
    ['timestamp', [], 'bigint'],
    ['timestamp', ['integer'], 'bigint'],
    ['timestamp', ['integer', 'number'], 'double'],
    ['timestamp', ['integer', 'string'], 'string'],
    ['integer', ['long'], 'bigint'],
    ['integer', ['huge'], 'string'],
    ['integer', ['long', 'number'], 'string'],
    ['integer', ['integer', 'number'], 'double'],
    ['number', ['integer'], 'double'],
    ['number', ['long'], 'string'],
    ['boolean', ['boolean'], 'boolean'],
    ['boolean', ['boolean', 'integer'], 'string'],
    ['string', ['boolean', 'json'], 'string'],
    ['json', ['json', 'number'], 'string'],
    [null, [], 'string'],
    [null, ['integer'], 'double'],
    [null, ['boolean'], 'boolean'],
    [null, ['boolean', 'number'], 'string'],
    [null, ['json'], 'string'],
  ];

  it.each(cases)('declared %s, seen %j: %s', (declared, seen, expected) => {
    expect(catalogType('x', declared, seen)).toBe(expected);
  });

  it('is string for every id', () => {
    expect(['id', 'team_assignee_id'].map((name) => catalogType(name, 'integer', ['integer']))).toEqual([
      'string',
      'string',
    ]);
  });

  it('never becomes narrower when more types are seen', () => {
    const width = { boolean: 0, bigint: 0, double: 1, string: 2 };
    const types: readonly SeenType[] = ['boolean', 'integer', 'long', 'huge', 'number', 'string', 'json'];
    for (const declared of ['timestamp', 'integer', 'number', 'boolean', 'string', 'json'] as const) {
      for (let bits = 0; bits < 2 ** types.length; bits += 1) {
        const seen = types.filter((_type, index) => bits & (1 << index));
        for (const more of types) {
          const before = catalogType('x', declared, seen);
          expect(width[catalogType('x', declared, [...seen, more])]).toBeGreaterThanOrEqual(width[before]);
        }
      }
    }
  });
});
