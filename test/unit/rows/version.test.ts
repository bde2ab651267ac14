import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runIdOf } from '../../../functions/core/lake-keys.ts';
import { type VersionParts, versionOf } from '../../../functions/rows/version.ts';

const versions: fc.Arbitrary<VersionParts> = fc.record({
  stampedAt: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 99_999_999_999 })),
  receivedAtMs: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 99_999_999_999_999 })),
  runId: fc
    .tuple(fc.integer({ min: 0, max: 4_000_000_000_000 }), fc.constantFrom('aaaaaa', 'bbbbbb'))
    .map(([ms, hash]) => runIdOf(ms, hash)),
  slice: fc.integer({ min: 1, max: 9_999 }).map((number) => String(number).padStart(4, '0')),
  ordinal: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 999_999_999 })),
});

const ORDER = ['stampedAt', 'receivedAtMs', 'runId', 'slice', 'ordinal'] as const;

function compareParts(a: VersionParts, b: VersionParts): number {
  for (const key of ORDER) {
    if (a[key] !== b[key]) return a[key] < b[key] ? -1 : 1;
  }
  return 0;
}

test('versions sort as plain bytes in the order of their parts', () => {
  fc.assert(
    fc.property(versions, versions, (a, b) => {
      const bytes = Buffer.compare(Buffer.from(versionOf(a)), Buffer.from(versionOf(b)));
      expect(Math.sign(bytes)).toBe(compareParts(a, b));
    }),
    { numRuns: 2_000 },
  );
});

test('an old state that is read later from a lagging replica does not win', () => {
  const base = { runId: runIdOf(0, 'aaaaaa'), slice: '0001', ordinal: 1 };
  const newer = versionOf({ ...base, stampedAt: 200, receivedAtMs: 5 });
  const stale = versionOf({ ...base, stampedAt: 100, receivedAtMs: 9_000 });
  expect(stale < newer).toBe(true);
});

test('every version has the same length, even without a time', () => {
  const base = { runId: runIdOf(0, 'aaaaaa'), slice: '0001', ordinal: 1, receivedAtMs: 1_795_348_800_000 };
  expect(versionOf({ ...base, stampedAt: 0 })).toHaveLength(versionOf({ ...base, stampedAt: 1e10 }).length);
  expect(versionOf({ ...base, stampedAt: -5.5 })).toBe(versionOf({ ...base, stampedAt: 0 }));
});
