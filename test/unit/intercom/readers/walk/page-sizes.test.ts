import { expect, test } from 'vitest';
import { createPageSizes, halvings } from '../../../../../functions/intercom/readers/walk/page-sizes.ts';

test('halvings go down to one', () => {
  expect(halvings(150)).toEqual([150, 75, 37, 18, 9, 4, 2, 1]);
  expect(halvings(1)).toEqual([1]);
});

const goodPages = (sizes: ReturnType<typeof createPageSizes>, count: number): readonly number[] =>
  Array.from({ length: count }, () => {
    sizes.good();
    return sizes.current();
  });

test('a size grows back after five good pages, and after ten if that was a mistake', () => {
  const sizes = createPageSizes([4, 2, 1]);
  expect(sizes.shrink()).toBe(true);
  expect(goodPages(sizes, 5)).toEqual([2, 2, 2, 2, 4]);
  sizes.shrink();
  expect(goodPages(sizes, 10)).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 2, 4]);
});

test('the smallest size does not shrink', () => {
  const sizes = createPageSizes([2, 1]);
  expect([sizes.shrink(), sizes.shrink(), sizes.current(), sizes.isSmallest()]).toEqual([
    true,
    false,
    1,
    true,
  ]);
});

test('a walk continues with the size it had, or the next smaller one', () => {
  expect(createPageSizes([150, 75, 37], 75).current()).toBe(75);
  expect(createPageSizes([150, 75, 37], 100).current()).toBe(75);
  expect(createPageSizes([150, 75, 37], 5).current()).toBe(37);
});
