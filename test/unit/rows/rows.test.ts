import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ObjectDeclaration } from '../../../functions/core/declaration.ts';
import { type JsonObject, type JsonValue, parseJson } from '../../../functions/core/json.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import { recordSchema } from '../../../functions/core/schema.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import { UNTREATED } from '../../../functions/rows/field-rules.ts';
import { createShaper, deletionRow, type Row } from '../../../functions/rows/rows.ts';
import { versionOf } from '../../../functions/rows/version.ts';

const ORIGIN = { runId: '20261122T120000000Z-aaaaaa', slice: '0001' };
const RECEIVED = 1_795_348_861_500;

const rowsOf = (
  object: ObjectDeclaration | ObjectName,
  record: JsonObject,
  { stampedAt = 7, ordinal = 3 } = {},
): readonly Row[] => {
  const declaration = typeof object === 'string' ? OBJECTS[object] : object;
  return createShaper(declaration, ORIGIN).shape({ record, stampedAt, receivedAtMs: RECEIVED }, ordinal);
};

type Line = Readonly<Record<string, unknown>>;

const linesOf = (rows: readonly Row[], table: string): readonly Line[] =>
  rows.filter((row) => row.table === table).map(({ line }) => JSON.parse(line) as Line);

const mainOf = (object: ObjectName, record: JsonObject): Line =>
  linesOf(rowsOf(object, record), object)[0] ?? {};

const json = (value: unknown): unknown => JSON.parse(String(value));

const VERSION = versionOf({ stampedAt: 7, receivedAtMs: RECEIVED, ...ORIGIN, ordinal: 3 });
const OWN = ['_run_id', '_extracted_at', '_version'];

const objects = Object.values(OBJECTS).map((object) => [object.name, object] as const);

describe.each(objects)('a row of %s', (name, object) => {
  const columns = object.columns.map((column) => column.name);

  test('has every declared column in order, then ours, even if the record has nothing', () => {
    const [row] = linesOf(rowsOf(object, {}), name);
    const own = object.children.length === 0 ? OWN : OWN.toSpliced(2, 0, '_unknown');
    expect(Object.keys(row ?? {})).toEqual([...columns, ...own]);
    for (const column of columns) expect(row?.[column]).toBeNull();
    expect(row).toMatchObject({ _run_id: ORIGIN.runId, _extracted_at: 1_795_348_861, _version: VERSION });
  });

  test('is one line of well-formed JSON with scalars only, for any record', () => {
    const values = fc.jsonValue({ maxDepth: 3 });
    const names = fc.oneof(fc.constantFrom(...columns), fc.string({ unit: 'binary', minLength: 1 }));
    fc.assert(
      fc.property(fc.dictionary(names, values), (record) => {
        for (const { line } of rowsOf(object, record as JsonObject)) {
          expect(line).not.toContain('\n');
          expect(line.isWellFormed()).toBe(true);
          const row = JSON.parse(line) as Line;
          for (const value of Object.values(row)) {
            expect(value === null || ['string', 'number', 'boolean'].includes(typeof value)).toBe(true);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test('has no column for omitted relationships, and keeps the rest', () => {
    const whole = object.omit.filter((path) => !path.includes('.'));
    const record = Object.fromEntries(whole.map((field) => [field, { data: [] }]));
    const [row] = linesOf(rowsOf(object, record), name);
    for (const field of whole) expect(row).not.toHaveProperty(field);
  });
});

describe('values', () => {
  test('stay the same if they are scalars, and become JSON texts if they are nested', () => {
    const row = mainOf('contacts', {
      id: 'c1',
      type: 'contact',
      email: '',
      has_hard_bounced: false,
      created_at: 0,
      owner_id: 5,
      name: null,
      location: { city: 'Bonn', country: null },
      notes: { data: [1, 2], total_count: 2 },
    });
    expect(row).toMatchObject({
      id: 'c1',
      type: 'contact',
      email: '',
      has_hard_bounced: false,
      created_at: 0,
      owner_id: 5,
      name: null,
      phone: null,
      location: '{"city":"Bonn","country":null}',
      notes: '{"data":[1,2],"total_count":2}',
    });
  });

  test('of a JSON column are JSON texts even if they are scalars', () => {
    expect(mainOf('companies', { plan: 'pro' }).plan).toBe('"pro"');
    expect(mainOf('companies', { plan: 5 }).plan).toBe('5');
    expect(mainOf('companies', { plan: false }).plan).toBe('false');
    expect(mainOf('companies', { plan: null }).plan).toBeNull();
  });

  test('that are nested in a column of scalars are JSON texts', () => {
    expect(mainOf('tags', { name: { first: 'x' } }).name).toBe('{"first":"x"}');
    expect(mainOf('tags', { name: [] }).name).toBe('[]');
  });

  test('keep every digit, at the top level and inside', () => {
    const record = parseJson(
      '{"id":"1","size":90071992547409931,"custom_attributes":{"n":90071992547409931}}',
    );
    const [row] = rowsOf('companies', record as JsonObject);
    expect(row?.line).toContain('"size":90071992547409931,');
    expect(row?.line).toContain('"custom_attributes":"{\\"n\\":90071992547409931}"');
  });

  test('with half a character become well-formed', () => {
    const half = String.fromCharCode(55_357);
    const row = mainOf('contacts', { name: `a${half}`, custom_attributes: { [half]: half } });
    expect(row).toMatchObject({ name: 'a\ufffd', custom_attributes: '{"\ufffd":"\ufffd"}' });
  });

  test('come from another place in the record if the column says so', () => {
    const record = { default_translation: { name: 'News', description: 'All of it' } };
    expect(mainOf('subscription_types', record)).toMatchObject({ name: 'News', description: 'All of it' });
    expect(mainOf('subscription_types', {})).toMatchObject({ name: null, description: null });
  });
});

describe('undeclared fields', () => {
  test('follow the declared ones in the order of the record, nested as JSON text, and are reported', () => {
    const shaper = createShaper(OBJECTS.tags, ORIGIN);
    const record = { zeta: { a: 1 }, id: '1', alpha: 2, nothing: null } as JsonObject;
    const [row] = shaper.shape({ record, stampedAt: 0, receivedAtMs: RECEIVED }, 1);
    const columns = OBJECTS.tags.columns.map(({ name }) => name);
    expect(Object.keys(JSON.parse(row?.line ?? '') as Line)).toEqual([
      ...columns,
      'zeta',
      'alpha',
      'nothing',
      ...OWN,
    ]);
    expect(JSON.parse(row?.line ?? '')).toMatchObject({ zeta: '{"a":1}', alpha: 2, nothing: null });
    expect(shaper.observed()).toEqual({
      tags: { alpha: ['integer'], id: ['string'], nothing: [], zeta: ['json'] },
    });
  });

  test('with the names of our own columns do not overwrite them', () => {
    const record = { _run_id: 'x', _version: 'y', _extracted_at: 'z', id: '1' };
    const [row] = rowsOf('tags', record);
    expect(row?.line.match(/"_version"/g)).toHaveLength(1);
    expect(JSON.parse(row?.line ?? '')).toMatchObject({ _run_id: ORIGIN.runId, _version: VERSION });
  });

  test('are left out if they are not admitted, but still count as seen', () => {
    const shaper = createShaper(OBJECTS.tags, ORIGIN, UNTREATED, (name) => name === 'alpha');
    const record = { id: '1', zeta: 1, alpha: 2 } as JsonObject;
    const [row] = shaper.shape({ record, stampedAt: 0, receivedAtMs: RECEIVED }, 1);
    expect(JSON.parse(row?.line ?? '')).toMatchObject({ alpha: 2 });
    expect(JSON.parse(row?.line ?? '')).not.toHaveProperty('zeta');
    expect(shaper.observed().tags).toMatchObject({ alpha: ['integer'], zeta: ['integer'] });
  });

  test('are not reported if there are none', () => {
    const shaper = createShaper(OBJECTS.tags, ORIGIN);
    shaper.shape({ record: { id: '1', name: 'n' }, stampedAt: 0, receivedAtMs: RECEIVED }, 1);
    expect(shaper.observed()).toEqual({ tags: { id: ['string'], name: ['string'] } });
  });
});

describe('a type that differs from the declaration', () => {
  const changed = (object: ObjectName, record: JsonObject): readonly string[] => {
    const shaper = createShaper(OBJECTS[object], ORIGIN);
    shaper.shape({ record, stampedAt: 0, receivedAtMs: RECEIVED }, 1);
    const run = { schemaChanges: 'auto-sync', records: 1, isWhole: true, isExcluded: () => false } as const;
    return recordSchema(null, { ...run, declaration: OBJECTS[object], seen: shaper.observed() }).changed;
  };

  test.each<[ObjectName, string, JsonValue, string | null]>([
    ['tags', 'name', { a: 1 }, 'string -> json'],
    ['tags', 'name', true, 'string -> boolean'],
    ['tags', 'name', 1.5, 'string -> number'],
    ['tags', 'id', 15, null],
    ['contacts', 'created_at', 15, null],
    ['contacts', 'created_at', '15', 'timestamp -> string'],
    ['contacts', 'created_at', 1.5, 'timestamp -> number'],
    ['contacts', 'has_hard_bounced', 1, 'boolean -> integer'],
    ['contacts', 'location', 'Bonn', null],
    ['contacts', 'location', null, null],
    ['companies', 'monthly_spend', 5, null],
    ['companies', 'monthly_spend', 5.5, null],
    ['companies', 'size', '5', 'integer -> string'],
    ['companies', 'size', { rawJSON: '1' }, 'integer -> json'],
  ])('%s.%s = %j is reported as %s and breaks nothing', (object, column, value, report) => {
    const expected = report === null ? [] : [`${object}.${column}: ${report}`];
    expect(changed(object, { [column]: value } as JsonObject)).toEqual(expected);
  });

  test('is not reported for an integer that is too long for a double', () => {
    expect(changed('companies', parseJson('{"size":90071992547409931}') as JsonObject)).toEqual([]);
  });
});

describe('omitted data', () => {
  test('includes attachments of sources and parts', () => {
    const source = { type: 'email', body: 'x', attachments: [{ url: 'u' }] };
    expect(json(mainOf('conversations', { source }).source)).toEqual({ type: 'email', body: 'x' });
    expect(mainOf('conversation_parts', { attachments: [{ url: 'u' }] })).not.toHaveProperty('attachments');
    const parts = { ticket_parts: [{ id: 1, attachments: [1] }], total_count: 1 };
    expect(json(mainOf('tickets', { ticket_parts: parts }).ticket_parts)).toEqual({
      ticket_parts: [{ id: 1 }],
      total_count: 1,
    });
  });

  test('does not include attributes that a customer calls attachments', () => {
    const custom = { attachments: 3, source: { attachments: 4 } };
    for (const object of ['contacts', 'conversations', 'companies'] as const) {
      expect(json(mainOf(object, { custom_attributes: custom }).custom_attributes)).toEqual(custom);
    }
    const attributes = { attachments: 'mine', ticket_parts: { attachments: 1 } };
    expect(json(mainOf('tickets', { ticket_attributes: attributes }).ticket_attributes)).toEqual(attributes);
  });

  test('includes the addresses of files in attributes of tickets, and nothing else there', () => {
    const attributes = { files: [{ name: 'a.pdf', url: 'https://x' }], url: 'mine' };
    expect(json(mainOf('tickets', { ticket_attributes: attributes }).ticket_attributes)).toEqual({
      files: [{ name: 'a.pdf' }],
      url: 'mine',
    });
  });

  test('stays in the record itself, which does not change', () => {
    const record = { id: '1', source: { attachments: [1], body: 'b' }, tags: { tags: [{ id: 't' }] } };
    const before = structuredClone(record);
    rowsOf('conversations', record);
    expect(record).toEqual(before);
  });
});

describe('child rows', () => {
  test('have the keys and the version of their parent, and nothing undeclared', () => {
    const record = {
      id: 'c1',
      tags: { data: [{ id: 't1', name: 'n' }, { id: 't2' }] },
      companies: { data: [{ id: 'k1', company_id: 'own' }] },
    };
    const rows = rowsOf('contacts', record);
    const own = { _run_id: ORIGIN.runId, _extracted_at: 1_795_348_861, _parent_version: VERSION };
    expect(rows.map(({ table }) => table)).toEqual([
      'contacts',
      'contact_company',
      'contact_tag',
      'contact_tag',
    ]);
    expect(linesOf(rows, 'contact_tag')).toStrictEqual([
      { contact_id: 'c1', tag_id: 't1', ...own },
      { contact_id: 'c1', tag_id: 't2', ...own },
    ]);
    expect(linesOf(rows, 'contact_company')).toStrictEqual([{ contact_id: 'c1', company_id: 'k1', ...own }]);
    expect(linesOf(rows, 'contacts')[0]).not.toHaveProperty('tags');
  });

  test('exist once per key', () => {
    const tags = { data: [{ id: 't1' }, { id: 't2' }, { id: 't1' }] };
    expect(
      linesOf(rowsOf('contacts', { id: 'c1', tags }), 'contact_tag').map(({ tag_id }) => tag_id),
    ).toEqual(['t1', 't2']);
  });

  test('of plain lists have the item as text', () => {
    const rows = linesOf(rowsOf('teams', { id: 7, admin_ids: [493881, '493882', 493881] }), 'team_admin');
    expect(rows.map(({ team_id, admin_id }) => [team_id, admin_id])).toEqual([
      ['7', '493881'],
      ['7', '493882'],
    ]);
  });

  test('keep every digit of an id', () => {
    const record = parseJson('{"id":90071992547409931,"admin_ids":[90071992547409932]}');
    expect(linesOf(rowsOf('teams', record as JsonObject), 'team_admin')[0]).toMatchObject({
      team_id: '90071992547409931',
      admin_id: '90071992547409932',
    });
  });

  test('of address headers are numbered from 0, equal ones too', () => {
    const header = { type: 'to', email_address: 'a@b.c' };
    const record = {
      id: 'p1',
      conversation_id: 'c1',
      email_message_metadata: { subject: 's', email_address_headers: [header, header] },
    };
    const rows = rowsOf('conversation_parts', record);
    expect(linesOf(rows, 'email_address_header')).toMatchObject([
      { conversation_id: 'c1', conversation_part_id: 'p1', header_index: 0, ...header, name: null },
      { header_index: 1 },
    ]);
    expect(json(linesOf(rows, 'conversation_parts')[0]?.email_message_metadata)).toEqual({ subject: 's' });
  });

  test('have nested values as JSON text', () => {
    const tag = { id: 't', name: 'n', applied_at: 5, applied_by: { type: 'admin', id: 'a' } };
    expect(
      linesOf(rowsOf('conversations', { id: 'c', tags: { tags: [tag] } }), 'conversation_tag'),
    ).toMatchObject([{ applied_at: 5, applied_by: '{"type":"admin","id":"a"}' }]);
  });

  test.each<[string, JsonValue | undefined]>([
    ['is not there', undefined],
    ['is null', null],
    ['is empty', { data: [] }],
    ['is not a list', { data: 'x' }],
    ['is something else', 'x'],
  ])('do not exist if the list %s', (_name, tags) => {
    expect(rowsOf('contacts', { id: 'c1', tags } as JsonObject)).toHaveLength(1);
  });

  test('none has a key that is null: what is not an item of the list has no row', () => {
    const tags = { data: ['t', { id: 7 }, null, {}, { id: '8' }] };
    expect(linesOf(rowsOf('contacts', { id: 'c1', tags }), 'contact_tag')).toMatchObject([
      { contact_id: 'c1', tag_id: '7' },
      { contact_id: 'c1', tag_id: '8' },
    ]);
  });

  test('a numeric id is the same text in parent and child', () => {
    const rows = rowsOf('contacts', { id: 12, tags: { data: [{ id: 7 }] } });
    expect(linesOf(rows, 'contacts')).toMatchObject([{ id: '12' }]);
    expect(linesOf(rows, 'contact_tag')).toMatchObject([{ contact_id: '12', tag_id: '7' }]);
  });
});

test('the row of a deletion shows what was deleted, who noticed it and when', () => {
  const { table, line } = deletionRow(
    { object: 'conversations', id: 'c1', how: 'not_found', merged_into: null },
    { ...ORIGIN, ordinal: 4 },
    RECEIVED,
  );
  expect(table).toBe('deletions');
  expect(JSON.parse(line)).toStrictEqual({
    object: 'conversations',
    id: 'c1',
    how: 'not_found',
    merged_into: null,
    detected_at: 1_795_348_861,
    _run_id: ORIGIN.runId,
    _extracted_at: 1_795_348_861,
    _version: versionOf({ stampedAt: 1_795_348_861, receivedAtMs: RECEIVED, ...ORIGIN, ordinal: 4 }),
  });
});
