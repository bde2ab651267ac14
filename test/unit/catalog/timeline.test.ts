/** The timeline of conversations, as DuckDB reads it, against a model that walks through the parts. */
import type { DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { derivedViewNames, derivedViews } from '../../../functions/catalog/configured.ts';
import { duckdbLeaf } from '../../../functions/catalog/json-paths.ts';
import { createView } from '../../../functions/catalog/views.ts';
import { parseConfig } from '../../../functions/config/config.ts';
import { OBJECTS, TABLES } from '../../../functions/objects/index.ts';
import { openMacroDatabase } from '../../support/macro-database.ts';
import { sorted, TIMELINE_SQL, type TimelineRow, timelineOf } from '../../support/timeline-model.ts';

type Json = Readonly<Record<string, unknown>>;

interface Conversation {
  readonly record: Json;
  readonly parts: readonly Json[];
}

const VIEW = 'conversation_timeline';
const timeline = (config: object = {}) =>
  derivedViews(null, Object.values(OBJECTS), parseConfig(config, TABLES), {}, duckdbLeaf).find(
    ({ name }) => name === VIEW,
  );

let connection: DuckDBConnection;
let close: () => void;
beforeAll(async () => {
  ({ connection, close } = await openMacroDatabase());
  for (const name of ['conversations', 'conversation_parts'] as const) {
    const columns = OBJECTS[name].columns.map(
      (column) => `"${column.name}" ${column.type === 'timestamp' ? 'BIGINT' : 'VARCHAR'}`,
    );
    await connection.run(`CREATE TABLE ${name}_live (${columns.join(', ')})`);
  }
  const view = timeline();
  if (view === undefined) throw new Error(`There is no ${VIEW}.`);
  await connection.run(createView(view));
});
afterAll(() => close());

const cell = (value: unknown): string => {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `'${text.replaceAll("'", "''")}'`;
};

async function store(table: string, rows: readonly Json[]): Promise<void> {
  await connection.run(`DELETE FROM ${table}`);
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) return;
  const values = rows.map((row) => `(${names.map((name) => cell(row[name])).join(', ')})`);
  await connection.run(`INSERT INTO ${table} (${names.join(', ')}) VALUES ${values.join(', ')}`);
}

async function shown(
  conversations: readonly Conversation[],
  sql = TIMELINE_SQL,
): Promise<readonly unknown[]> {
  await store(
    'conversations_live',
    conversations.map(({ record }) => record),
  );
  await store(
    'conversation_parts_live',
    conversations.flatMap(({ record, parts }) =>
      parts.map((part) => ({ ...part, conversation_id: record.id })),
    ),
  );
  const reader = await connection.runAndReadAll(sql);
  return reader
    .getRowObjects()
    .map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
      ),
    );
}

const ADMIN = { type: 'admin', id: '7' };
const BOT = { type: 'bot', id: '3' };
const USER = { type: 'user', id: 'u' };

const authors = fc.constantFrom(
  ADMIN,
  { type: 'admin', id: '8' },
  BOT,
  { type: 'bot', id: '3', from_ai_agent: true },
  USER,
  { type: 'lead', id: 'l' },
  { type: 'team', id: '5' },
  null,
);
const PART_TYPES = [
  'comment',
  'note',
  'note_and_reopen',
  'assignment',
  'assign_and_unsnooze',
  'assign_and_reopen',
  'default_assignment',
  'open',
  'close',
  'snoozed',
  'unsnoozed',
  'timer_unsnooze',
  'quick_reply',
  'conversation_rating_changed',
  'conversation_sla_applied_by_rule',
  'conversation_sla_target_missed',
  'conversation_sla_paused',
  'conversation_sla_unpaused',
  'conversation_sla_removed',
  'a_type_of_tomorrow',
];
const assignees = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constantFrom('team', 'admin', 'nobody_admin'),
      id: fc.constantFrom('5', '6', '0', null),
    }),
  },
);
const parts = fc
  .array(
    fc.record({
      part_type: fc.constantFrom(...PART_TYPES),
      // Few seconds, so that many parts share one, and some are before the conversation.
      created_at: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 95, max: 120 }) }, fc.constant(null)),
      author: authors,
      body: fc.constantFrom('<p>Hi</p>', '', null),
      assigned_to: assignees,
      event_details: fc.oneof(
        fc.constant(null),
        fc.record({
          sla_name: fc.constantFrom('Gold', 'Silver', null),
          current_sla_status: fc.constantFrom('hit', 'missed', 'active', 'canceled', null),
        }),
      ),
    }),
    { maxLength: 14 },
  )
  // Ids of different lengths: their order is that of numbers, not of text.
  .map((some) => some.map((part, index) => ({ ...part, id: String(96 + index) })));
const conversations: fc.Arbitrary<Conversation> = fc
  .record({
    author: authors,
    rating: fc.oneof(
      fc.constant(null),
      fc.record({
        rating: fc.constantFrom(1, 5, null),
        created_at: fc.constantFrom(110, null),
        updated_at: fc.constantFrom(115, null),
        contact: fc.constant({ type: 'contact', id: 'u' }),
        teammate: fc.constantFrom(ADMIN, BOT, { type: null, id: null }),
      }),
    ),
    parts,
  })
  .map(({ author, rating, parts: happened }) => ({
    record: {
      created_at: 100,
      updated_at: 130,
      source: author === null ? null : { type: 'conversation', author },
      conversation_rating: rating,
    },
    parts: happened,
  }));

/** One conversation, begun by a contact at 100. */
const conversation = (...happened: readonly Json[]): Conversation => ({
  record: { id: '1', created_at: 100, updated_at: 200, source: { author: USER } },
  parts: happened.map((part, index) => ({ id: String(index + 1), ...part })),
});

const only = async (one: Conversation, kind: string, ...names: readonly (keyof TimelineRow)[]) =>
  ((await shown([one])) as readonly TimelineRow[])
    .filter((row) => row.kind === kind)
    .map((row) => names.map((name) => row[name]));

describe('the timeline', () => {
  it('agrees with the model after any parts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(conversations, { minLength: 1, maxLength: 40 }), async (some) => {
        const all = some.map(({ record, parts: happened }, index) => ({
          record: { ...record, id: String(index) },
          parts: happened,
        }));
        const wanted = all.flatMap(({ record, parts: happened }) => timelineOf(record, happened));
        expect(await shown(all)).toEqual(sorted(wanted));
      }),
      { numRuns: 25 },
    );
  });

  it('tells a close by a bot from one by a teammate', async () => {
    const closes = [
      { part_type: 'close', created_at: 110, author: ADMIN },
      { part_type: 'open', created_at: 120, author: USER, body: '<p>Not yet</p>' },
      { part_type: 'close', created_at: 130, author: BOT },
      { part_type: 'open', created_at: 140, author: USER },
      { part_type: 'close', created_at: 150, author: { ...BOT, from_ai_agent: true } },
    ];
    const rows = await only(conversation(...closes), 'state', 'value', 'started_by_type', 'ended_by_type');
    expect(rows).toEqual([
      ['open', 'contact', 'admin'],
      ['closed', 'admin', 'contact'],
      ['open', 'contact', 'bot'],
      ['closed', 'bot', 'contact'],
      ['open', 'contact', 'ai_agent'],
      ['closed', 'ai_agent', null],
    ]);
  });

  it('says who closed last, however the parts lie in the table, and does not count a close of what is closed', async () => {
    const happened = conversation(
      { id: '30', part_type: 'close', created_at: 150, author: BOT },
      { id: '29', part_type: 'close', created_at: 150, author: { type: 'admin', id: '8' } },
      { id: '9', part_type: 'open', created_at: 140, author: USER },
      { id: '8', part_type: 'close', created_at: 110, author: ADMIN },
    );
    const closed = (await only(happened, 'state', 'value', 'started_at', 'started_by_id')).filter(
      ([value]) => value === 'closed',
    );
    expect(closed).toEqual([
      ['closed', 110, '7'],
      ['closed', 150, '8'],
    ]);
  });

  it.each(['assignment', 'close', 'assign_and_reopen', 'default_assignment'])(
    'counts a reply that comes with a part of type %s',
    async (part_type) => {
      const rows = await only(
        conversation(
          { part_type: 'note', created_at: 105, author: ADMIN, body: '<p>Who takes it?</p>' },
          { part_type: 'assignment', created_at: 110, author: ADMIN, body: null, assigned_to: ADMIN },
          { part_type, created_at: 130, author: ADMIN, body: '<p>Hello</p>' },
        ),
        'waiting',
        'value',
        'detail',
        'seconds',
        'ended_by_type',
      );
      expect(rows).toEqual([['first_reply', 'reply', 30, 'admin']]);
    },
  );

  it('takes no answer of a bot for a reply, and a close without words ends the waiting, but is none', async () => {
    const rows = await only(
      conversation(
        { part_type: 'comment', created_at: 101, author: BOT, body: '<p>We are away</p>' },
        { part_type: 'close', created_at: 110, author: ADMIN, body: null },
        { part_type: 'open', created_at: 120, author: USER, body: '<p>Hello?</p>' },
        { part_type: 'comment', created_at: 150, author: ADMIN, body: '<p>Sorry</p>' },
        { part_type: 'comment', created_at: 160, author: USER, body: '<p>Thanks</p>' },
      ),
      'waiting',
      'value',
      'detail',
      'seconds',
    );
    expect(rows).toEqual([
      ['first_reply', 'close', 10],
      ['first_reply', 'reply', 30],
      ['next_reply', null, null],
    ]);
  });

  it('has times in UTC, whatever the zone', async () => {
    const sql = `SELECT CAST(started_at AS VARCHAR) AS at FROM ${VIEW}`;
    const at = { ...conversation().record, created_at: 1_772_366_400, source: null };
    expect(await shown([{ record: at, parts: [] }], sql)).toEqual([{ at: '2026-03-01 12:00:00' }]);
  });

  it('goes without what field rules exclude', async () => {
    const view = timeline({
      fields: {
        conversations: { source: 'exclude', conversation_rating: 'exclude' },
        conversation_parts: { body: 'exclude', event_details: 'exclude', assigned_to: 'exclude' },
      },
    });
    const happened = conversation({ part_type: 'close', created_at: 150, author: ADMIN, body: 'Bye' });
    const sql = `SELECT kind, value, started_by_type FROM (${view?.select}) ORDER BY started_at`;
    expect(await shown([happened], sql)).toEqual([
      { kind: 'state', value: 'open', started_by_type: null },
      { kind: 'state', value: 'closed', started_by_type: 'admin' },
    ]);
  });

  it('is there if conversations and their parts are read, and is published with the parts', () => {
    const namesOf = (...objects: readonly (keyof typeof OBJECTS)[]) =>
      derivedViewNames(
        'conversation_parts',
        objects.map((name) => OBJECTS[name]),
        parseConfig({}, TABLES),
      );
    expect(namesOf('conversations', 'conversation_parts')).toContain(VIEW);
    expect(namesOf('conversation_parts')).not.toContain(VIEW);
    const byConversations = derivedViewNames(
      'conversations',
      Object.values(OBJECTS),
      parseConfig({}, TABLES),
    );
    expect(byConversations).not.toContain(VIEW);
  });
});
