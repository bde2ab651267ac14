/** How far a run is, from the files it leaves in the lake, and how that is told. Pure. */
import type { ObjectName } from '../../../functions/core/names.ts';
import { fitObjects } from '../terminal/fit-objects.ts';
import { progressBar } from '../terminal/progress-bar.ts';
import { count, tableText } from '../terminal/table-text.ts';

type ObjectState = 'waiting' | 'reading' | 'committing' | 'committed' | 'skipped' | 'unavailable' | 'failed';

export interface ObjectProgress {
  readonly object: ObjectName;
  readonly state: ObjectState;
  /** Records the plan expects to read; null where Intercom gives no count, or there is no plan yet. */
  readonly expected: number | null;
  /** Records read so far, as the receipts have it; up to half a minute behind. */
  readonly read: number;
  readonly slices: { readonly done: number; readonly planned: number };
  /** Rows of the committed object's own table. */
  readonly rows: number | null;
  /** Why it was skipped, is unavailable or has failed. */
  readonly message: string | null;
}

export interface RunProgress {
  readonly runId: string;
  readonly objects: readonly ObjectProgress[];
}

export const waiting = (object: ObjectName): ObjectProgress => ({
  object,
  state: 'waiting',
  expected: null,
  read: 0,
  slices: { done: 0, planned: 0 },
  rows: null,
  message: null,
});

const ENDED: readonly ObjectState[] = ['committed', 'skipped', 'unavailable', 'failed'];

export const hasEnded = ({ state }: ObjectProgress): boolean => ENDED.includes(state);

const slicesText = ({ slices: { done, planned } }: ObjectProgress): string =>
  planned === 0 ? '' : `${done} of ${planned}`;

const amount = ({ rows, read }: ObjectProgress): string =>
  rows === null ? (read === 0 ? '' : count(read)) : count(rows);

/**
 * The whole display, for a terminal that is redrawn.
 * @param lines of the terminal; where not all objects fit, those are shown that something happens to
 */
export function screen({ runId, objects }: RunProgress, lines: number): string {
  const { shown, others } = fitObjects(objects, lines);
  const rows = shown.map((one) => [one.object, one.state, amount(one), slicesText(one), progressBar(one)]);
  return [
    tableText([['object', 'state', 'records', 'slices', ''], ...rows]),
    ...others,
    '',
    `run ${runId}; Ctrl-C stops watching, not the run\n`,
  ].join('\n');
}

function change(before: ObjectProgress | undefined, now: ObjectProgress): readonly string[] {
  if (before?.state === now.state || now.state === 'waiting' || now.state === 'committing') return [];
  const { object, state, expected, slices, message } = now;
  if (state === 'reading') {
    const what = expected === null ? 'reading' : `reading about ${count(expected)}`;
    return [`${object}: ${what} in ${slices.planned} slice(s)`];
  }
  if (state === 'committed') return [`${object}: committed, ${count(now.rows ?? 0)} rows`];
  return [`${object}: ${state}${message === null ? '' : `: ${message}`}`];
}

/** One line for each object that went a step further; for output that is not a terminal. */
export const changes = (before: RunProgress | null, now: RunProgress): readonly string[] =>
  now.objects.flatMap((one) =>
    change(
      before?.objects.find(({ object }) => object === one.object),
      one,
    ),
  );

/** One line for long silences. */
export function heartbeat(progress: RunProgress | null): string {
  if (progress === null) return '… waiting for the run to begin';
  const open = progress.objects.filter((one) => !hasEnded(one));
  if (open.length === 0) return '… finishing the run';
  const list = open
    .filter(({ state }) => state !== 'waiting')
    .map(({ object, expected, read }) =>
      expected === null ? `${object} ${count(read)}` : `${object} ${count(read)} of about ${count(expected)}`,
    );
  return `… ${list.length === 0 ? 'planning' : list.join(', ')}`;
}
