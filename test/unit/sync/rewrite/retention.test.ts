/** Retention drops only versions that no state of the kept age shows. */
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Manifest, ManifestFile } from '../../../../functions/core/engine-files.ts';
import { passOf } from '../../../../functions/core/lake-keys.ts';
import type { TableName } from '../../../../functions/core/names.ts';
import { contacts } from '../../../../functions/objects/contacts.ts';
import { runsIn } from '../../../../functions/sync/committed-runs.ts';
import { counting } from '../../../../functions/sync/counting.ts';
import { linesOf, rowsOf } from '../../../../functions/sync/lines.ts';
import { maintainObject } from '../../../../functions/sync/rewrite/maintain.ts';
import { compareVersions } from '../../../../functions/sync/rewrite/retention.ts';
import { verifyObject } from '../../../../functions/sync/verify.ts';
import { createCrashPoint, Killed } from '../../../support/crash.ts';
import { createHistory, type History } from '../../../support/history-lake.ts';
import { maintainInSteps } from '../../../support/maintained.ts';
import { createMemoryLake } from '../../../support/memory/memory-lake.ts';
import { manifestsOf, type OutputRow, rowsOfParts } from '../../../support/rows-of.ts';
import { beginRun } from '../../../support/workflow.ts';

const DAY = 24 * 3_600_000;

interface StoredRow {
  readonly table: 'contacts' | 'contact_tag';
  readonly row: OutputRow;
  readonly committedAtMs: number;
}

/** The manifests that count. */
const current = ({ pipeline }: History): readonly Manifest[] =>
  counting(
    manifestsOf(pipeline.lake, 'contacts').map((manifest) => ({
      manifest,
      runId: manifest.run_id,
      replaces: manifest.replaces ?? [],
    })),
  ).map(({ manifest }) => manifest);

/** All rows of the manifests that count, each with the time at which its run was committed. */
async function rowsIn(history: History): Promise<readonly StoredRow[]> {
  const { lake } = history.pipeline;
  const found: StoredRow[] = [];
  for (const manifest of current(history)) {
    const times = new Map(
      (await runsIn(lake, manifest)).map(({ runId, committedAtMs }) => [runId, committedAtMs]),
    );
    for (const table of ['contacts', 'contact_tag'] as const) {
      const parts = (manifest.tables[table]?.files ?? []).map((file) => ({ table, ...file }));
      for (const row of rowsOfParts(lake, parts, table)) {
        found.push({ table, row, committedAtMs: times.get(String(row._run_id)) ?? Number.NaN });
      }
    }
  }
  return found;
}

/** What the views show as of a time. */
function stateAt(rows: readonly StoredRow[], atMs: number): readonly string[] {
  const visible = rows.filter(({ committedAtMs }) => committedAtMs <= atMs);
  const current = new Map<unknown, OutputRow>();
  for (const { table, row } of visible) {
    if (table !== 'contacts') continue;
    const before = current.get(row.id);
    if (before === undefined || String(row._version) > String(before._version)) current.set(row.id, row);
  }
  const versions = new Set([...current.values()].map(({ _version }) => _version));
  const tags = visible.filter(
    ({ table, row }) => table === 'contact_tag' && versions.has(row._parent_version),
  );
  return [...current.values(), ...tags.map(({ row }) => row)].map((row) => JSON.stringify(row)).toSorted();
}

test('the current state and every state of the kept age stay what they were', async () => {
  let droppedInAll = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          ids: fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 3 }),
          tags: fc.uniqueArray(fc.constantFrom('t1', 't2', 't3'), { maxLength: 2 }),
          hours: fc.integer({ min: 5, max: 130 }),
          isMaintained: fc.boolean(),
        }),
        { minLength: 25, maxLength: 40 },
      ),
      fc.constantFrom('gzip', 'none'),
      async (steps, compression) => {
        const kept = createHistory({ compression });
        const thinned = createHistory({ compression, history: { incrementalVersions: '14 days' } });
        const times: number[] = [];
        for (const [index, { ids, tags, hours, isMaintained }] of steps.entries()) {
          for (const history of [kept, thinned]) {
            const changes = ids.map((id) => ({ id: `c${id}`, name: `Name ${index}`, tags }));
            const at = await history.change(changes);
            if (history === kept) times.push(at);
            history.pipeline.clock.advance(hours * 3_600_000);
            if (isMaintained || index === steps.length - 1) await history.maintain();
          }
        }
        const [all, left] = [await rowsIn(kept), await rowsIn(thinned)];
        const now = thinned.pipeline.clock.now();
        expect(now).toBe(kept.pipeline.clock.now());
        for (const atMs of [...times, now - 14 * DAY, now].filter((time) => time >= now - 14 * DAY)) {
          expect(stateAt(left, atMs)).toEqual(stateAt(all, atMs));
        }
        // What stayed is what it was, and what a manifest says of what is gone is so.
        const texts = new Set(all.map(({ row }) => JSON.stringify(row)));
        for (const { row } of left) expect(texts).toContain(JSON.stringify(row));
        const { lake } = thinned.pipeline;
        const gone = current(thinned).reduce((sum, { dropped }) => sum + (dropped?.rows ?? 0), 0);
        expect(left.length + gone).toBe(all.length);
        droppedInAll += gone;
        const { problems } = await verifyObject(lake, contacts, { deep: true });
        expect(problems).toEqual([]);
      },
    ),
    { numRuns: 12, endOnFailure: true },
  );
  expect(droppedInAll).toBeGreaterThan(50);
}, 60_000);

test('invocations that are short of time at every step come to an end, with the same result', async () => {
  const states: (readonly string[])[] = [];
  for (const looks of [1, 2, 3, 1_000]) {
    const history = createHistory({ history: { incrementalVersions: '7 days' } });
    for (let index = 0; index < 20; index += 1) {
      await history.change([{ id: `c${index % 2}`, name: `Name ${index}`, tags: [`t${index}`] }]);
      history.pipeline.clock.advance(2 * DAY);
    }
    const holder = await beginRun(history.pipeline, history.dependencies);
    await maintainInSteps(history.dependencies, holder, { looks, mostCalls: 300 });
    expect(current(history).some(({ run_id }) => passOf(run_id) > 0)).toBe(true);
    states.push((await rowsIn(history)).map(({ row }) => String(row._version)).toSorted());
  }
  for (const state of states) expect(state).toEqual(states[0]);
});

test('a month is looked at when it is as old as versions are kept, and each time that age has doubled', async () => {
  const history = createHistory({ history: { incrementalVersions: '30 days' } });
  for (let index = 0; index < 20; index += 1) {
    await history.change([{ id: 'c1', name: `Name ${index}`, tags: [`t${index}`] }]);
    history.pipeline.clock.advance(DAY);
  }
  const passes: number[] = [];
  const rows: number[] = [];
  for (let month = 0; month < 6; month += 1) {
    await history.change([{ id: `other${month}`, name: 'Other' }]);
    await history.maintain();
    const [first] = current(history);
    passes.push(passOf(first?.run_id ?? ''));
    rows.push(first?.tables.contacts?.rows ?? 0);
    history.pipeline.clock.advance(30 * DAY);
  }
  expect(passes.toSorted()).toEqual(passes);
  expect(passes[0]).toBe(0);
  expect(passes.at(-1)).toBeGreaterThanOrEqual(2);
  // The last version of the month stays as long as states from before the next one do.
  expect(rows[0]).toBeGreaterThan(5);
  expect(rows[passes.indexOf(1)]).toBe(1);
  expect(rows.at(-1)).toBe(0);
});

test('killed anywhere, the states stay, and the next maintenance completes it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.constantFrom<'before' | 'after'>('before', 'after'),
      async (killAt, when) => {
        const history = createHistory({ history: { incrementalVersions: '7 days' } });
        const { pipeline, dependencies } = history;
        for (let index = 0; index < 24; index += 1) {
          const changes = [{ id: `c${index % 2}`, name: `Name ${index}`, tags: [`t${index}`] }];
          await history.change(changes);
          pipeline.clock.advance(2 * DAY);
        }
        const all = await rowsIn(history);
        const crash = createCrashPoint();
        const killable = {
          ...dependencies,
          lake: { ...crash.wrap(pipeline.lake), list: pipeline.lake.list },
          state: crash.wrap(pipeline.state),
        };
        const holder = await beginRun(pipeline, dependencies);
        crash.arm(killAt, when);
        try {
          await maintainObject(killable, holder, { id: 'm1', isOver: () => false });
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
        }
        crash.arm(null);
        pipeline.executions.running.delete(holder.executionArn);
        const check = async (): Promise<void> => {
          const left = await rowsIn(history);
          const now = pipeline.clock.now();
          for (const atMs of [now, now - 3 * DAY, now - 7 * DAY]) {
            expect(stateAt(left, atMs)).toEqual(stateAt(all, atMs));
          }
        };
        await check();
        await history.maintain();
        await check();
        expect(current(history).some(({ run_id }) => passOf(run_id) > 0)).toBe(true);
        expect((await verifyObject(pipeline.lake, contacts, { deep: true })).problems).toEqual([]);
      },
    ),
    { numRuns: 40, endOnFailure: true },
  );
}, 120_000);

describe('versions of one record', () => {
  const CUTOFF = Date.parse('2026-03-01T00:00:00Z');
  const row = (run: string, version: string, unknown: readonly string[] = [], id = 'c1') => ({
    id,
    _run_id: run,
    _version: version,
    _unknown: unknown.length === 0 ? null : JSON.stringify(unknown),
  });

  const TAGS = { contact_id: 'c1', tag_id: 't', _run_id: 'r1' };

  /** Which rows may go, and how many invocations it took to see. */
  async function compared(
    tables: Partial<Record<TableName, readonly object[]>>,
    { mostRecords = 10, looks = 1_000 } = {},
  ) {
    const lake = createMemoryLake();
    const evidence = ['r1', 'r2', 'r3'].map((run_id) => ({ run_id, committed_at: '2026-02-01T00:00:00Z' }));
    evidence.push({ run_id: 'r4', committed_at: '2026-03-02T00:00:00Z' });
    await lake.putNew('evidence', Buffer.from(evidence.map((one) => `${JSON.stringify(one)}\n`).join('')));
    const file = (key: string, rows: number): ManifestFile => ({ key, rows, bytes: 0, sha256: '' });
    // A row a file: there is much to go on from.
    const filesOf = (table: string, rows: readonly object[]) =>
      rows.map((row, index) => {
        const key = `${table}-${index}.gz`;
        lake.files.set(key, gzipSync(`${JSON.stringify(row)}\n`));
        return file(key, 1);
      });
    const sources = {
      replaces: ['r1'],
      evidence: [file('evidence', 4)],
      tables: Object.fromEntries(
        Object.entries(tables).map(([table, rows]) => [
          table,
          { rows: rows.length, files: filesOf(table, rows) },
        ]),
      ),
    } as unknown as Manifest;
    for (let calls = 1; calls < 200; calls += 1) {
      let looked = 0;
      const isDropped = await compareVersions(
        { lake, declaration: contacts },
        {
          rewriteId: 'rewrite',
          sources: [sources],
          later: [],
          cutoffMs: CUTOFF,
          read: async ({ key }) => lake.files.get(key) ?? new Uint8Array(),
          isOver: () => {
            looked += 1;
            return looked >= looks;
          },
          mostRecords,
        },
      );
      if (isDropped === null) continue;
      const goes = (table: TableName): readonly boolean[] =>
        (tables[table] ?? []).map((_row, index) => isDropped(`${table}-${index}.gz`, 0));
      return { goes, calls };
    }
    throw new Error('It is never done.');
  }

  test('the newest that knows each relationship stays', async () => {
    const rows = [
      row('r1', '1'),
      row('r1', '2'),
      row('r2', '3', ['tags']),
      row('r3', '4', ['tags', 'companies']),
    ];
    const tags = ['1', '2'].map((version) => ({ ...TAGS, _parent_version: version }));
    const { goes } = await compared({ contacts: rows, contact_tag: tags });
    expect(goes('contacts')).toEqual([true, false, false, false]);
    expect(goes('contact_tag')).toEqual([true, false]);
  });

  test('what was committed after the cutoff stays, and supersedes nothing', async () => {
    const rows = [row('r1', '1'), row('r2', '2'), row('r4', '0'), row('r4', '9')];
    const { goes } = await compared({ contacts: rows });
    expect(goes('contacts')).toEqual([true, false, false, false]);
  });

  test('many records are compared a share at a time, by invocations that are always short of time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 4 })), { maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 3 }),
        async (versions, mostRecords, looks) => {
          const rows = versions.map(([id, version]) => row('r1', String(version), [], `c${id}`));
          const tags = versions.map(([id, version]) => ({
            ...TAGS,
            contact_id: `c${id}`,
            _parent_version: String(version),
          }));
          const tables = { contacts: rows, contact_tag: tags };
          const found = await compared(tables, { mostRecords, looks });
          const wanted = versions.map(([id, version]) =>
            versions.some(([other, newer]) => other === id && newer > version),
          );
          expect(found.goes('contacts')).toEqual(wanted);
          expect(found.goes('contact_tag')).toEqual(wanted);
          // A file at least each time, over every share.
          const shares = Math.max(1, Math.ceil(rows.length / mostRecords));
          expect(found.calls).toBeLessThanOrEqual(shares * rows.length * 3 + 1);
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('lines are read byte for byte over several gzip members', async () => {
  const texts = ['{"a":"x\u2028y"}\n', '{"a":"\u00e9"}\n{"a":12345678901234567890}\n'];
  const body = Buffer.concat(texts.map((text) => gzipSync(text)));
  const lines = await Array.fromAsync(linesOf('a.gz', body));
  expect(lines).toHaveLength(3);
  expect(Buffer.concat(lines)).toEqual(gunzipSync(body));
  expect(await Array.fromAsync(rowsOf('a.gz', body))).toHaveLength(3);
});
