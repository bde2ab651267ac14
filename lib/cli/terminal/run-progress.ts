/**
 * The progress of a run's objects, and how a terminal shows it. One model for a run on this machine and a
 * deployed one. Its figures mean the same as in the summary at the end. Pure.
 */
import { counted } from '../../../functions/core/counted.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import { count, tableText } from './table-text.ts';

type ObjectState = 'waiting' | 'reading' | 'committing' | 'committed' | 'skipped' | 'unavailable' | 'failed';

export interface ObjectProgress {
  readonly object: ObjectName;
  readonly state: ObjectState;
  /** Records the plan expects to read; null if Intercom gives no count, or there is no plan yet. */
  readonly expected: number | null;
  /** Records read so far. */
  readonly read: number;
  /** Null for a run on this machine, which reports records and not slices. */
  readonly slices: { readonly done: number; readonly planned: number } | null;
  /** Rows of the object's own table; null until they are committed. */
  readonly rows: number | null;
  /** Requests sent for the object; null for a deployed run, which does not report them. */
  readonly requests: number | null;
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
  slices: null,
  rows: null,
  requests: null,
  message: null,
});

const ENDED: readonly ObjectState[] = ['committed', 'skipped', 'unavailable', 'failed'];

export const hasEnded = ({ state }: ObjectProgress): boolean => ENDED.includes(state);

const BAR_WIDTH = 20;

/** From 0 to 1, by records or else by slices; null if neither is known. */
function shareRead({ expected, read, slices }: ObjectProgress): number | null {
  if (expected !== null && expected > 0) return Math.min(1, read / expected);
  return slices === null || slices.planned < 2 ? null : slices.done / slices.planned;
}

/** A bar with its percentage, `…` if the share is unknown, nothing unless the object is being read. */
function progressBar(progress: ObjectProgress): string {
  if (progress.state !== 'reading') return '';
  const share = shareRead(progress);
  if (share === null) return '…';
  const filled = Math.round(share * BAR_WIDTH);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${Math.floor(share * 100)}%`;
}

/** `3 committed, 8 waiting` */
function tally(objects: readonly ObjectProgress[]): string {
  const states = new Map<ObjectState, number>();
  for (const { state } of objects) states.set(state, (states.get(state) ?? 0) + 1);
  return [...states].map(([state, number]) => `${number} ${state}`).join(', ');
}

/** Lines of the screen apart from the objects: header, tally, a blank line, the foot, the cursor. */
const OTHER_LINES = 5;

const isQuiet = ({ state }: ObjectProgress): boolean => state === 'waiting' || state === 'committed';

/** All objects if they fit; otherwise the active ones, at least one, and a line that counts the others. */
function fitting(
  objects: readonly ObjectProgress[],
  lines: number,
): { readonly shown: readonly ObjectProgress[]; readonly others: readonly string[] } {
  const room = lines - OTHER_LINES;
  if (objects.length <= room) return { shown: objects, others: [] };
  const shown = objects.filter((one) => !isQuiet(one)).slice(0, Math.max(1, room));
  return { shown, others: [`(${tally(objects.filter((one) => !shown.includes(one)))})`] };
}

const countOrBlank = (amount: number | null): string => (amount === null ? '' : count(amount));

/**
 * The whole display, for a terminal that is redrawn.
 * @param lines of the terminal; if not all objects fit, the active ones are shown
 * @param foot the last line
 */
export function screen({ objects }: RunProgress, lines: number, foot: string): string {
  const { shown, others } = fitting(objects, lines);
  const hasRequests = objects.some(({ requests }) => requests !== null);
  const row = (one: ObjectProgress) => [
    one.object,
    one.state,
    one.read === 0 ? '' : count(one.read),
    countOrBlank(one.rows),
    ...(hasRequests ? [countOrBlank(one.requests)] : []),
    progressBar(one),
  ];
  const header = ['object', 'state', 'read', 'rows', ...(hasRequests ? ['requests'] : []), ''];
  return [tableText([header, ...shown.map(row)]), ...others, '', `${foot}\n`].join('\n');
}

function change(before: ObjectProgress | undefined, now: ObjectProgress): readonly string[] {
  if (before?.state === now.state || now.state === 'waiting' || now.state === 'committing') return [];
  const { object, state, expected, rows, requests, message } = now;
  if (state === 'reading') {
    return [`${object}: reading${expected === null ? '' : ` about ${counted(expected, 'record')}`}`];
  }
  if (state === 'committed') {
    const sent = requests === null ? '' : `, ${counted(requests, 'request')}`;
    return [`${object}: committed, ${counted(rows ?? 0, 'row')}${sent}`];
  }
  return [`${object}: ${state}${message === null ? '' : `: ${message}`}`];
}

/** For output that is not a terminal: one line for a new run, and one for each object in a new state. */
export function changes(before: RunProgress | null, now: RunProgress): readonly string[] {
  const isNew = before?.runId !== now.runId;
  const earlier = new Map(isNew ? [] : before.objects.map((one) => [one.object, one]));
  return [
    ...(isNew ? [`run ${now.runId}: ${now.objects.map(({ object }) => object).join(', ')}`] : []),
    ...now.objects.flatMap((one) => change(earlier.get(one.object), one)),
  ];
}

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
