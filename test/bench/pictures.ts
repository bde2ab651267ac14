/**
 * Makes docs/images again: `npm run docs:pictures`. The callback page is the real one, and the report is the demo's. Of the dashboard only the
 * layout is shown, because CloudWatch alone can draw it and made-up figures would prove nothing.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { renderPage } from '../../functions/connection/outcome-pages.ts';
import { chromiumPath, launch, NO_CHROMIUM } from '../support/chromium.ts';
import { ROOT } from '../support/documents.ts';
import { synthesis } from '../support/infra/synthesis.ts';

interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: { readonly title?: string; readonly view?: string };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A text of a template; what CloudFormation would fill in is a letter here. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const join = isRecord(value) ? value['Fn::Join'] : undefined;
  if (!Array.isArray(join) || !Array.isArray(join[1])) return 'x';
  return join[1].map((part) => (typeof part === 'string' ? part : 'x')).join('');
}

function dashboardWidgets(): readonly Widget[] {
  const resources = Object.values(synthesis({ dashboard: true }).templates).flatMap(({ Resources }) =>
    Object.values(Resources),
  );
  const dashboard = resources.find(({ Type }) => Type === 'AWS::CloudWatch::Dashboard');
  const body: { readonly widgets: readonly Widget[] } = JSON.parse(
    textOf(dashboard?.Properties?.DashboardBody),
  );
  return body.widgets;
}

/** Pixels of a column and of a row of CloudWatch's grid, which has 24 columns. */
const CELL = { width: 38, height: 22 };
const COLUMNS = 24;

const KINDS: Readonly<Record<string, string>> = { alarm: 'state of each alarm', metric: 'graph' };
const VIEWS: Readonly<Record<string, string>> = { table: 'table', bar: 'bars' };

const kindOf = ({ type, properties }: Widget): string =>
  KINDS[type] ?? VIEWS[properties.view ?? ''] ?? 'log query';

function dashboardPage(widgets: readonly Widget[]): string {
  const boxes = widgets.map((widget) => {
    const { x, y, width, height, properties } = widget;
    const place = `left:${x * CELL.width}px;top:${y * CELL.height}px;width:${width * CELL.width - 8}px;height:${height * CELL.height - 8}px`;
    return `<div style="${place}"><b>${properties.title ?? ''}</b><i>${kindOf(widget)}</i></div>`;
  });
  const rows = Math.max(...widgets.map(({ y, height }) => y + height));
  return `<!doctype html><meta charset="utf-8"><style>
body{margin:8px;width:${COLUMNS * CELL.width - 8}px;height:${rows * CELL.height - 8}px;position:relative;background:#f2f3f3;font:13px sans-serif;color:#16191f}
div{position:absolute;box-sizing:border-box;padding:8px 10px;background:#fff;border:1px solid #d5dbdb;border-radius:4px}
b{font-weight:600}i{display:block;margin-top:4px;color:#687078;font-style:normal;font-size:12px}
</style>${boxes.join('')}`;
}

/** Pixels of the report from the first of its reports on. */
const REPORT = { width: 900, height: 690 };

/** The reports of the demo's lake. */
async function reportOfDemo(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pictures-'));
  const file = join(directory, 'report.html');
  try {
    const run = (...words: readonly string[]) =>
      execFileSync(process.execPath, ['bin/local.ts', ...words, '--out', join(directory, 'demo')], {
        cwd: ROOT,
      });
    run('demo');
    run('report', '--to', file);
    return await readFile(file, 'utf8');
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function takePictures(executablePath: string): Promise<void> {
  const browser = await launch(executablePath);
  try {
    const page = await browser.newPage({ viewport: { width: 720, height: 440 }, deviceScaleFactor: 1 });
    const picture = (name: string) => resolve(ROOT, 'docs/images', name);
    const connected = {
      kind: 'connected',
      workspace: { id: 'abc123', name: 'Example Shop' },
      region: 'US',
    } as const;
    await page.setContent(renderPage(connected, 'intercom').body);
    await page.screenshot({ path: picture('callback.png'), fullPage: true });
    await page.setContent(dashboardPage(dashboardWidgets()));
    await page.locator('body').screenshot({ path: picture('dashboard.png') });
    await page.setViewportSize(REPORT);
    await page.setContent(await reportOfDemo());
    const top = await page.getByRole('heading', { name: 'What your data says' }).boundingBox();
    const clip = { x: 0, y: (top?.y ?? 0) - 10, ...REPORT };
    await page.screenshot({ path: picture('report.png'), fullPage: true, clip });
  } finally {
    await browser.close();
  }
}

const executable = chromiumPath();
if (executable === undefined) throw new Error(NO_CHROMIUM);
await takePictures(executable);
