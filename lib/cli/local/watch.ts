/** Shows the progress of a run on this machine, from the events of its functions. */
import { counted } from '../../../functions/core/counted.ts';
import type { Clock, ObserveProgress, ProgressEvent } from '../../../functions/core/ports.ts';
import {
  changes,
  heartbeat,
  type ObjectProgress,
  type RunProgress,
  screen,
  waiting,
} from '../terminal/run-progress.ts';
import { count } from '../terminal/table-text.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** What the display knows. */
export interface Watched {
  /** Null until the run has begun. */
  readonly run: RunProgress | null;
  /** Times in ms of the requests of the last ten seconds. */
  readonly recent: readonly number[];
  /** Requests that Intercom allows per ten seconds; null until it has said. */
  readonly limit: number | null;
  /** Requests that Intercom refused with a 429. */
  readonly refused: number;
}

export const NOTHING_YET: Watched = { run: null, recent: [], limit: null, refused: 0 };

const RATE_WINDOW_MS = 10_000;

function withObject(
  watched: Watched,
  name: string | null,
  change: (before: ObjectProgress) => Partial<ObjectProgress>,
): Watched {
  const { run } = watched;
  if (run === null || name === null) return watched;
  const objects = run.objects.map((one) => (one.object === name ? { ...one, ...change(one) } : one));
  return { ...watched, run: { ...run, objects } };
}

/** Takes in one event. Pure. */
export function advance(watched: Watched, event: ProgressEvent, now: number): Watched {
  switch (event.type) {
    case 'run_started': {
      const objects = event.objects.map((name) => ({ ...waiting(name), requests: 0 }));
      return { ...watched, run: { runId: event.runId, objects } };
    }
    case 'object_planned':
      return withObject(watched, event.object, () => ({ state: 'reading', expected: event.expected }));
    case 'rows':
      return withObject(watched, event.object, ({ read }) => ({ read: read + event.read }));
    case 'object_finished': {
      const { status: state, rows } = event;
      return withObject(watched, event.object, () => ({ state, rows: state === 'committed' ? rows : null }));
    }
    case 'request': {
      const next = withObject(watched, event.object, ({ requests }) => ({ requests: (requests ?? 0) + 1 }));
      return {
        ...next,
        recent: [...watched.recent.filter((at) => at > now - RATE_WINDOW_MS), now],
        limit: event.limit ?? watched.limit,
        refused: watched.refused + (event.status === 429 ? 1 : 0),
      };
    }
    case 'object_summary':
    case 'old_debts':
    case 'share_awaited':
    case 'share_not_returned':
      return watched;
    default:
      return event satisfies never;
  }
}

/** How much of the allowance the last ten seconds used. */
export function rateText({ recent, limit, refused }: Watched, now: number): string {
  const used = recent.filter((at) => at > now - RATE_WINDOW_MS).length;
  const tooMany = refused === 0 ? '' : `, ${count(refused)} refused (429)`;
  if (limit === null) return `${counted(used, 'request')} in the last 10 s${tooMany}`;
  return `${Math.round((used / limit) * 100)}% of the ${counted(limit, 'request')} that Intercom allows per 10 s${tooMany}`;
}

/** Shows what is observed, until it is stopped. */
export function watchProgress(
  terminal: Pick<Terminal, 'live'>,
  clock: Pick<Clock, 'now'>,
): { readonly observe: ObserveProgress; stop(): void } {
  let watched = NOTHING_YET;
  const rate = () => `rate: ${rateText(watched, clock.now())}`;
  const display = terminal.live({
    screen: (lines) => (watched.run === null ? heartbeat(null) : screen(watched.run, lines, rate())),
    heartbeat: () => `${heartbeat(watched.run)}; ${rate()}`,
  });
  return {
    observe(event) {
      const before = watched.run;
      watched = advance(watched, event, clock.now());
      if (watched.run !== null) for (const line of changes(before, watched.run)) display.note(line);
    },
    stop: display.stop,
  };
}
