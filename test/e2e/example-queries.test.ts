/** The examples of docs/queries.md and README: they run in DuckDB, have an answer, and parse as Athena's SQL. */
import { TrinoSQL } from 'dt-sql-parser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LakeDatabase, openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { resultText } from '../../lib/cli/local/query-output.ts';
import { DOCUMENTED_QUERIES, queriesIn } from '../support/documented-queries.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';
import { rowsOf } from '../support/local/sql-tables.ts';
import { sorted, TIMELINE_SQL, timelineOf } from '../support/timeline-model.ts';

let bench: Bench;
let database: LakeDatabase;
beforeAll(async () => {
  bench = await startBench();
  liveOn();
  await bench.sync();
  database = await openLakeDatabase(bench.directory);
});
afterAll(async () => {
  database.close();
  await bench.close();
});

/** What the simulator's own conversations lack. */
function liveOn(): void {
  const { conversations, admins, teams } = bench.simulator.workspace;
  const [admin = ''] = admins.ids();
  const [team = ''] = teams.ids();
  const teammate = { type: 'admin', id: admin };
  const bot = { type: 'bot', id: '5', from_ai_agent: true };
  const user = { type: 'user', id: 'u' };
  const sla = (status: string) => ({ sla_name: 'Gold', current_sla_status: status });
  for (const [index, id] of [...conversations.ids()].slice(0, 6).entries()) {
    const say = (part_type: string, author: object, more: object = {}) =>
      conversations.addPart(id, { part_type, author, ...more } as Parameters<
        typeof conversations.addPart
      >[1]);
    say('open', user, { body: '<p>Are you there?</p>' });
    say('conversation_sla_applied_by_rule', bot, { event_details: sla('active') });
    say('assignment', teammate, {
      assigned_to: { type: 'team', id: team },
      body: '<p>My colleagues will see.</p>',
    });
    say('conversation_sla_target_missed', bot, { event_details: sla('missed') });
    say('snoozed', teammate);
    say('timer_unsnooze', bot);
    say('comment', user, { body: '<p>Thank you</p>' });
    say('close', index % 2 === 0 ? bot : teammate);
    say('assignment', bot, { assigned_to: { type: 'nobody_admin', id: null } });
  }
}

test('README shows one of them', () => {
  const shown = queriesIn('README.md').map(([, sql]) => sql);
  expect(shown).toHaveLength(1);
  expect(DOCUMENTED_QUERIES.map(([, sql]) => sql)).toEqual(expect.arrayContaining(shown));
});

test('docs/queries.md answers the questions that people ask first', () => {
  expect(DOCUMENTED_QUERIES.map(([title]) => title)).toEqual([
    '`<table>_flat` is `<table>_live` as a person would make it. The newest conversations that a team has',
    'Support overview',
    'First response and resolution time',
    'Team performance',
    'Workload by hour of the week',
    "The AI agent's share and outcome",
    'First responses of each team',
    'CSAT by week',
    'Open tickets by type',
    'Time to the first reply on tickets',
    'Conversations per company',
    'Who works together',
    'What the AI agent answers from',
    'Subscriptions',
    'Tag trends',
  ]);
});

/** Lines of an answer that the documentation shows. */
const SHOWN = 2;

describe.each(DOCUMENTED_QUERIES)('%s', (_title, sql, shown) => {
  test('has the answer that is shown', async () => {
    const { columns, rows } = await database.query(sql);
    const table = resultText({ columns, rows: rows.slice(0, SHOWN) }, 'table', null);
    const rest = rows.length > SHOWN ? `… ${rows.length} rows\n` : '';
    expect(shown).toBe(table.replace(/\(\d+ rows?\)$/, rest));
  });

  test('has an answer in DuckDB', async () => {
    const rows = await rowsOf(database, sql);
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(Object.values(row)).not.toContain(null);
  });

  test('parses as Trino', () => {
    expect(new TrinoSQL().validate(sql)).toEqual([]);
  });
});

/** Sums of the answers, counted from the truth of the workspace. */
describe('the answers are right', () => {
  const answer = async (title: string) => {
    const sql = DOCUMENTED_QUERIES.find(([name]) => name === title)?.[1] ?? '';
    return rowsOf(database, sql);
  };
  const total = (rows: readonly { readonly [key: string]: unknown }[], column: string): number =>
    rows.reduce((sum, row) => sum + Number(row[column]), 0);
  const listOf = (records: { records(): Iterable<unknown> }) =>
    [...records.records()] as { readonly [key: string]: unknown }[];

  const timelines = () =>
    [...bench.simulator.workspace.conversations.ids()].flatMap((id) => {
      const { conversation_parts: list, ...record } = conversationOf(id);
      return timelineOf(
        record,
        (list as { conversation_parts: Record<string, unknown>[] }).conversation_parts,
      );
    });
  const conversationOf = (id: string) =>
    bench.simulator.workspace.conversations.detail(id) as Record<string, unknown>;

  test('the timeline', async () => {
    const shown = await rowsOf(database, TIMELINE_SQL);
    expect(
      new Set(shown.map(({ kind, value }) => (kind === 'sla' || kind === 'state' ? value : kind))),
    ).toEqual(
      new Set(['open', 'closed', 'snoozed', 'active', 'missed', 'team', 'teammate', 'waiting', 'rating']),
    );
    expect(shown).toEqual(sorted(timelines()));
  });

  test('support overview', async () => {
    const rows = await answer('Support overview');
    const model = timelines();
    const closed = model.filter(({ value }) => value === 'closed');
    const byTeammates = closed.filter((row) => row.started_by_type === 'admin').length;
    expect(byTeammates).toBeLessThan(closed.length);
    expect([
      total(rows, 'new_conversations'),
      total(rows, 'closed_by_teammates'),
      total(rows, 'closed_by_others'),
      total(rows, 'ratings'),
    ]).toEqual([
      bench.simulator.workspace.conversations.size,
      byTeammates,
      closed.length - byTeammates,
      model.filter(({ kind }) => kind === 'rating').length,
    ]);
  });

  test('first responses and resolutions', async () => {
    const rows = await answer('First response and resolution time');
    const model = timelines();
    const answered = model.filter(({ value, detail }) => value === 'first_reply' && detail === 'reply');
    const resolved = model.filter(({ value, ended_at }) => value === 'closed' && ended_at === null);
    expect([total(rows, 'answered'), total(rows, 'resolved')]).toEqual([answered.length, resolved.length]);
  });

  test('teams, in whose charge replies and closes were', async () => {
    const rows = await answer('Team performance');
    const model = timelines();
    const held = model.filter(({ kind }) => kind === 'team');
    const isIn = (id: string, at: number | null) =>
      held.some(
        (row) =>
          row.conversation_id === id &&
          at !== null &&
          row.started_at <= at &&
          (row.ended_at === null || at < row.ended_at),
      );
    const replies = model.filter((row) => row.detail === 'reply' && isIn(row.conversation_id, row.ended_at));
    const closes = model.filter(
      (row) =>
        row.value === 'closed' &&
        row.started_by_type === 'admin' &&
        isIn(row.conversation_id, row.started_at),
    );
    expect(replies.length).toBeGreaterThan(0);
    expect([total(rows, 'replies'), total(rows, 'closed')]).toEqual([replies.length, closes.length]);
  });

  test('the workload', async () => {
    const rows = await answer('Workload by hour of the week');
    const model = timelines();
    expect(total(rows, 'questions')).toBe(model.filter(({ kind }) => kind === 'waiting').length);
    const weekday = (seconds: number) => (new Date(seconds * 1000).getUTCDay() + 6) % 7;
    const started = model.filter(({ kind, number }) => kind === 'state' && number === 1);
    expect(
      total(
        rows.filter((row) => row.weekday === 6),
        'new_conversations',
      ),
    ).toBe(started.filter((row) => weekday(row.started_at) === 6).length);
  });

  test("the AI agent's share", async () => {
    const rows = await answer("The AI agent's share and outcome");
    const all = listOf(bench.simulator.workspace.conversations);
    const replied = new Set(
      timelines().flatMap((row) => (row.detail === 'reply' ? row.conversation_id : [])),
    );
    expect([total(rows, 'conversations'), total(rows, 'with_teammates')]).toEqual([all.length, replied.size]);
    const without = rows.find(({ outcome }) => outcome === 'without the AI agent');
    expect(without?.conversations).toBe(all.filter((one) => one.ai_agent_participated !== true).length);
  });

  test('open tickets', async () => {
    const open = listOf(bench.simulator.workspace.tickets).filter((ticket) => ticket.open === true);
    expect(total(await answer('Open tickets by type'), 'tickets')).toBe(open.length);
  });

  test('ratings', async () => {
    const rated = listOf(bench.simulator.workspace.conversations).filter(
      (one) => (one.conversation_rating as { rating?: unknown } | null)?.rating != null,
    );
    expect(total(await answer('CSAT by week'), 'ratings')).toBe(rated.length);
  });

  test('tags', async () => {
    const { conversations } = bench.simulator.workspace;
    const tagged = [...conversations.ids()].flatMap((id) => conversations.tagIds(id));
    expect(total(await answer('Tag trends'), 'conversations')).toBe(tagged.length);
  });
});
