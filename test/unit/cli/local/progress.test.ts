import { expect, test } from 'vitest';
import { OBJECT_NAMES } from '../../../../functions/core/names.ts';
import type { ProgressEvent } from '../../../../functions/core/ports.ts';
import { advance, NO_PROGRESS, screen } from '../../../../lib/cli/local/progress.ts';

const events: readonly ProgressEvent[] = [
  { type: 'run_started', runId: 'r', objects: OBJECT_NAMES },
  { type: 'object_planned', object: 'activity_logs', expected: null, slices: 1 },
  { type: 'object_planned', object: 'contacts', expected: 10, slices: 1 },
];
const progress = events.reduce((before, event) => advance(before, event, 0), NO_PROGRESS);

test('a terminal with room shows every object', () => {
  const lines = screen(progress, 0, 24).split('\n');
  expect(lines.filter((line) => /reading|waiting/.test(line))).toHaveLength(OBJECT_NAMES.length);
});

test.each([6, 10, 20])(
  'a terminal of %i lines shows what is read, counts the rest, and is not overrun',
  (rows) => {
    const text = screen(progress, 0, rows);
    expect(text.split('\n').length).toBeLessThanOrEqual(rows);
    expect(text).toMatch(/^object /);
    expect(text).toMatch(/^contacts +reading/m);
    expect(text).toMatch(rows === 6 ? /^\(14 waiting, 1 reading\)$/m : /^\(14 waiting\)$/m);
    expect(text).toMatch(/^rate: /m);
  },
);
