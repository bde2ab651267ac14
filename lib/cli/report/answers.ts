/** The charts of the five questions, from the answers of DuckDB or Athena. */
import { sum } from '../../../functions/core/metrics.ts';
import { bars, columns, figureText, grid, type Series } from './charts.ts';
import { element, type PageElement, table } from './dom.ts';
import { periodsBetween } from './history.ts';
import { AI_AGENT, OVERVIEW, type Question, RESPONSES, TEAMS, WORKLOAD } from './questions.ts';

/** A row: cells by column. DuckDB and Athena write large numbers and times as text. */
export type AnswerRow = Readonly<Record<string, unknown>>;

const number = (row: AnswerRow, column: string): number => Number(row[column] ?? 0);
const text = (row: AnswerRow, column: string): string => String(row[column] ?? '');
const day = (row: AnswerRow, column: string): string => text(row, column).slice(0, 10);

const count = (name: string, column: string, color: string): Series<AnswerRow> => ({
  name,
  color,
  of: (row) => number(row, column),
});

const WEEKS = 60;
const TEAMS_SHOWN = 25;

/** Every week from the first to the last, including those in which nothing happened. */
function everyWeek(rows: readonly AnswerRow[]): readonly AnswerRow[] {
  const byWeek = new Map(rows.map((row) => [day(row, 'week'), row]));
  const [first, last] = [rows[0], rows.at(-1)].map((row) => Date.parse(day(row ?? {}, 'week')));
  return periodsBetween(first ?? 0, last ?? 0, 'week').map((week) => byWeek.get(week) ?? { week });
}

function overview(rows: readonly AnswerRow[]): readonly PageElement[] {
  const all = everyWeek(rows);
  const weeks = all.slice(-WEEKS);
  const ratings = sum(weeks.map((row) => number(row, 'ratings')));
  const good = sum(weeks.map((row) => number(row, 'good_ratings')));
  const week = (row: AnswerRow) => day(row, 'week');
  return [
    element(
      'p',
      {},
      `${all.length > WEEKS ? `The last ${WEEKS} weeks. ` : ''}${figureText(ratings)} ratings${ratings === 0 ? '' : `, ${figureText((100 * good) / ratings)}% of them 4 or 5`}.`,
    ),
    element('h4', {}, 'Opened each week'),
    ...columns('Conversations opened each week', weeks, week, [
      count('new', 'new_conversations', '--blue'),
      count('reopened', 'reopened', '--orange'),
    ]),
    element('h4', {}, 'Closed each week'),
    ...columns('Conversations closed each week', weeks, week, [
      count('by teammates', 'closed_by_teammates', '--green'),
      count('by bots and others', 'closed_by_others', '--purple'),
    ]),
  ];
}

const orDash = (row: AnswerRow, column: string): string =>
  row[column] === null || row[column] === undefined ? '–' : figureText(number(row, column));

const responses = (rows: readonly AnswerRow[]): readonly PageElement[] => [
  table(
    [
      'began',
      'conversations',
      'answered',
      'first response, minutes',
      'counting office hours only',
      'resolved',
      'resolution, hours',
      'counting office hours only',
    ],
    rows.map((row) => [
      text(row, 'began'),
      ...['conversations', 'answered', 'median_response_minutes', 'median_response_office_minutes'].map(
        (name) => orDash(row, name),
      ),
      ...['resolved', 'median_resolution_hours', 'median_resolution_office_hours'].map((name) =>
        orDash(row, name),
      ),
    ]),
  ),
  element('h4', {}, 'First response, median minutes by the clock'),
  ...bars('Median minutes to the first response', rows, (row) => text(row, 'began'), [
    count('minutes', 'median_response_minutes', '--blue'),
  ]),
  element('h4', {}, 'Resolution, median hours by the clock'),
  ...bars('Median hours to the resolution', rows, (row) => text(row, 'began'), [
    count('hours', 'median_resolution_hours', '--green'),
  ]),
];

/** Two teams may have the same name, but a chart needs different ones. */
function named(rows: readonly AnswerRow[]): readonly AnswerRow[] {
  const seen = new Map<string, number>();
  return rows.map((row) => {
    const name = text(row, 'team');
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return { ...row, team: times === 1 ? name : `${name} (${times})` };
  });
}

function teams(rows: readonly AnswerRow[]): readonly PageElement[] {
  const shown = named(rows.slice(0, TEAMS_SHOWN));
  const team = (row: AnswerRow) => text(row, 'team');
  return [
    ...(rows.length > shown.length
      ? [element('p', {}, `The ${TEAMS_SHOWN} teams with the most conversations, of ${rows.length}.`)]
      : []),
    table(
      ['team', 'conversations', 'replies', 'median minutes to reply', 'closed'],
      shown.map((row) => [
        team(row),
        ...['conversations', 'replies', 'median_reply_minutes', 'closed'].map((name) => orDash(row, name)),
      ]),
    ),
    element('h4', {}, 'Conversations'),
    ...bars('Conversations of each team', shown, team, [count('conversations', 'conversations', '--blue')]),
    element('h4', {}, 'Median minutes to reply'),
    ...bars('Median minutes to reply of each team', shown, team, [
      count('minutes', 'median_reply_minutes', '--orange'),
    ]),
  ];
}

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'));

function workload(rows: readonly AnswerRow[]): readonly PageElement[] {
  const most = Math.max(1, ...rows.map((row) => number(row, 'questions')));
  const squares = rows.map((row) => {
    const weekday = WEEKDAYS[number(row, 'weekday')] ?? '';
    const hour = HOURS[number(row, 'hour_of_day')] ?? '';
    const questions = number(row, 'questions');
    return {
      column: hour,
      row: weekday,
      color: '--blue',
      strength: questions / most,
      title: `${weekday}, ${hour} h UTC\nquestions: ${figureText(questions)}\nnew conversations: ${figureText(number(row, 'new_conversations'))}`,
    };
  });
  return [
    element(
      'p',
      {},
      `Questions that contacts asked, by hour in UTC. The darkest hour had ${figureText(most)}.`,
    ),
    grid('Questions by weekday and hour', squares, { columns: HOURS, rows: WEEKDAYS }),
  ];
}

const aiAgent = (rows: readonly AnswerRow[]): readonly PageElement[] => [
  element(
    'p',
    {},
    `The AI agent took part in ${figureText(sum(rows.filter((row) => row.outcome !== 'without the AI agent').map((row) => number(row, 'percent'))))}% of all conversations.`,
  ),
  ...bars(
    'Conversations by outcome of the AI agent',
    rows,
    (row) => text(row, 'outcome').replaceAll('_', ' '),
    [
      count('a teammate replied', 'with_teammates', '--orange'),
      {
        name: 'no teammate replied',
        color: '--purple',
        of: (row) => number(row, 'conversations') - number(row, 'with_teammates'),
      },
    ],
  ),
];

/** The chart of each question. */
export const DRAWINGS: ReadonlyMap<Question, (rows: readonly AnswerRow[]) => readonly PageElement[]> =
  new Map([
    [OVERVIEW, overview],
    [RESPONSES, responses],
    [TEAMS, teams],
    [WORKLOAD, workload],
    [AI_AGENT, aiAgent],
  ]);
