import { expect, test } from 'vitest';
import { DEFAULT_OBJECTS } from '../../../../functions/core/names.ts';
import type { ProgressEvent } from '../../../../functions/core/ports.ts';
import {
  advance,
  NOTHING_YET,
  rateText,
  type Watched,
  watchProgress,
} from '../../../../lib/cli/local/watch.ts';
import { screen } from '../../../../lib/cli/terminal/run-progress.ts';
import type { Terminal } from '../../../../lib/cli/terminal/terminal.ts';
import { createMemoryClock } from '../../../support/memory/memory-clock.ts';

const events: readonly ProgressEvent[] = [
  { type: 'run_started', runId: 'r', objects: DEFAULT_OBJECTS },
  { type: 'object_planned', object: 'activity_logs', expected: null, slices: 1 },
  { type: 'object_planned', object: 'contacts', expected: 10, slices: 1 },
];
const watched = events.reduce((before, event) => advance(before, event, 0), NOTHING_YET);

function drawn({ run }: Watched, lines: number): string {
  if (run === null) throw new Error('The run has begun.');
  return screen(run, lines, 'rate: low');
}

test('a terminal with room shows every object', () => {
  const lines = drawn(watched, 33).split('\n');
  expect(lines.filter((line) => /reading|waiting/.test(line))).toHaveLength(DEFAULT_OBJECTS.length);
});

test.each([6, 10, 20])(
  'a terminal of %i lines shows what is read, counts the rest, and never scrolls',
  (rows) => {
    const text = drawn(watched, rows);
    expect(text.split('\n').length).toBeLessThanOrEqual(rows);
    expect(text).toMatch(/^object /);
    expect(text).toMatch(/^contacts +reading/m);
    expect(text).toMatch(rows === 6 ? /^\(23 waiting, 1 reading\)$/m : /^\(23 waiting\)$/m);
    expect(text).toMatch(/^rate: /m);
  },
);

/** Requests that were answered, with the limit that Intercom reports. */
const request = (status: number, object: 'contacts' | null): ProgressEvent => ({
  type: 'request',
  object,
  status,
  waitedMs: 0,
  limit: 200,
});

test('a line for each object that moves on: its own rows, not those of its child tables', () => {
  const notes: string[] = [];
  const terminal: Pick<Terminal, 'live'> = {
    live: () => ({ note: (text) => notes.push(text), stop: () => undefined }),
  };
  const { observe } = watchProgress(terminal, createMemoryClock());
  const more: readonly ProgressEvent[] = [
    request(200, null),
    { type: 'run_started', runId: 'r1', objects: ['contacts', 'tags'] },
    { type: 'object_planned', object: 'contacts', expected: 1, slices: 1 },
    { type: 'object_finished', object: 'tags', status: 'failed', rows: 0 },
    request(200, 'contacts'),
    { type: 'rows', object: 'contacts', rows: 8, read: 1 },
    { type: 'object_finished', object: 'contacts', status: 'committed', rows: 1 },
    { type: 'run_started', runId: 'r2', objects: ['contacts'] },
    { type: 'object_planned', object: 'contacts', expected: null, slices: 2 },
  ];
  for (const event of more) observe(event);
  expect(notes).toEqual([
    'run r1: contacts, tags',
    'contacts: reading about 1 record',
    'tags: failed',
    'contacts: committed, 1 row, 1 request',
    'run r2: contacts',
    'contacts: reading',
  ]);
});

test('the rate is that of the last ten seconds, with what Intercom refused', () => {
  const at = (seconds: number) => seconds * 1000;
  expect(rateText(NOTHING_YET, 0)).toBe('0 requests in the last 10 s');
  const some = [0, 5, 8].reduce(
    (before, second) => advance(before, request(200, null), at(second)),
    NOTHING_YET,
  );
  expect(rateText(some, at(11))).toBe('1% of the 200 requests that Intercom allows per 10 s');
  const refused = advance(some, request(429, null), at(11));
  expect(rateText(refused, at(12))).toBe(
    '2% of the 200 requests that Intercom allows per 10 s, 1 refused (429)',
  );
});
