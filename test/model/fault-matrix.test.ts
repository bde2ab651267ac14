/**
 * Every object, every point where the outside can fail, every way: after it ends, the next runs leave exactly what
 * Intercom holds, and no object stays locked. Small lists are read alike: tags try all cells, and each of the others a
 * fifth, its neighbours the rest. `FAULT_STRIDE=n` tries every n-th cell only.
 */
import { expect, test } from 'vitest';
import { isOptional, OBJECT_NAMES, type ObjectName } from '../../functions/core/names.ts';
import { OBJECTS as DECLARATIONS } from '../../functions/objects/index.ts';
import { OBJECTS, ON_REQUEST } from '../support/local/tables.ts';
import { type Cell, cellName, discover, type Lasts, problemsAfter, startSetting } from './fault-matrix.ts';
import { HTTP_FAULTS } from './http-faults.ts';
import type { Disturbance } from './invocations.ts';

const STRIDE = Number(process.env.FAULT_STRIDE ?? 1);

/** Share of the cells that each of these tries. */
const OF_LISTS = 5;
const MINUTES = 60_000;
const HOUR = 60 * MINUTES;

const LASTS: readonly Lasts[] = ['once', 'a minute', 'the whole run'];
const DISTURBANCES: readonly Disturbance[] = [
  'killed_before',
  'killed_after',
  'error_before',
  'error_after',
  'stalled',
];

const httpCells = (kinds: readonly string[]): readonly Cell[] =>
  kinds.flatMap((kind) =>
    Object.keys(HTTP_FAULTS).flatMap((way) => LASTS.map((lasts): Cell => ({ at: 'http', kind, way, lasts }))),
  );

const portCells = (points: readonly string[]): readonly Cell[] =>
  points.flatMap((point) =>
    DISTURBANCES.flatMap((way) =>
      way.startsWith('error')
        ? LASTS.map((lasts): Cell => ({ at: 'port', point, way, lasts, aborts: false }))
        : [true, false].map((aborts): Cell => ({ at: 'port', point, way, lasts: 'once', aborts })),
    ),
  );

const OTHER_CELLS: readonly Cell[] = [
  { at: 'twins' },
  ...[1, 3].map((events): Cell => ({ at: 'deadline', events })),
  ...[-2 * HOUR, -90_000, 90_000, 2 * HOUR].map((aheadMs): Cell => ({ at: 'clock', aheadMs })),
];

const isSmallList = (object: ObjectName): boolean =>
  DECLARATIONS[object].read.kind === 'list' && object !== 'tags';

/** Read like others, off, or missing in many workspaces. */
const LISTS: readonly string[] = [
  ...OBJECT_NAMES.filter((object) => isOptional(object) || isSmallList(object)),
  ...ON_REQUEST,
];

let size = 0;

test.each(OBJECTS)(
  '%s holds what Intercom holds after every fault',
  async (object) => {
    const setting = await startSetting(object);
    try {
      const { kinds, points } = await discover(setting);
      const cells = [...httpCells(kinds), ...portCells(points), ...OTHER_CELLS].filter(
        (_cell, index) =>
          index % STRIDE === 0 &&
          (!LISTS.includes(object) || index % OF_LISTS === LISTS.indexOf(object) % OF_LISTS),
      );
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
