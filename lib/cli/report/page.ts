/**
 * The report as one HTML page: without scripts or requests, in light and dark mode, and fit to print. It has counts, and
 * names of tables, teams and outcomes, but no values of contacts or conversations.
 */
import { counted } from '../../../functions/core/counted.ts';
import { sum } from '../../../functions/core/metrics.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import { DAY_SECONDS, type EpochMs } from '../../../functions/core/time.ts';
import type { ObjectStatus, PipelineStatus } from '../../../functions/sync/status.ts';
import { byteSize, count } from '../terminal/table-text.ts';
import { type AnswerRow, DRAWINGS } from './answers.ts';
import { bars, columns, figureText, grid, legend, type Square } from './charts.ts';
import { element, type PageElement, table } from './dom.ts';
import { FARES, type Fare, type History, type ObjectPeriod, type Period } from './history.ts';
import type { Question } from './questions.ts';
import type { TableSize } from './sizes.ts';
import { STYLE } from './style.ts';

/** An answer, or why there is none. */
export type Answer = { readonly rows: readonly AnswerRow[] } | { readonly why: string };

export interface ReportFacts {
  /** What the report is about: a pipeline or a directory. */
  readonly name: string;
  readonly madeAt: EpochMs;
  /** How many days of runs it shows. */
  readonly days: number;
  readonly history: History;
  readonly status: PipelineStatus;
  readonly sizes: readonly TableSize[];
  readonly answers: readonly (readonly [Question, Answer])[];
}

const utc = (ms: EpochMs): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

const section = (title: string, ...children: readonly PageElement[]): PageElement =>
  element('section', {}, element('h2', {}, title), ...children);

const chart = (title: string, ...children: readonly PageElement[]): PageElement =>
  element('figure', {}, element('h3', {}, title), ...children);

const tile = (figure: string, what: string, tone = ''): PageElement =>
  element('div', { class: `tile ${tone}` }, element('b', {}, figure), element('span', {}, what));

/** Seconds since the time up to which an object is known to be whole; null if it never was. */
const lagSeconds = ({ up_to }: ObjectStatus, now: EpochMs): number | null =>
  up_to === null ? null : Math.max(0, (now - Date.parse(up_to)) / 1000);

/** `3.2 h` */
function span(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 2 * DAY_SECONDS
    ? `${figureText(seconds / 3600)} h`
    : `${figureText(seconds / DAY_SECONDS)} days`;
}

function tiles({ history, status, sizes, madeAt }: ReportFacts): PageElement {
  const run = status.last_run;
  const known = status.objects.filter(({ committed }) => committed !== null);
  const are = (status: Fare) =>
    known.filter(({ committed }) => committed?.completeness.status === status).length;
  const debts = sum(known.map(({ committed }) => committed?.completeness.debts.length ?? 0));
  const lag = Math.max(0, ...known.map((object) => lagSeconds(object, madeAt) ?? 0));
  const runs = sum(history.periods.map(({ succeeded, failed }) => succeeded + failed));
  return element(
    'div',
    { class: 'tiles' },
    tile(run?.status ?? 'none', 'last run', run?.status === 'failed' ? 'bad' : ''),
    tile(`${are('complete')} of ${known.length}`, 'objects complete', are('short') > 0 ? 'warn' : ''),
    tile(count(debts), debts === 1 ? 'debt' : 'debts', debts > 0 ? 'warn' : ''),
    tile(known.length === 0 ? '–' : span(lag), 'greatest lag'),
    tile(count(runs), 'runs shown'),
    tile(byteSize(sum(sizes.map(({ bytes }) => bytes))), 'stored'),
  );
}

const FARE_LOOKS: Readonly<Record<Fare, { readonly color: string; readonly sign?: string }>> = {
  failed: { color: '--red', sign: '×' },
  short: { color: '--orange', sign: '!' },
  unproven: { color: '--blue' },
  complete: { color: '--green' },
  idle: { color: '--gray' },
};

/** Objects that took part in a run, in the order of the status. */
const objectsIn = ({ history, status }: ReportFacts): readonly ObjectName[] =>
  status.objects
    .map(({ object }) => object)
    .filter((object) => history.periods.some(({ objects }) => objects[object] !== undefined));

function squares(
  periods: readonly Period[],
  objects: readonly ObjectName[],
  look: (period: Period, object: ObjectName) => Pick<Square, 'color' | 'strength' | 'sign' | 'title'> | null,
): readonly Square[] {
  return periods.flatMap((period) =>
    objects.flatMap((object) => {
      const found = look(period, object);
      return found === null ? [] : [{ column: period.from, row: object, ...found }];
    }),
  );
}

/** A figure of each object in each period, as the strength of its square. */
interface Scale {
  readonly color: string;
  /** Null: no square. */
  readonly of: (period: Period, object: ObjectName) => number | null;
  /** From 0 to 1, for a figure above 0. */
  readonly strength: (figure: number, most: number) => number;
  readonly text: (figure: number, period: Period, object: ObjectName) => string;
  /** Of all periods. */
  readonly end: (object: string) => string;
}

/** Figures that differ by orders of magnitude. */
const logarithmic = (figure: number, most: number): number => Math.log1p(figure) / Math.log1p(most);
const linear = (figure: number, most: number): number => figure / most;

function scaledSquares(
  periods: readonly Period[],
  objects: readonly ObjectName[],
  { color, of, strength, text }: Scale,
): readonly Square[] {
  const figures = periods.flatMap((period) => objects.map((object) => of(period, object) ?? 0));
  const most = Math.max(Number.EPSILON, ...figures);
  return squares(periods, objects, (period, object) => {
    const figure = of(period, object);
    if (figure === null) return null;
    const shown = figure === 0 ? 0.06 : 0.15 + 0.85 * strength(figure, most);
    return { color, strength: shown, title: `${object}, ${period.from}\n${text(figure, period, object)}` };
  });
}

const inAll = (periods: readonly Period[], object: string): readonly ObjectPeriod[] =>
  periods.flatMap(({ objects }) => objects[object as ObjectName] ?? []);

const rowsScale = (periods: readonly Period[]): Scale => ({
  color: '--blue',
  of: ({ objects }, object) => objects[object]?.rows ?? null,
  strength: logarithmic,
  text: (rows) => counted(rows, 'row'),
  end: (object) => count(sum(inAll(periods, object).map(({ rows }) => rows))),
});

const minutesScale = (periods: readonly Period[]): Scale => ({
  color: '--purple',
  of: ({ objects }, object) => objects[object]?.minutes ?? null,
  strength: linear,
  text: (minutes) => span(minutes * 60),
  end: (object) => {
    const known = inAll(periods, object).flatMap(({ minutes }) => minutes ?? []);
    return known.length === 0 ? '–' : span(Math.max(...known) * 60);
  },
});

const percent = (share: number): string =>
  share > 0 && share < 0.001 ? 'under 0.1%' : `${figureText(share * 100)}%`;

const shareScale = (periods: readonly Period[]): Scale => {
  const known = periods.filter(({ allowed }) => allowed !== null);
  const shareOf = (some: readonly Period[], object: string): number =>
    sum(inAll(some, object).map(({ requests }) => requests)) / sum(some.map(({ allowed }) => allowed ?? 0));
  return {
    color: '--orange',
    of: (period, object) =>
      period.allowed === null || period.objects[object] === undefined ? null : shareOf([period], object),
    strength: linear,
    text: (share, { objects }, object) =>
      `${counted(objects[object]?.requests ?? 0, 'request')}, ${percent(share)} of the rate limit`,
    end: (object) => percent(shareOf(known, object)),
  };
};

function runCharts(facts: ReportFacts): readonly PageElement[] {
  const { periods, unit } = facts.history;
  const names = objectsIn(facts);
  const period = ({ from }: Period) => from;
  const axes = { columns: periods.map(period), rows: names };
  const scaled = (title: string, scale: Scale): PageElement =>
    chart(title, grid(title, scaledSquares(periods, names, scale), { ...axes, end: scale.end }));
  const byFare = squares(periods, names, (one, object) => {
    const found = one.objects[object];
    if (found === undefined) return null;
    const debts = found.debts === null || found.debts === 0 ? '' : `\n${counted(found.debts, 'debt')}`;
    return { ...FARE_LOOKS[found.fare], strength: 1, title: `${object}, ${one.from}\n${found.fare}${debts}` };
  });
  return [
    chart(
      `Runs each ${unit}`,
      ...columns(`Runs each ${unit}`, periods, period, [
        { name: 'succeeded', color: '--green', of: ({ succeeded }) => succeeded },
        { name: 'failed', color: '--red', of: ({ failed }) => failed },
      ]),
    ),
    chart(
      `Minutes of a run, each ${unit}`,
      ...columns(`Minutes of a run, each ${unit}`, periods, period, [
        { name: 'median', color: '--blue', of: ({ minutes }) => minutes?.median ?? 0 },
        {
          name: 'up to the longest',
          color: '--gray',
          of: ({ minutes }) => (minutes === null ? 0 : minutes.longest - minutes.median),
        },
      ]),
    ),
    scaled(`Rows of each object, each ${unit}`, rowsScale(periods)),
    scaled(`Time until each object was committed, the longest of each ${unit}`, minutesScale(periods)),
    ...(periods.some(({ allowed }) => allowed !== null)
      ? [scaled(`Share of the rate limit that each object used while the runs lasted`, shareScale(periods))]
      : []),
    chart(
      `Completeness of each object: the worst of each ${unit}`,
      legend(
        FARES.map((name) => {
          const { color, sign } = FARE_LOOKS[name];
          return { color, name: `${sign === undefined ? '' : `${sign} `}${name}` };
        }),
      ),
      grid('Completeness of each object', byFare, axes),
    ),
    chart(
      `Debts at the end of each ${unit}`,
      ...columns('Debts', periods, period, [
        {
          name: 'debts',
          color: '--orange',
          of: ({ objects }) => sum(Object.values(objects).map(({ debts }) => debts ?? 0)),
        },
      ]),
    ),
  ];
}

function objectTable({ status, madeAt }: ReportFacts): PageElement {
  const rows = status.objects
    .filter(({ committed, last_outcome }) => committed !== null || last_outcome !== null)
    .map((one) => {
      const { object, committed, last_outcome, old_debts } = one;
      const lag = lagSeconds(one, madeAt);
      const proof = committed?.completeness;
      return [
        object,
        last_outcome?.status ?? '–',
        proof?.status ?? '–',
        proof === undefined ? '–' : count(proof.read),
        proof?.matched == null ? '–' : count(proof.matched),
        proof === undefined ? '–' : count(proof.debts.length),
        count(old_debts),
        lag === null ? '–' : span(lag),
      ];
    });
  return table(
    ['object', 'last run', 'last commit', 'read', 'counted', 'debts', 'older than a day', 'lag'],
    rows,
  );
}

/** How many changes the page lists. */
const CHANGES = 60;

const changeList = ({ history: { changes } }: ReportFacts): readonly PageElement[] =>
  changes.length === 0
    ? [element('p', {}, 'None in these runs.')]
    : [
        element(
          'ul',
          {},
          ...changes
            .slice(0, CHANGES)
            .map(({ at, text }) => element('li', {}, element('time', {}, at.slice(0, 10)), ` ${text}`)),
        ),
        ...(changes.length > CHANGES
          ? [element('p', {}, `And ${counted(changes.length - CHANGES, 'older change')}.`)]
          : []),
      ];

/** How many tables the chart shows. */
const TABLES = 40;

const answerFigure = ([question, answer]: ReportFacts['answers'][number]): PageElement => {
  const drawing = DRAWINGS.get(question);
  if ('why' in answer) return chart(question.title, element('p', { class: 'none' }, answer.why));
  if (answer.rows.length === 0 || drawing === undefined)
    return chart(question.title, element('p', { class: 'none' }, 'No conversation yet.'));
  return chart(question.title, ...drawing(answer.rows));
};

/** Blocks everything that the page could load, so that it sends no request. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

export function reportPage(facts: ReportFacts): string {
  const { name, madeAt, days, history, status, sizes } = facts;
  const title = `Report: ${name}`;
  const isEmpty = history.periods.length === 0;
  const lagged = status.objects.filter(({ committed }) => committed !== null);
  const head = element(
    'head',
    {},
    element('meta', { charset: 'utf-8' }),
    element('meta', { 'http-equiv': 'Content-Security-Policy', content: POLICY }),
    element('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    element('meta', { name: 'color-scheme', content: 'light dark' }),
    element('title', {}, title),
    element('style', {}, STYLE),
  );
  const body = element(
    'body',
    {},
    element(
      'header',
      {},
      element('h1', {}, title),
      element(
        'p',
        {},
        `Made at ${utc(madeAt)}, with the runs of the last ${counted(days, 'day')}. All times are UTC.`,
      ),
    ),
    tiles(facts),
    section(
      'Objects',
      ...(lagged.length === 0
        ? [element('p', { class: 'none' }, 'Nothing has been committed yet.')]
        : [objectTable(facts)]),
    ),
    section(
      'Runs',
      ...(isEmpty
        ? [element('p', { class: 'none' }, 'No run has finished in this time.')]
        : runCharts(facts)),
    ),
    ...(lagged.length === 0
      ? []
      : [
          section(
            'Lag and size',
            chart(
              'Hours since each object was known to be whole',
              ...bars('Lag of each object', lagged, ({ object }) => object, [
                { name: 'hours', color: '--orange', of: (one) => (lagSeconds(one, madeAt) ?? 0) / 3600 },
              ]),
            ),
            chart(
              'Stored by each table, compressed, with all versions',
              ...bars(
                'Size of each table',
                sizes.slice(0, TABLES),
                (size) => size.table,
                [{ name: 'bytes', color: '--blue', of: ({ bytes }) => bytes }],
                byteSize,
              ),
            ),
          ),
        ]),
    section('Changes of the schema', ...changeList(facts)),
    section('What your data says', ...facts.answers.map(answerFigure)),
  );
  return `<!doctype html>\n<html lang="en">${head.outerHTML}${body.outerHTML}</html>\n`;
}
