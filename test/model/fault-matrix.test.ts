/**
 * Every object, every point where the outside can fail, every way: after it ends, the next runs leave exactly what
 * Intercom holds, and no object stays locked. `FAULT_STRIDE=n` tries every n-th cell only.
 */
import { expect, test } from 'vitest';
import { type Cell, cellName, discover, type Lasts, problemsAfter, startSetting } from './fault-matrix.ts';
import { HTTP_FAULTS } from './http-faults.ts';
import type { Disturbance } from './invocations.ts';

const STRIDE = Number(process.env.FAULT_STRIDE ?? 1);
const MINUTES = 60_000;
const HOUR = 60 * MINUTES;

/** One object of each paging style gets everything; the others every fault once. */
const EVERY_STYLE = [
  'contacts',
  'conversation_parts',
  'companies',
  'articles',
  'activity_logs',
  'segments',
] as const;
const OTHERS = [
  'conversations',
  'tickets',
  'admins',
  'tags',
  'teams',
  'data_attributes',
  'ticket_types',
  'collections',
  'help_centers',
  'subscription_types',
] as const;

const LASTS: readonly Lasts[] = ['once', 'a minute', 'the whole run'];
const DISTURBANCES: readonly Disturbance[] = [
  'killed_before',
  'killed_after',
  'error_before',
  'error_after',
  'stalled',
];

const httpCells = (kinds: readonly string[], lasting: readonly Lasts[]): readonly Cell[] =>
  kinds.flatMap((kind) =>
    Object.keys(HTTP_FAULTS).flatMap((way) =>
      lasting.map((lasts): Cell => ({ at: 'http', kind, way, lasts })),
    ),
  );

const portCells = (points: readonly string[], lasting: readonly Lasts[]): readonly Cell[] =>
  points.flatMap((point) =>
    DISTURBANCES.flatMap((way) =>
      way.startsWith('error')
        ? lasting.map((lasts): Cell => ({ at: 'port', point, way, lasts, aborts: false }))
        : [true, false].map((aborts): Cell => ({ at: 'port', point, way, lasts: 'once', aborts })),
    ),
  );

const OTHER_CELLS: readonly Cell[] = [
  { at: 'twins' },
  ...[1, 3].map((events): Cell => ({ at: 'deadline', events })),
  ...[-2 * HOUR, -90_000, 90_000, 2 * HOUR].map((aheadMs): Cell => ({ at: 'clock', aheadMs })),
];

let size = 0;

test.each([
  ...EVERY_STYLE.map((object) => [object, true] as const),
  ...OTHERS.map((object) => [object, false] as const),
])(
  '%s holds what Intercom holds after every fault',
  async (object, isWhole) => {
    const setting = await startSetting(object);
    try {
      const { kinds, points } = await discover(setting);
      const cells = [
        ...httpCells(kinds, isWhole ? LASTS : ['a minute']),
        ...(isWhole ? portCells(points, LASTS) : []),
        ...OTHER_CELLS,
      ].filter((_cell, index) => index % STRIDE === 0);
      const wrong: string[] = [];
      for (const cell of cells) {
        const problems = await problemsAfter(setting, cell);
        if (problems.length > 0) wrong.push(`${cellName(cell)}: ${problems.slice(0, 3).join(' | ')}`);
      }
      size += cells.length;
      process.stdout.write(`${object}: ${cells.length} faults (${size} so far)\n`);
      expect(wrong).toEqual([]);
    } finally {
      await setting.close();
    }
  },
  20 * MINUTES,
);
