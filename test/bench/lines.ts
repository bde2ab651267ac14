/** The lines of the bench: what the product does, next to what could be, in the same run on the same machine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { counted } from '../../functions/core/counted.ts';
import type { ObjectName } from '../../functions/core/names.ts';
import { extractorMb } from './extractor-process.ts';
import { contactsFloor } from './floor.ts';
import { readWithSdk, type Synced, sync } from './measure.ts';
import type { SdkObject } from './official-sdk.ts';
import { type Served, type ServeOptions, serve } from './simulator.ts';

/** One line of the table. */
export interface Line {
  readonly what: string;
  readonly product: string;
  /** What could be: the other program, or arithmetic. */
  readonly ideal: string;
  /** Product to ideal, in the direction that is better when larger; null if there is none. */
  readonly ratio: number | null;
  readonly wanted: string;
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
const mb = (value: number | null): string => (value === null ? 'unknown' : `${whole(value)} MB`);
const seconds = (value: number): string => `${value.toFixed(1)} s`;

async function withSimulator<T>(options: ServeOptions, act: (served: Served) => Promise<T>): Promise<T> {
  const served = await serve(options);
  try {
    return await act(served);
  } finally {
    served.stop();
  }
}

function rateLine(what: string, ours: number, theirs: number, wanted: string): Line {
  return {
    what: `${what}/s`,
    product: whole(ours),
    ideal: `${whole(theirs)} (SDK, reading only)`,
    ratio: ours / theirs,
    wanted,
  };
}

const memoryLine = (what: string, ours: Synced, sdkMb: number | null): Line => ({
  what: `peak memory, ${what}`,
  product: mb(ours.peakMb),
  ideal: `${mb(sdkMb)} (SDK)`,
  ratio: null,
  wanted: '≤ 400 MB',
});

/** The simulator builds its indexes with the first answers: nobody's time. */
const warmUp = async (served: Served, object: SdkObject): Promise<void> => {
  await readWithSdk(served, object);
};

/** What a run costs before and after its records: a small workspace as a newcomer sees it. */
export const smallLine = (count: number): Promise<Line> =>
  withSimulator({ sizes: { contacts: count } }, async (served) => {
    await warmUp(served, 'contacts');
    const sdk = await readWithSdk(served, 'contacts');
    const ours = await sync(served, { objects: 'contacts' });
    return {
      what: `a first run with ${whole(count)} contacts`,
      product: `${seconds(ours.runSeconds)}, the command ${seconds(ours.seconds)}`,
      ideal: `${seconds(sdk.seconds)} (SDK)`,
      ratio: sdk.seconds / ours.runSeconds,
      wanted: '',
    };
  });

/** Contacts: against the SDK, the floor of the machine, one thread, and in memory. */
export const contactLines = (count: number): Promise<readonly Line[]> =>
  withSimulator({ sizes: { contacts: count } }, async (served) => {
    const floor = await contactsFloor(served);
    await warmUp(served, 'contacts');
    const one = await sync(served, { objects: 'contacts', workers: 1 });
    const sdk = await readWithSdk(served, 'contacts');
    const all = await sync(served, { objects: 'contacts' });
    const rate = count / all.runSeconds;
    return [
      rateLine(`${whole(count)} contacts`, rate, sdk.records / sdk.seconds, '≥ 0.8'),
      {
        what: `${whole(count)} contacts/s against parse + stringify + gzip`,
        product: whole(rate),
        ideal: whole(floor),
        ratio: rate / floor,
        wanted: '≥ 0.6',
      },
      {
        what: `${whole(count)} contacts/s on all cores against one thread`,
        product: whole(rate),
        ideal: `${whole(count / one.runSeconds)} (one thread)`,
        ratio: one.runSeconds / all.runSeconds,
        wanted: '≥ 1.7',
      },
      memoryLine(`${whole(count)} contacts`, all, sdk.peakMb),
    ];
  });

/** Conversations with parts, each its own request. */
export const conversationLines = (conversations: number, parts: number): Promise<readonly Line[]> =>
  withSimulator(
    { sizes: { conversations, partsPerConversation: parts, partsOfLongConversation: parts } },
    async (served) => {
      await warmUp(served, 'conversation_parts');
      const sdk = await readWithSdk(served, 'conversation_parts');
      const ours = await sync(served, { objects: 'conversation_parts' });
      return [
        rateLine(
          `${whole(conversations)} conversations with ${parts} parts`,
          conversations / ours.runSeconds,
          sdk.records / sdk.seconds,
          '≥ 1.0',
        ),
        memoryLine(`${whole(conversations)} conversations`, ours, sdk.peakMb),
      ];
    },
  );

/** The extractor's own process. */
export const extractorLine = (
  object: ObjectName,
  count: number,
  sizes: ServeOptions['sizes'],
): Promise<Line> =>
  withSimulator({ sizes }, async (served) => ({
    what: `peak memory, extractor alone, ${whole(count)} ${object}`,
    product: mb(await extractorMb(served, object)),
    ideal: '',
    ratio: null,
    wanted: '≤ 256 MB',
  }));

/** The extractor's own process, and conversations that are as large as they get. */
export const largeLine = (conversations: number, megabytes: number): Promise<Line> =>
  withSimulator(
    {
      sizes: { conversations, partsPerConversation: 3 },
      conversationBytes: megabytes * 1024 * 1024,
      limit: 1_666,
    },
    async (served) => ({
      what: `peak memory, extractor alone, ${whole(conversations)} conversations of ${megabytes} MB`,
      product: mb(await extractorMb(served, 'conversation_parts')),
      ideal: '',
      ratio: null,
      wanted: '≤ 256 MB',
    }),
  );

/** A first run that is long answers more than anything else: contacts come in pages, each named by the one before. */
export const latencyLine = (contacts: number, limit: number, latencyMs: number): Promise<Line> =>
  withSimulator({ sizes: { contacts }, limit, latencyMs }, async (served) => {
    const measured = await sync(served, { objects: 'contacts' });
    const { requests, rateLimited } = await served.stats();
    const oneByOne = (requests * latencyMs) / 1000;
    return {
      what: `${whole(contacts)} contacts at ${whole(limit)} a window, ${latencyMs} ms an answer`,
      product: `${seconds(measured.runSeconds)}, ${whole(requests)} requests, ${rateLimited} refused`,
      ideal: `${seconds(requests / (limit / 10))}; ${seconds(oneByOne)} one at a time`,
      ratio: requests / (limit / 10) / measured.runSeconds,
      wanted: '',
    };
  });

/** How much of Intercom's allowance a backfill of conversations uses. */
export const allowanceLine = (
  conversations: number,
  limit: number,
  latencyMs: number,
  foreign = 0,
): Promise<Line> =>
  withSimulator(
    { sizes: { conversations, partsPerConversation: 3 }, limit, latencyMs, foreign },
    async (served) => {
      const before = await served.stats();
      const measured = await sync(served, { objects: 'conversation_parts' });
      const { requests, rateLimited } = await served.stats();
      const perSecond = (limit - foreign) / 10;
      const ideal = (requests - before.requests) / perSecond;
      const other = foreign === 0 ? '' : `, another client takes ${foreign}`;
      return {
        what: `allowance at ${whole(limit)} a window, ${latencyMs} ms an answer${other}`,
        product: `${seconds(measured.runSeconds)} in ${counted(measured.runs, 'run')}, ${rateLimited} of ${whole(requests)} refused`,
        ideal: seconds(ideal),
        ratio: ideal / measured.runSeconds,
        wanted: '≥ 0.95, none refused',
      };
    },
  );

/** One object with work, and a cap on requests at a time. */
export const capLine = (conversations: number, cap: number, latencyMs: number): Promise<Line> =>
  withSimulator({ sizes: { conversations, partsPerConversation: 3 }, latencyMs }, async (served) => {
    const measured = await sync(served, { objects: 'conversation_parts', config: { concurrency: cap } });
    const { requests, mostInFlight } = await served.stats();
    const ideal = (requests * latencyMs) / 1000 / cap;
    return {
      what: `concurrency ${cap}, one object, ${latencyMs} ms an answer`,
      product: `${seconds(measured.runSeconds)}, at most ${mostInFlight} at a time`,
      ideal: seconds(ideal),
      ratio: ideal / measured.runSeconds,
      wanted: '≥ 0.9, never above',
    };
  });

/** A small workspace with a long history. */
export const activityLine = (entries: number, years: number): Promise<Line> =>
  withSimulator({ sizes: { activity_logs: entries, historyDays: years * 365 } }, async (served) => {
    await sync(served, { objects: 'activity_logs' });
    const { byPath } = await served.stats();
    const requests = byPath['GET /admins/activity_logs'] ?? 0;
    return {
      what: `activity logs, ${years} years, ${entries} entries`,
      product: `${whole(requests)} requests`,
      ideal: '40 requests',
      ratio: 40 / requests,
      wanted: '≤ 40 requests',
    };
  });

/** A run that finds nothing new. */
export async function idleLine(): Promise<Line> {
  const out = mkdtempSync(join(tmpdir(), 'bench-idle-'));
  try {
    return await withSimulator({ sizes: {} }, async (served) => {
      await sync(served, { out });
      const before = await served.stats();
      const idle = await sync(served, { out });
      const { requests } = await served.stats();
      return {
        what: 'idle incremental run of every object',
        product: `${requests - before.requests} requests, ${whole(idle.rows)} rows, ${seconds(idle.runSeconds)}`,
        ideal: '',
        ratio: null,
        wanted: '',
      };
    });
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
