/** The report, from a lake with real runs to the page as a person sees it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { RunSummary } from '../../functions/core/engine-files.ts';
import { RUNS_PREFIX, runIdOf, runSummaryKey } from '../../functions/core/lake-keys.ts';
import { encodeJson } from '../../functions/sync/store.ts';
import { type LakeDatabase, openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { createDirectoryLake } from '../../lib/cli/local/output-directory.ts';
import { makeReport, type ReportSources } from '../../lib/cli/report/make-report.ts';
import { chromiumPath, launch, NO_CHROMIUM } from '../support/chromium.ts';
import { DOCUMENTED_QUERIES } from '../support/documented-queries.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';
import { rowsOf } from '../support/local/sql-tables.ts';
import { HOUR } from '../support/local/test-clock.ts';
import { createMemoryLake } from '../support/memory/memory-lake.ts';

const executable = chromiumPath();
const isMissing = executable === undefined;
if (isMissing) process.stderr.write(`test/browser: ${NO_CHROMIUM}\n`);

/** A folder for screenshots of the pages; none are taken if it is not set. */
const pictures = process.env.SCREENSHOTS;

const HOSTILE = `<img src=x onerror=alert(1)>"'&`;

let bench: Bench;
let database: LakeDatabase;
beforeAll(async () => {
  bench = await startBench();
  const { teams } = bench.simulator.workspace;
  for (const [index, id] of [...teams.ids()].entries()) teams.update(id, { name: `${HOSTILE} ${index}` });
  await bench.sync();
  bench.clock.advance(20 * HOUR);
  bench.simulator.workspace.simulateDay(1);
  await bench.sync();
  database = await openLakeDatabase(bench.directory);
});
afterAll(async () => {
  database?.close();
  await bench?.close();
});

const ask = (sql: string) => rowsOf(database, sql);

/** The lake of the bench, with so many runs like its last one, a quarter of an hour apart. */
async function lakeWith(runs: number): Promise<ReportSources['lake']> {
  const real = createDirectoryLake(bench.directory);
  const copies = createMemoryLake();
  const [key = ''] = (await Array.fromAsync(real.list(RUNS_PREFIX))).slice(-1);
  const like = JSON.parse(Buffer.from((await real.get(key)) ?? []).toString('utf8')) as RunSummary;
  for (let index = 0; index < runs; index += 1) {
    const at = bench.clock.now() - (index + 1) * 15 * 60_000;
    const run_id = runIdOf(at, 'abcdef');
    const copy: RunSummary = {
      ...like,
      run_id,
      status: index % 97 === 5 ? 'failed' : 'succeeded',
      started_at: new Date(at).toISOString(),
      finished_at: new Date(at + (1 + (index % 7)) * 20_000).toISOString(),
      objects: like.objects.map((object, number) => ({
        ...object,
        committed_at: new Date(at + (index % 7) * 15_000 + number * 1000).toISOString(),
        requests: { sent: ((index % 7) + 1) * (number + 1) * 20, limit: 1666 },
      })),
    };
    await copies.putNew(runSummaryKey(run_id), encodeJson(copy));
  }
  return {
    get: async (wanted) => (await copies.get(wanted)) ?? real.get(wanted),
    list: (prefix) => (prefix === RUNS_PREFIX ? copies : real).list(prefix),
  };
}

const told: string[] = [];
const sources = (lake: ReportSources['lake']): ReportSources => ({
  name: HOSTILE,
  lake,
  ask,
  tell: (text) => told.push(text),
});

const PAGES = {
  real: async () => makeReport(sources(createDirectoryLake(bench.directory)), 30, bench.clock.now()),
  none: async () => makeReport(sources(createMemoryLake()), 30, bench.clock.now()),
  one: async () => makeReport(sources(await lakeWith(1)), 30, bench.clock.now()),
  thirty: async () => makeReport(sources(await lakeWith(30)), 30, bench.clock.now()),
  'ten-thousand': async () => makeReport(sources(await lakeWith(10_000)), 365, bench.clock.now()),
} as const;
type Kind = keyof typeof PAGES;
const KINDS = Object.keys(PAGES) as Kind[];

const pages = new Map<Kind, Promise<string>>();
function page(kind: Kind): Promise<string> {
  const made = pages.get(kind) ?? PAGES[kind]();
  pages.set(kind, made);
  return made;
}

describe('the figures of the page', () => {
  /** The text of every mark that the chart with this label has. */
  const marks = async (label: string, kind: Kind = 'thirty'): Promise<readonly string[]> => {
    const { document } = parseHTML(await page(kind));
    const chart = [...document.querySelectorAll('svg')].find(
      (svg) => svg.getAttribute('aria-label') === label,
    );
    return [...(chart?.querySelectorAll('title') ?? [])].map(({ textContent }) => String(textContent));
  };
  const answer = (title: string) => ask(DOCUMENTED_QUERIES.find(([name]) => name === title)?.[1] ?? '');

  const PER_RUN = `SELECT object, substr(started_at, 1, 10) AS day, requests.sent AS sent,
    list_sum(list_transform(map_values(tables), lambda one: one.rows)) AS rows FROM manifests`;

  test('of the runs are those of manifests', async () => {
    const rows = await ask(
      `SELECT object, day, sum(rows) AS rows FROM (${PER_RUN}) GROUP BY ALL ORDER BY day, object`,
    );
    const number = new Intl.NumberFormat('en-US');
    const wanted = rows.map(
      ({ object, day, rows: count }) =>
        `${object}, ${day}\n${number.format(Number(count))} row${Number(count) === 1 ? '' : 's'}`,
    );
    expect((await marks('Rows of each object, each day', 'real')).toSorted()).toEqual(wanted.toSorted());
  });

  test('of requests are those of manifests, and all that the workspace got', async () => {
    const rows = await ask(
      `SELECT object, day, sum(sent) AS sent FROM (${PER_RUN}) GROUP BY ALL ORDER BY day, object`,
    );
    const shown = await marks('Share of the rate limit that each object used while the runs lasted', 'real');
    const found = shown.map((text) => text.replace(/ requests?, .*/, '')).toSorted();
    expect(found).toEqual(rows.map(({ object, day, sent }) => `${object}, ${day}\n${sent}`).toSorted());
    const { requests } = bench.simulator.stats();
    const sum = rows.reduce((all, { sent }) => all + Number(sent), 0);
    // Each of the two runs asks for /me before it reads any object.
    expect(sum).toBe(requests - 2);
  });

  test('of the support overview are those of the documented query', async () => {
    const rows = await answer('Support overview');
    const wanted = (column: string, name: string) =>
      rows
        .filter((row) => Number(row[column]) > 0)
        .map((row) => `${String(row.week).slice(0, 10)}\n${name}: ${row[column]}`);
    expect((await marks('Conversations opened each week')).toSorted()).toEqual(
      [...wanted('new_conversations', 'new'), ...wanted('reopened', 'reopened')].toSorted(),
    );
    const others = wanted('closed_by_others', 'by bots and others');
    expect(others.length).toBeGreaterThan(0);
    expect((await marks('Conversations closed each week')).toSorted()).toEqual(
      [...wanted('closed_by_teammates', 'by teammates'), ...others].toSorted(),
    );
  });

  test('of the workload are those of the documented query', async () => {
    const rows = await answer('Workload by hour of the week');
    const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];
    expect(await marks('Questions by weekday and hour')).toEqual(
      rows.map(
        (row) =>
          `${days[Number(row.weekday)]}, ${String(row.hour_of_day).padStart(2, '0')} h UTC\nquestions: ${row.questions}\nnew conversations: ${row.new_conversations}`,
      ),
    );
  });

  test('of the tables are those of the documented queries', async () => {
    const { document } = parseHTML(await page('thirty'));
    const cells = [...document.querySelectorAll('td')].map(({ textContent }) => String(textContent));
    const text = (value: unknown) =>
      new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 }).format(Number(value));
    for (const [title, name, ...columns] of [
      ['First response and resolution time', 'began', 'conversations', 'answered', 'median_response_minutes'],
      ['Team performance', 'team', 'conversations', 'replies', 'median_reply_minutes', 'closed'],
    ] as const) {
      const rows = await answer(title);
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows) {
        const start = cells.indexOf(String(row[name]));
        expect(cells.slice(start, start + columns.length + 1)).toEqual([
          row[name],
          ...columns.map((column) => text(row[column])),
        ]);
      }
    }
  });

  test('of the AI agent are those of the documented query', async () => {
    const rows = await answer("The AI agent's share and outcome");
    const shown = await marks('Conversations by outcome of the AI agent');
    const sum = shown.reduce((all, mark) => all + Number(mark.split(': ').at(-1)?.replace(',', '')), 0);
    expect(sum).toBe(rows.reduce((all, row) => all + Number(row.conversations), 0));
  });

  test('hold no name, address or message of a person', async () => {
    const { contacts, conversations } = bench.simulator.workspace;
    const values = [...contacts.records(), ...conversations.records()].flatMap((record) => {
      const { name, email, phone, source } = record as Record<string, unknown>;
      return [name, email, phone, (source as { body?: unknown } | null)?.body];
    });
    const secrets = values.filter((value): value is string => typeof value === 'string' && value.length > 5);
    expect(secrets.length).toBeGreaterThan(50);
    const text = await page('thirty');
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  });

  test('are there without an answer, and the person is told why', async () => {
    const broken = {
      ...sources(await lakeWith(1)),
      ask: () => database.query('SELECT nothing').then(() => []),
    };
    told.length = 0;
    expect(await makeReport(broken, 30, bench.clock.now())).toContain('This question has no answer here.');
    expect(told).toHaveLength(5);
    expect(told[0]).toMatch(/^Support overview: .*"nothing"/);
  });

  test('stay readable, and the page small, whatever the number of runs', async () => {
    for (const kind of KINDS) expect((await page(kind)).length, kind).toBeLessThan(600_000);
  });
});

describe.skipIf(isMissing)(`the page${isMissing ? ` (${NO_CHROMIUM})` : ''}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(executable ?? '');
    if (pictures !== undefined) mkdirSync(pictures, { recursive: true });
  });
  afterAll(() => browser?.close());

  test.each([
    { look: 'light', colorScheme: 'light', width: 900, ground: 'rgb(255, 255, 255)' },
    { look: 'dark', colorScheme: 'dark', width: 900, ground: 'rgb(20, 23, 28)' },
    { look: 'narrow', colorScheme: 'light', width: 360, ground: 'rgb(255, 255, 255)' },
  ] as const)('asks nobody for anything, complains of nothing and fits ($look)', async (given) => {
    const { look, colorScheme, width, ground } = given;
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
    onTestFinished(() => context.close());
    const tab = await context.newPage();
    const complaints: string[] = [];
    tab.on('console', (message) => complaints.push(message.text()));
    tab.on('pageerror', (error) => complaints.push(error.message));
    tab.on('request', (request) => complaints.push(request.url()));
    for (const kind of KINDS) {
      await tab.setContent(await page(kind));
      const seen = await tab.evaluate<{
        overflow: number;
        ground: string;
        images: number;
        scripts: number;
      }>(`({
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        ground: getComputedStyle(document.body).backgroundColor,
        images: document.images.length,
        scripts: document.scripts.length,
      })`);
      expect([kind, seen]).toEqual([kind, { overflow: 0, ground, images: 0, scripts: 0 }]);
      expect(await tab.title()).toBe(`Report: ${HOSTILE}`);
      if (pictures !== undefined)
        await tab.screenshot({ path: join(pictures, `report-${kind}-${look}.png`), fullPage: true });
    }
    expect(complaints).toEqual([]);
  });

  test('prints on white, with figures that are not torn apart', async () => {
    const context = await browser.newContext({ colorScheme: 'dark' });
    onTestFinished(() => context.close());
    const tab = await context.newPage();
    await tab.setContent(await page('thirty'));
    await tab.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const seen = await tab.evaluate<readonly string[]>(`[
      getComputedStyle(document.body).backgroundColor,
      getComputedStyle(document.body).color,
      getComputedStyle(document.querySelector('figure')).breakInside,
    ]`);
    expect(seen).toEqual(['rgb(255, 255, 255)', 'rgb(0, 0, 0)', 'avoid']);
    expect((await tab.pdf()).length).toBeGreaterThan(10_000);
    if (pictures !== undefined)
      await tab.screenshot({ path: join(pictures, 'report-print.png'), fullPage: true });
  });
});
