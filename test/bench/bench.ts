/**
 * `npm run bench`: how fast and how large, on this machine, next to the floor of the same machine: parsing,
 * stringifying and compressing the same bytes, and nothing else; and of every function's bundle, how large it is and
 * how long it takes to start. Machines are noisy: compare the ratios of
 * one run, never figures of two.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { benchBundles } from './bundles.ts';
import { benchLake } from './lake.ts';

const ROOT = resolve(import.meta.dirname, '../..');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    contacts: { type: 'string', default: '1000000' },
    conversations: { type: 'string', default: '20000' },
    parts: { type: 'string', default: '20' },
    bundles: { type: 'boolean', default: false },
    runs: { type: 'string', default: '8760' },
    changes: { type: 'string', default: '26280' },
    help: { type: 'boolean', default: false },
  },
});

const print = (text: string): void => void process.stdout.write(`${text}\n`);

interface Served {
  readonly url: string;
  readonly token: string;
  stop(): void;
}

/** The simulator in a process of its own, so that memory and time of the sync are the sync's. */
async function serve(sizes: readonly string[]): Promise<Served> {
  const size = sizes.flatMap((one) => ['--size', one]);
  const child = spawn(
    process.execPath,
    ['lib/standins/intercom/serve.ts', '--port', '0', '--rate-limit', '10000000', ...size],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  for await (const line of createInterface({ input: child.stdout })) {
    const { url, token } = JSON.parse(line) as { url: string; token: string };
    return { url, token, stop: () => void child.kill() };
  }
  throw new Error('The simulator ended before it was ready.');
}

/** Peak resident memory of a process in MB, where /proc tells it. */
function peakMb(pid: number): number | null {
  try {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return peak === undefined ? null : Number(peak) / 1024;
  } catch {
    return null;
  }
}

interface Measured {
  readonly seconds: number;
  readonly peakMb: number | null;
  readonly rows: number;
  readonly bytes: number;
}

interface Summary {
  readonly objects: readonly { readonly rows: Readonly<Record<string, number>>; readonly bytes: number }[];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** Runs the real command and watches its memory. */
async function sync({ url, token }: Served, objects: string): Promise<Measured> {
  const out = mkdtempSync(join(tmpdir(), 'bench-'));
  const started = performance.now();
  const child = spawn(
    process.execPath,
    ['bin/local.ts', 'sync', '--json', '--objects', objects, '--out', out],
    {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, INTERCOM_ACCESS_TOKEN: token, INTERCOM_BASE_URL: url },
    },
  );
  let peak: number | null = null;
  const timer = setInterval(() => {
    peak = peakMb(child.pid ?? 0) ?? peak;
  }, 100);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const code = await new Promise<number | null>((done) => child.on('close', done));
  clearInterval(timer);
  rmSync(out, { recursive: true, force: true });
  if (code !== 0) throw new Error(`The sync of ${objects} ended with status ${code}.`);
  const seconds = (performance.now() - started) / 1000;
  const runs = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Summary);
  const all = runs.flatMap((run) => run.objects);
  return {
    seconds,
    peakMb: peak,
    rows: sum(all.flatMap((object) => Object.values(object.rows))),
    bytes: sum(all.map((object) => object.bytes)),
  };
}

/** Pages as they come over the wire, fetched before any time is measured. */
async function pages({ url, token }: Served, path: string, count: number): Promise<readonly string[]> {
  const texts: string[] = [];
  let cursor: string | undefined;
  while (texts.length < count) {
    const answer = await fetch(url + path, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'intercom-version': '2.15',
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        query: { field: 'updated_at', operator: '>', value: 0 },
        sort: { field: 'updated_at', order: 'ascending' },
        pagination: { per_page: 150, ...(cursor !== undefined && { starting_after: cursor }) },
      }),
    });
    const text = await answer.text();
    texts.push(text);
    const body = JSON.parse(text) as { pages: { next?: { starting_after: string } } };
    cursor = body.pages.next?.starting_after;
    if (cursor === undefined) break;
  }
  return texts;
}

/** Records per second of parse + stringify + gzip (level 4, as the part writer's), one after the other. */
function floor(texts: readonly string[], key: string): number {
  let records = 0;
  const started = performance.now();
  for (const text of texts) {
    const list = (JSON.parse(text) as Record<string, readonly unknown[]>)[key] ?? [];
    gzipSync(list.map((record) => JSON.stringify(record)).join('\n'), { level: 4 });
    records += list.length;
  }
  return records / ((performance.now() - started) / 1000);
}

const figure = (value: number): string => Math.round(value).toLocaleString('en-US');

async function contacts(count: number): Promise<void> {
  const served = await serve([`contacts=${count}`]);
  try {
    const floorRate = floor(await pages(served, '/contacts/search', 200), 'data');
    const measured = await sync(served, 'contacts');
    const rate = count / measured.seconds;
    print(
      `contacts: ${figure(count)} in ${measured.seconds.toFixed(1)} s = ${figure(rate)} records/s, ${figure(measured.rows)} rows with children, ${figure(measured.bytes / 1e6)} MB stored`,
    );
    print(
      `  peak memory ${measured.peakMb === null ? 'unknown' : `${figure(measured.peakMb)} MB`} (with embedded AWS)`,
    );
    print(
      `  floor of this machine ${figure(floorRate)} records/s; ${((rate / floorRate) * 100).toFixed(0)} % of it`,
    );
  } finally {
    served.stop();
  }
}

async function conversationParts(count: number, parts: number): Promise<void> {
  const served = await serve([`conversations=${count}`, `partsPerConversation=${parts}`]);
  try {
    const measured = await sync(served, 'conversation_parts');
    print(
      `conversation_parts: ${figure(count)} conversations in ${measured.seconds.toFixed(1)} s = ${figure(count / measured.seconds)} conversations/s (one request each), ${figure(measured.rows / measured.seconds)} rows/s`,
    );
    print(
      `  peak memory ${measured.peakMb === null ? 'unknown' : `${figure(measured.peakMb)} MB`} (with embedded AWS)`,
    );
  } finally {
    served.stop();
  }
}

if (values.help) {
  print('npm run bench -- [--contacts 1000000] [--conversations 20000] [--parts 20]');
  print('npm run bench -- --bundles     only the sizes and starts of the functions');
  print(
    'npm run bench -- lake [--runs 8760] [--changes 26280]     a year of runs, before and after compaction',
  );
} else if (positionals.includes('lake')) {
  await benchLake(print, { runs: Number(values.runs), changes: Number(values.changes) });
} else if (values.bundles) {
  benchBundles(print);
} else {
  print(
    `node ${process.version}, ${process.platform} ${process.arch}; the simulator runs beside the sync and shares the cores`,
  );
  benchBundles(print);
  await contacts(Number(values.contacts));
  await conversationParts(Number(values.conversations), Number(values.parts));
}
