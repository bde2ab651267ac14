import { expect, test } from 'vitest';
import { RetryableError } from '../../../../../functions/core/errors.ts';
import {
  askSmaller,
  createPageSizes,
  halvings,
} from '../../../../../functions/intercom/readers/walk/page-sizes.ts';

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
  expect(sizes.shrink(4)).toBe(true);
  expect(goodPages(sizes, 5)).toEqual([2, 2, 2, 2, 4]);
  sizes.shrink(4);
  expect(goodPages(sizes, 10)).toEqual([2, 2, 2, 2, 2, 2, 2, 2, 2, 4]);
});

test('the smallest size does not shrink', () => {
  const sizes = createPageSizes([2, 1]);
  expect([sizes.shrink(2), sizes.shrink(1), sizes.current(), sizes.isSmallest()]).toEqual([
    true,
    false,
    1,
    true,
  ]);
});

test('pages that were too much at the same size shrink it once', async () => {
  const sizes = createPageSizes([8, 4, 2, 1]);
  const asked: number[] = [];
  const ask = async (size: number): Promise<number> => {
    asked.push(size);
    await Promise.resolve();
    if (size > 4) throw new RetryableError('No answer', { code: 'http_502' });
    return size;
  };
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => askSmaller(sizes, ask)));
  expect(answers).toEqual([4, 4, 4, 4, 4]);
  expect(asked).toEqual([8, 8, 8, 8, 8, 4, 4, 4, 4, 4]);
});

test('a walk continues with the size it had, or the next smaller one', () => {
  expect(createPageSizes([150, 75, 37], 75).current()).toBe(75);
  expect(createPageSizes([150, 75, 37], 100).current()).toBe(75);
  expect(createPageSizes([150, 75, 37], 5).current()).toBe(37);
});
