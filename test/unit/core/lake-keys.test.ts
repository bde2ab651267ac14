import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as keys from '../../../functions/core/lake-keys.ts';
import { CHILD_NAMES, OBJECT_NAMES, SHARED_TABLES } from '../../../functions/core/names.ts';

const RUN = '20261122T120000123Z-ab12cd';

test('the layout matches the public contract', () => {
  const part = {
    object: 'contacts',
    slice: '0003',
    attempt: 'a1b2',
    number: 7,
    compression: 'gzip',
  } as const;
  expect(keys.partKey('contact_tag', RUN, part)).toBe(
    `tables/contact_tag/run_date=2026-11-22/run_id=${RUN}/0003-a1b2-0007.ndjson.gz`,
  );
  expect(keys.partKey('tags', RUN, { ...part, compression: 'none' })).toBe(
    `tables/tags/run_date=2026-11-22/run_id=${RUN}/0003-a1b2-0007.ndjson`,
  );
  expect(keys.partKey('deletions', RUN, part)).toBe(
    `tables/deletions/run_date=2026-11-22/run_id=${RUN}/contacts-0003-a1b2-0007.ndjson.gz`,
  );
  expect(keys.partKey('rejects', RUN, part)).toContain('/contacts-0003-a1b2-0007.ndjson.gz');
  expect(keys.manifestKey('tags', RUN)).toBe(`manifests/tags/${RUN}.json`);
  expect(keys.runSummaryKey(RUN)).toBe(`runs/${RUN}.json`);
});

test('everything that expires is under work/, by run and object', () => {
  expect(keys.runContextKey(RUN)).toBe(`work/${RUN}/run.json`);
  expect(keys.planKey(RUN, 'tags')).toBe(`work/${RUN}/tags/plan.json`);
  expect(keys.outcomeKey(RUN, 'tags')).toBe(`work/${RUN}/tags/outcome.json`);
  expect(keys.draftKey(RUN, 'tags')).toBe(`work/${RUN}/tags/manifest.json`);
  expect(keys.slicePrefix(RUN, 'tags', '0001')).toBe(`work/${RUN}/tags/0001/`);
  expect(keys.doneKey(RUN, 'tags', '0001')).toBe(`work/${RUN}/tags/0001/done.json`);
});

test('run ids sort by time and have the same length', () => {
  const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
  const hash = fc.constantFrom('000000aa', 'ffffffbb');
  fc.assert(
    fc.property(time, time, hash, hash, (a, b, hashA, hashB) => {
      const [idA, idB] = [keys.runIdOf(a, hashA), keys.runIdOf(b, hashB)];
      expect(idA).toMatch(/^\d{8}T\d{9}Z-[0-9a-f]{6}$/);
      if (a !== b) expect(idA < idB).toBe(a < b);
      expect(keys.runDateOf(idA)).toBe(new Date(a).toISOString().slice(0, 10));
    }),
  );
});

test('no name begins like a file that query engines hide', () => {
  const part = { object: 'tags', slice: '0001', attempt: 'x', number: 1, compression: 'gzip' } as const;
  const all = [
    keys.partKey('tags', RUN, part),
    keys.manifestKey('tags', RUN),
    keys.doneKey(RUN, 'tags', '0001'),
  ];
  for (const segment of all.flatMap((key) => key.split('/'))) expect(segment).toMatch(/^[^_.]/);
});

test('whatever the pipeline writes is deleted with it, and all but what expires is written once', () => {
  const part = { object: 'tags', slice: '0001', attempt: 'x', number: 1, compression: 'gzip' } as const;
  const kept = [
    ...[...OBJECT_NAMES, ...CHILD_NAMES, ...SHARED_TABLES].map((table) => keys.partKey(table, RUN, part)),
    ...OBJECT_NAMES.flatMap((object) => [keys.manifestKey(object, RUN), keys.evidenceKey(object, RUN, 'x')]),
    keys.runSummaryKey(RUN),
    keys.erasureRequestKey(RUN),
    keys.erasureLiftedKey(RUN),
    keys.erasureNowKey(RUN),
    keys.erasedObjectKey(RUN, 'tags', 'rewritten'),
    keys.certificateKey(RUN),
  ];
  const expiring = [
    keys.runContextKey(RUN),
    keys.planKey(RUN, 'tags'),
    keys.outcomeKey(RUN, 'tags'),
    keys.draftKey(RUN, 'tags'),
    keys.rewriteReceiptKey(keys.rewriteIdOf('day', '2026-11-22', 'ab12cd'), 'tags', 1),
    keys.doneKey(RUN, 'tags', '0001'),
    keys.loadListKey('0123456789abcdef'),
  ];
  const beginsLike = (starts: readonly string[]) => (key: string) =>
    starts.some((start) => key.startsWith(start));
  expect([...kept, ...expiring].filter((key) => !beginsLike(keys.WRITTEN)(key))).toEqual([]);
  expect(kept.filter((key) => !beginsLike(keys.WRITTEN_ONCE)(key))).toEqual([]);
  expect(expiring.filter(beginsLike(keys.WRITTEN_ONCE))).toEqual([]);
  // No start that nothing has.
  expect(
    keys.WRITTEN.filter((start) => ![...kept, ...expiring].some((key) => key.startsWith(start))),
  ).toEqual([]);
});
