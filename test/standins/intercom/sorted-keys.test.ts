import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSortedKeys, keyRow, keyValue, packKey } from '../../../lib/standins/intercom/sorted-keys.ts';

const take = (keys: Iterable<number>): number[] => [...keys];

test('behaves like a sorted array under any inserts and removals', () => {
  const key = fc.nat(400);
  fc.assert(
    fc.property(
      fc.uniqueArray(key, { maxLength: 200 }),
      fc.array(fc.record({ insert: fc.boolean(), key }), { maxLength: 200 }),
      key,
      (initial, changes, pivot) => {
        const keys = createSortedKeys(Float64Array.from(initial));
        const model = new Set(initial);
        for (const change of changes) {
          if (change.insert) keys.insert(change.key);
          else keys.remove(change.key);
          if (change.insert) model.add(change.key);
          else model.delete(change.key);
        }
        const sorted = [...model].sort((a, b) => a - b);
        expect(keys.size).toBe(sorted.length);
        expect(keys.rank(pivot)).toBe(sorted.filter((k) => k < pivot).length);
        expect(take(keys.from(pivot))).toEqual(sorted.filter((k) => k >= pivot));
        expect(take(keys.below(pivot))).toEqual(sorted.filter((k) => k < pivot).reverse());
      },
    ),
  );
});

test('splits blocks and empties them', () => {
  const keys = createSortedKeys(new Float64Array(0));
  for (let i = 0; i < 5000; i++) keys.insert((i * 7919) % 5003);
  expect(keys.size).toBe(5000);
  expect(take(keys.from(0))).toEqual(take(keys.from(0)).sort((a, b) => a - b));
  for (const key of take(keys.from(0))) keys.remove(key);
  expect(keys.size).toBe(0);
  keys.insert(3);
  expect(take(keys.from(0))).toEqual([3]);
});

test('keys carry values, -1 included, and rows exactly', () => {
  for (const value of [-1, 0, 1_795_000_000, 2 ** 32 - 1]) {
    for (const row of [0, 1, 2 ** 21 - 1]) {
      const key = packKey(value, row);
      expect([keyValue(key), keyRow(key)]).toEqual([value, row]);
    }
  }
});
