/** What a sync shows while it works: per object its rows and requests, and the share of the rate allowance. */
import type { ObjectName } from '../../../functions/core/names.ts';
import type { ProgressEvent } from '../../../functions/core/ports.ts';
import { fitObjects } from '../terminal/fit-objects.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { count, tableText } from '../terminal/table-text.ts';

interface ObjectProgress {
  readonly state: string;
  readonly expected: number | null;
  readonly read: number;
  readonly rows: number;
  readonly requests: number;
}

export interface Progress {
  readonly objects: ReadonlyMap<ObjectName, ObjectProgress>;
  /** Times in ms of the requests of the last ten seconds. */
  readonly recent: readonly number[];
  /** Requests per ten seconds that Intercom allows; null until it says so. */
  readonly limit: number | null;
  readonly requests: number;
  readonly limited: number;
}

export const NO_PROGRESS: Progress = { objects: new Map(), recent: [], limit: null, requests: 0, limited: 0 };

const WAITING: ObjectProgress = { state: 'waiting', expected: null, read: 0, rows: 0, requests: 0 };

const RATE_WINDOW_MS = 10_000;

function withObject(progress: Progress, object: ObjectName, change: Partial<ObjectProgress>): Progress {
  const before = progress.objects.get(object) ?? WAITING;
  return { ...progress, objects: new Map(progress.objects).set(object, { ...before, ...change }) };
}

/** Takes in one event. Pure. */
export function advance(progress: Progress, event: ProgressEvent, now: number): Progress {
  const object = 'object' in event && event.object !== null ? progress.objects.get(event.object) : undefined;
  switch (event.type) {
    case 'run_started':
      return { ...progress, objects: new Map(event.objects.map((name) => [name, WAITING])) };
    case 'object_planned':
      return withObject(progress, event.object, { state: 'reading', expected: event.expected });
    case 'rows':
      return withObject(progress, event.object, {
        rows: (object?.rows ?? 0) + event.rows,
        read: (object?.read ?? 0) + event.read,
      });
    case 'object_finished':
      return withObject(progress, event.object, { state: event.status });
    case 'request': {
      const recent = [...progress.recent.filter((at) => at > now - RATE_WINDOW_MS), now];
      const limited = progress.limited + (event.status === 429 ? 1 : 0);
      const limit = event.limit ?? progress.limit;
      const next = { ...progress, recent, limit, limited, requests: progress.requests + 1 };
      return event.object === null
        ? next
        : withObject(next, event.object, { requests: (object?.requests ?? 0) + 1 });
    }
    case 'object_summary':
    case 'old_debts':
    case 'share_awaited':
    case 'share_not_returned':
      return progress;
    default:
      return event satisfies never;
  }
}

/** Share of the rate allowance in use over the last ten seconds: `42% of 1,666 requests per 10 s`. */
function rateText({ recent, limit, limited }: Progress, now: number): string {
  const used = recent.filter((at) => at > now - RATE_WINDOW_MS).length;
  const refused = limited === 0 ? '' : `, ${limited} refused (429)`;
  if (limit === null) return `${count(used)} requests in the last 10 s${refused}`;
  return `${Math.round((used / limit) * 100)}% of the ${count(limit)} requests that Intercom allows per 10 s${refused}`;
}

/**
 * The whole display, for a terminal that is redrawn.
 * @param lines of the terminal; where not all objects fit, those are shown that something happens to
 */
export function screen(progress: Progress, now: number, lines: number): string {
  const objects = [...progress.objects].map(([name, object]) => ({ name, ...object }));
  const { shown, others } = fitObjects(objects, lines);
  const rows = shown.map((one) => [
    one.name,
    one.state,
    count(one.rows),
    count(one.requests),
    progressBar(one),
  ]);
  const table = tableText([['object', 'state', 'rows', 'requests', ''], ...rows]);
  return [table, ...others, '', `rate: ${rateText(progress, now)}\n`].join('\n');
}

/** One line, for output that is not a terminal; null where the event is not worth one. */
export function line(progress: Progress, event: ProgressEvent, now: number): string | null {
  switch (event.type) {
    case 'run_started':
      return `run ${event.runId}: ${event.objects.join(', ')}`;
    case 'object_planned':
      return event.expected === null
        ? `${event.object}: reading`
        : `${event.object}: reading ${count(event.expected)} in ${event.slices} slice(s)`;
    case 'object_finished': {
      const object = progress.objects.get(event.object) ?? WAITING;
      return `${event.object}: ${event.status}, ${count(event.rows)} rows, ${count(object.requests)} requests; rate ${rateText(progress, now)}`;
    }
    case 'rows':
    case 'request':
    case 'object_summary':
    case 'old_debts':
    case 'share_awaited':
    case 'share_not_returned':
      return null;
    default:
      return event satisfies never;
  }
}

/** A heartbeat for long silences. */
export function heartbeat(progress: Progress, now: number): string {
  const reading = [...progress.objects].filter(([, object]) => object.state === 'reading');
  const list = reading.map(([name, { read, expected }]) =>
    expected === null ? `${name} ${count(read)}` : `${name} ${count(read)} of about ${count(expected)}`,
  );
  return `… ${list.join(', ')}; ${rateText(progress, now)}`;
}
