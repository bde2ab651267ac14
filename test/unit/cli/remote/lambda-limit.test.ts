import { expect, test } from 'vitest';
import { lambdaAdvice } from '../../../../lib/cli/remote/lambda-limit.ts';

const known = (unreserved: number) => ({ status: 'known', unreserved }) as const;
const of = (objects: number, slices: number) => ({ objects, slices, inFlight: 4 });

test.each([
  [1_000, of(4, 4)],
  [32, of(4, 4)],
  [128, of(8, 8)],
])('%i functions at a time are enough for %j', (limit, parallelism) => {
  expect(lambdaAdvice(known(limit), parallelism)).toBeNull();
});

test.each([
  [31, of(4, 4), 'objects: 3, slices: 4'],
  [10, of(8, 8), 'objects: 2, slices: 2'],
  [1, of(8, 8), 'objects: 1, slices: 1'],
  [50, of(1, 64), 'objects: 1, slices: 25'],
])('%i are not: what to set instead of %j takes at most half', (limit, parallelism, setting) => {
  expect(lambdaAdvice(known(limit), parallelism)).toContain(setting);
});

test('an unknown limit gives no advice', () => {
  expect(lambdaAdvice({ status: 'unknown', message: 'denied' }, of(8, 8))).toBeNull();
});
