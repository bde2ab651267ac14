/** The OAuth flow as a person sees it, in a real browser, from the simulator's page to the callback. */
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { renderPage } from '../../functions/connection/outcome-pages.ts';
import { chromiumPath, launch, NO_CHROMIUM } from '../support/chromium.ts';
import { type ConnectionBench, startConnectionBench } from '../support/local/connection-bench.ts';
import { PAGE_OUTCOMES } from '../support/page-outcomes.ts';

const executable = chromiumPath();
const isMissing = executable === undefined;
if (isMissing) process.stderr.write(`test/browser: ${NO_CHROMIUM}\n`);

/** A folder for screenshots of the pages; none are taken if it is not set. */
const pictures = process.env.SCREENSHOTS;

interface Watched {
  readonly page: Page;
  /** Errors and violations in the console. */
  readonly complaints: readonly string[];
  /** Origins of everything the page requested. */
  readonly origins: () => readonly string[];
}

let browser: Browser;
beforeAll(async () => {
  if (executable !== undefined) browser = await launch(executable);
});
afterAll(() => browser?.close());

async function open(options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext(options);
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => {
    // The page's own status is not a complaint.
    if (!message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => asked.push(new URL(request.url()).origin));
  return { page, complaints, origins: () => [...new Set(asked)].toSorted() };
}

/** Expects the page's own style, whose hash the policy allows, and nothing else to have been loaded. */
async function expectWhole({ page, complaints, origins }: Watched, ...hosts: string[]): Promise<void> {
  const radius = await page.evaluate('getComputedStyle(document.querySelector("main")).borderTopLeftRadius');
  expect(radius).toBe('12px');
  expect(complaints).toEqual([]);
  expect(origins()).toEqual(hosts.map((url) => new URL(url).origin).toSorted());
}

describe.skipIf(isMissing)(`connect${isMissing ? ` (${NO_CHROMIUM})` : ''}`, () => {
  let bench: ConnectionBench;
  beforeAll(async () => {
    bench = await startConnectionBench();
  });
  afterAll(() => bench?.close());

  test('authorize → connected → loaded again → authorized again', async () => {
    const watched = await open();
    const { page } = watched;
    await page.goto((await bench.begin()).url);
    await page.getByRole('button', { name: 'Authorize access' }).click();
    await page.waitForURL(`${bench.callbackUrl}?*`);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Connected');
    expect(await page.title()).toBe('Connected · Intercom to S3');
    await expectWhole(watched, bench.simulator.url, bench.callbackUrl);
    const { access_token } = JSON.parse(await bench.secret('Connection'));

    await page.reload();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Connected');
    expect(JSON.parse(await bench.secret('Connection')).access_token).toBe(access_token);

    await page.goto((await bench.begin()).url);
    await page.getByRole('button', { name: 'Authorize access' }).click();
    await page.waitForURL(`${bench.callbackUrl}?*`);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Connected again');
    await expectWhole(watched, bench.simulator.url, bench.callbackUrl);
    expect(JSON.parse(await bench.secret('Connection')).access_token).not.toBe(access_token);
  });

  test('deny', async () => {
    const watched = await open();
    await watched.page.goto((await bench.begin()).url);
    await watched.page.getByRole('button', { name: 'Deny' }).click();
    await watched.page.waitForURL(`${bench.callbackUrl}?*`);
    expect(await watched.page.getByRole('heading', { level: 1 }).textContent()).toBe('Not authorized');
    await expectWhole(watched, bench.simulator.url, bench.callbackUrl);
  });

  test('HTML in the address is not run, and not shown', async () => {
    const watched = await open();
    const html = '<img src=x onerror=alert(1)>';
    await watched.page.goto(
      `${bench.callbackUrl}?code=${html}&state=${html}&error_description=${html}#${html}`,
    );
    expect(await watched.page.content()).not.toContain('onerror');
    await expectWhole(watched, bench.callbackUrl);
  });

  test('no page of another site can put it in a frame', async () => {
    const { page, complaints } = await open();
    await page.setContent(`<iframe src="${bench.callbackUrl}"></iframe>`);
    await page.waitForLoadState('networkidle');
    const [, frame] = page.frames();
    expect(await frame?.content()).not.toContain('Intercom to S3');
    expect(complaints.join()).toMatch(/frame-ancestors/);
  });
});

describe.skipIf(isMissing)(`every page${isMissing ? ` (${NO_CHROMIUM})` : ''}`, () => {
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const outcome = PAGE_OUTCOMES.find(({ kind }) => request.url === `/${kind}`);
      if (outcome === undefined) throw new Error(`There is no page ${request.url}.`);
      const { headers, body } = renderPage(outcome, 'shop');
      response.writeHead(200, headers).end(body);
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    if (pictures !== undefined) mkdirSync(pictures, { recursive: true });
  });
  afterAll(() => {
    server?.closeAllConnections();
    server?.close();
  });

  test.each([
    { look: 'light', colorScheme: 'light', viewport: { width: 1000, height: 700 } },
    { look: 'dark', colorScheme: 'dark', viewport: { width: 1000, height: 700 } },
    { look: 'narrow', colorScheme: 'light', viewport: { width: 320, height: 640 } },
    { look: 'narrow-dark', colorScheme: 'dark', viewport: { width: 390, height: 844 } },
  ] as const)('fits, in its own style ($look)', async ({ look, colorScheme, viewport }) => {
    const watched = await open({ colorScheme, viewport });
    const { page } = watched;
    for (const { kind } of PAGE_OUTCOMES) {
      await page.goto(`${url}/${kind}`);
      const { scrollWidth, clientWidth } = await page.evaluate<{ scrollWidth: number; clientWidth: number }>(
        '({ scrollWidth, clientWidth } = document.documentElement, { scrollWidth, clientWidth })',
      );
      expect(scrollWidth, kind).toBe(clientWidth);
      if (pictures !== undefined) {
        await page.screenshot({ path: join(pictures, `${kind}-${look}.png`), fullPage: true });
      }
    }
    await expectWhole(watched, url);
  });

  test.each(['light', 'dark'] as const)('has text with enough contrast (%s)', async (colorScheme) => {
    const { page } = await open({ colorScheme });
    for (const kind of ['connected', 'denied', 'not_stored']) {
      await page.goto(`${url}/${kind}`);
      const ratios = await page.evaluate<{ what: string; ratio: number }[]>(CONTRASTS);
      // WCAG 2.2, 1.4.3. The icon is a graphic, which needs 3 (1.4.11).
      for (const { what, ratio } of ratios)
        expect(ratio, `${kind}: ${what}`).toBeGreaterThan(what === 'svg' ? 3 : 4.5);
      expect(ratios.map(({ what }) => what)).toEqual(['h1', 'p', 'h2', 'li', 'code', 'footer', 'svg']);
    }
  });
});

/** Runs in the page: contrast of each kind of text with its background. */
const CONTRASTS = `(() => {
  const luminance = (color) => {
    const [red, green, blue] = color.match(/[\\d.]+/g).map((channel) => {
      const share = channel / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (element) => {
    const { backgroundColor } = getComputedStyle(element);
    return backgroundColor === 'rgba(0, 0, 0, 0)' ? groundOf(element.parentElement) : backgroundColor;
  };
  return ['h1', 'p', 'h2', 'li', 'code', 'footer', 'svg'].map((what) => {
    const element = document.querySelector(what);
    const [light, dark] = [luminance(getComputedStyle(element).color), luminance(groundOf(element))].sort(
      (a, b) => b - a,
    );
    return { what, ratio: (light + 0.05) / (dark + 0.05) };
  });
})()`;
