import { describe, expect, it } from 'vitest';
import type { ObjectName } from '../../../../functions/core/names.ts';
import { encodeJson } from '../../../../functions/sync/store.ts';
import { createRunWatcher } from '../../../../lib/cli/remote/run-watcher.ts';
import { changes, heartbeat, type RunProgress, screen } from '../../../../lib/cli/terminal/run-progress.ts';
import { createMemoryLake } from '../../../support/memory/memory-lake.ts';

const RUN = '20261122T120000123Z-ab12cd';

/** A lake with the files of a run, and the requests for them. */
function start(objects: readonly ObjectName[]) {
  const lake = createMemoryLake();
  const asked: string[] = [];
  const put = (key: string, value: unknown) => lake.putNew(`work/${RUN}/${key}`, encodeJson(value));
  const watcher = createRunWatcher(
    {
      get: (key) => {
        asked.push(key);
        return lake.get(key);
      },
      list: (prefix) => {
        asked.push(`list ${prefix}`);
        return lake.list(prefix);
      },
    },
    RUN,
  );
  return { lake, put, watcher, asked, begin: () => put('run.json', { runId: RUN, objects }) };
}

const plan = (slices: number, expected: number | null) => ({
  slices: Array.from({ length: slices }, (_, index) => ({ id: String(index + 1).padStart(4, '0') })),
  expected,
});

const only = (progress: RunProgress | null) => progress?.objects[0];

describe('a run, through the files it leaves', () => {
  it('has not begun', async () => {
    expect(await start(['tags']).watcher.look()).toBeNull();
    expect(heartbeat(null)).toBe('… waiting for the run to begin');
  });

  it('waits, reads, commits and is committed', async () => {
    const { watcher, put, begin, lake } = start(['contacts']);
    await begin();
    expect(only(await watcher.look())).toMatchObject({ state: 'waiting' });
    await put('contacts/plan.json', plan(2, 200));
    expect(only(await watcher.look())).toMatchObject({ state: 'reading', expected: 200, read: 0 });
    await put('contacts/0001/000001-aaaa.receipt.json', { read: 40 });
    await put('contacts/0001/000001-aaaa.ids.json', []);
    expect(only(await watcher.look())).toMatchObject({ read: 40, slices: { done: 0, planned: 2 } });
    await put('contacts/0001/000002-aaaa.receipt.json', { read: 90 });
    await put('contacts/0001/done.json', { read: 100 });
    expect(only(await watcher.look())).toMatchObject({ read: 100, slices: { done: 1, planned: 2 } });
    await put('contacts/0002/done.json', { read: 101 });
    expect(only(await watcher.look())).toMatchObject({ state: 'committing', read: 201 });
    await lake.putNew(`manifests/contacts/${RUN}.json`, encodeJson({ tables: { contacts: { rows: 201 } } }));
    expect(only(await watcher.look())).toMatchObject({ state: 'committed', rows: 201 });
  });

  it('reports why an object has no manifest', async () => {
    const { watcher, put, begin } = start(['tags']);
    await begin();
    await put('tags/outcome.json', { status: 'failed', error: 'PermissionError', message: 'tick the box' });
    const progress = await watcher.look();
    expect(only(progress)).toMatchObject({ state: 'failed', message: 'tick the box' });
    expect(progress && changes(null, progress)).toEqual([`run ${RUN}: tags`, 'tags: failed: tick the box']);
  });

  it('reports once that an object is being read, and about how much', async () => {
    const { watcher, put, begin } = start(['contacts']);
    await begin();
    const before = await watcher.look();
    await put('contacts/plan.json', plan(3, 1_234));
    const now = await watcher.look();
    if (before === null || now === null) throw new Error('the run has begun');
    expect(changes(before, now)).toEqual(['contacts: reading about 1,234 records']);
    expect(changes(now, now)).toEqual([]);
  });

  it('costs one listing and a few files per look, and nothing once all is done', async () => {
    const { watcher, put, begin, asked } = start(['contacts']);
    await begin();
    await put('contacts/plan.json', plan(100, null));
    for (let slice = 1; slice <= 99; slice += 1) {
      await put(`contacts/${String(slice).padStart(4, '0')}/done.json`, { read: 1 });
    }
    const reads: number[] = [];
    for (let look = 0; look < 6; look += 1) {
      asked.length = 0;
      await watcher.look();
      expect(asked.filter((one) => one.startsWith('list '))).toHaveLength(1);
      reads.push(asked.length - 1);
    }
    expect(Math.max(...reads)).toBeLessThanOrEqual(24);
    // Every file once: the run, the plan, 99 slices.
    expect(reads.reduce((sum, one) => sum + one)).toBe(101);
    expect(only(await watcher.look())).toMatchObject({ read: 99, slices: { done: 99 } });
    await put('contacts/outcome.json', { status: 'skipped', message: 'held' });
    await watcher.look();
    asked.length = 0;
    await watcher.look();
    expect(asked).toEqual([]);
  });

  it('is drawn as a table', async () => {
    const { watcher, put, begin } = start(['contacts', 'tags']);
    await begin();
    await put('contacts/plan.json', plan(2, 200));
    await put('contacts/0001/done.json', { read: 100 });
    const progress = await watcher.look();
    if (progress === null) throw new Error('It has begun.');
    const large = screen(progress, 24, 'the foot');
    expect(large).toMatch(/^object +state +read +rows\n/);
    expect(large).toMatch(/^contacts +reading +100 +█{10}░{10} 50%$/m);
    expect(large).toMatch(/^tags +waiting$/m);
    expect(large).toMatch(/\n\nthe foot\n$/);
    const small = screen(progress, 6, 'the foot');
    expect(small).toMatch(/^contacts +reading/m);
    expect(small).not.toMatch(/^tags/m);
    expect(small).toMatch(/^\(1 waiting\)$/m);
    expect(heartbeat(progress)).toBe('… contacts 100 of about 200');
  });
});
