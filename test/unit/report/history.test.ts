/** The runs of a pipeline, added up by day, week or month. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Completeness, ObjectSummary, RunSummary } from '../../../functions/core/engine-files.ts';
import { runIdOf, runSummaryKey } from '../../../functions/core/lake-keys.ts';
import { encodeJson } from '../../../functions/sync/store.ts';
import { readHistory } from '../../../lib/cli/report/history.ts';
import { createMemoryLake } from '../../support/memory/memory-lake.ts';

const DAY = 86_400_000;
const NOW = Date.parse('2026-11-29T12:00:00Z');

const completeness = (status: Completeness['status'], debts = 0): Completeness => ({
  status,
  matched: 1,
  read: 1,
  written: 1,
  parts: null,
  over_cap: [],
  relations: {},
  debts: Array.from({ length: debts }, (_, index) => ({
    scope: { ids: [String(index)] } as never,
    reason: 'why',
    since: '2026-11-01T00:00:00Z',
    tries: 1,
  })),
});

const committed = (some: Partial<ObjectSummary> = {}): ObjectSummary => ({
  object: 'tags',
  status: 'committed',
  message: null,
  error: null,
  rows: { tags: 2 },
  files: 1,
  bytes: 10,
  completeness: completeness('complete'),
  schema: { version: 1, added: [], changed: [], dropped: [] },
  cursor: null,
  work_remains: false,
  up_to: null,
  ...some,
});

async function lakeWith(
  runs: readonly {
    readonly at: number;
    readonly minutes?: number;
    readonly status?: RunSummary['status'];
    readonly objects?: readonly ObjectSummary[];
  }[],
) {
  const lake = createMemoryLake();
  for (const [index, { at, minutes = 1, status = 'succeeded', objects = [committed()] }] of runs.entries()) {
    const run_id = runIdOf(at, index.toString(16).padStart(6, '0'));
    const summary: RunSummary = {
      format: 1,
      run_id,
      status,
      mode: 'incremental',
      started_at: new Date(at).toISOString(),
      finished_at: new Date(at + minutes * 60_000).toISOString(),
      workspace_id: 'w',
      objects,
      notes: [],
      work_remains: false,
    };
    await lake.putNew(runSummaryKey(run_id), encodeJson(summary));
  }
  return lake;
}

describe('the history of runs', () => {
  it('is empty without a run', async () => {
    expect(await readHistory(createMemoryLake(), 0, NOW)).toEqual({ unit: 'day', periods: [], changes: [] });
  });

  it('tells the median and the longest duration, the worst fare and the last debts of a day', async () => {
    const lake = await lakeWith([
      { at: NOW - 3 * 3_600_000, minutes: 1 },
      {
        at: NOW - 2 * 3_600_000,
        minutes: 9,
        objects: [committed({ completeness: completeness('short', 3) })],
      },
      {
        at: NOW - 3_600_000,
        minutes: 2,
        status: 'failed',
        objects: [
          committed({ completeness: completeness('unproven', 1) }),
          committed({ object: 'teams', status: 'failed', rows: {}, completeness: null, schema: null }),
        ],
      },
    ]);
    const { periods, unit } = await readHistory(lake, NOW - DAY, NOW);
    expect(unit).toBe('day');
    expect(periods).toHaveLength(14);
    expect(periods.at(-1)).toEqual({
      from: '2026-11-29',
      succeeded: 2,
      failed: 1,
      minutes: { median: 2, longest: 9 },
      allowed: null,
      objects: {
        tags: { rows: 6, minutes: null, requests: 0, fare: 'short', debts: 1 },
        teams: { rows: 0, minutes: null, requests: 0, fare: 'failed', debts: null },
      },
    });
  });

  it('tells how much of what Intercom allowed each object used, in all windows that the runs touched', async () => {
    const requests = (sent: number, limit: number | null) => ({ requests: { sent, limit } });
    const at = NOW - 3_600_000;
    const lake = await lakeWith([
      {
        at: at + 9_000,
        // Touches seven windows of ten seconds.
        minutes: 1,
        objects: [
          committed({ ...requests(30, 166), committed_at: new Date(at + 39_000).toISOString() }),
          committed({ object: 'teams', ...requests(2, null) }),
        ],
      },
      {
        at: at + 600_000,
        minutes: 0,
        objects: [committed({ ...requests(10, 1666) }), committed({ object: 'teams' })],
      },
      // A run of a version that did not count.
      { at: at + 900_000 },
    ]);
    const { periods } = await readHistory(lake, NOW - DAY, NOW);
    const { allowed, objects } = periods.at(-1) ?? {};
    expect(allowed).toBe(166 * 7 + 1666);
    expect(objects?.tags).toMatchObject({ requests: 40, minutes: 0.5 });
    expect(objects?.teams).toMatchObject({ requests: 2, minutes: null });
  });

  it('lists changes of schemas, the newest first', async () => {
    const change = (added: string) =>
      committed({ schema: { version: 2, added: [added], changed: [], dropped: [] } });
    const lake = await lakeWith([
      { at: NOW - 2 * DAY, objects: [change('tags.a: string')] },
      { at: NOW - DAY, objects: [change('tags.b: string')] },
    ]);
    const { changes } = await readHistory(lake, 0, NOW);
    expect(changes.map(({ text }) => text)).toEqual([
      'tags: new column tags.b: string',
      'tags: new column tags.a: string',
    ]);
  });

  it('has every run since then in at most 63 periods without gaps, however many there are', async () => {
    const days = fc.integer({ min: 0, max: 1500 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(days, { maxLength: 30 }),
        fc.integer({ min: 1, max: 1500 }),
        async (ago, since) => {
          const runs = ago.toSorted((a, b) => b - a).map((day) => ({ at: NOW - day * DAY }));
          const { periods, unit } = await readHistory(await lakeWith(runs), NOW - since * DAY, NOW);
          const shown = runs.filter(({ at }) => at >= NOW - since * DAY).length;
          expect(periods.reduce((all, { succeeded }) => all + succeeded, 0)).toBe(shown);
          expect(periods.length).toBeLessThanOrEqual(63);
          const starts = periods.map(({ from }) => Date.parse(from));
          const steps = starts.slice(1).map((start, index) => (start - (starts[index] ?? 0)) / DAY);
          const allowed = { day: [1], week: [7], month: [28, 29, 30, 31] }[unit];
          expect(steps.filter((step) => !allowed.includes(step))).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
