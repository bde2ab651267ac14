import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeWalk, tooManyDebts, tooManyDeletions, type WalkResult } from '../../../functions/sync/judge.ts';

const fine: WalkResult = {
  matched: null,
  read: 10,
  deleted: 0,
  owed: 0,
  knownShort: 0,
  walks: 1,
  whole: false,
  lastRows: null,
};

describe('a walk', () => {
  test.each<[string, Partial<WalkResult>, string]>([
    ['without a count is accepted', {}, 'accept'],
    ['that reaches its count is accepted', { matched: 10 }, 'accept'],
    ['that passes its count is accepted', { matched: 9 }, 'accept'],
    ['that falls short is repeated', { matched: 11 }, 'walk_again'],
    ['that falls short again is short', { matched: 11, walks: 2 }, 'short'],
    ['short by what is deleted is accepted', { matched: 12, deleted: 2 }, 'accept'],
    ['short by what is owed is accepted', { matched: 12, owed: 2 }, 'accept'],
    ['short by more than that is not', { matched: 14, deleted: 2, owed: 1 }, 'walk_again'],
    ['of a window may be empty', { read: 0 }, 'accept'],
    ['of a window may be small', { read: 1, lastRows: 100 }, 'accept'],
    ['of a whole object that is empty is repeated', { read: 0, whole: true }, 'walk_again'],
    ['empty again is believed', { read: 0, whole: true, walks: 2 }, 'accept'],
    ['with under half of the last run is repeated', { read: 4, whole: true, lastRows: 9 }, 'walk_again'],
    ['with under half of it again is believed', { read: 4, whole: true, lastRows: 9, walks: 2 }, 'accept'],
    ['with half of the last run is accepted', { read: 5, whole: true, lastRows: 10 }, 'accept'],
    ['without a last run is accepted', { read: 1, whole: true }, 'accept'],
  ])('%s', (_name, changes, verdict) => {
    expect(judgeWalk({ ...fine, ...changes })).toBe(verdict);
  });

  test('is never repeated forever', () => {
    const counts = fc.nat({ max: 20 });
    const results = fc.record({
      matched: fc.option(counts),
      read: counts,
      deleted: counts,
      owed: counts,
      knownShort: counts,
      walks: fc.integer({ min: 2, max: 5 }),
      whole: fc.boolean(),
      lastRows: fc.option(counts),
    });
    fc.assert(fc.property(results, (result) => judgeWalk(result) !== 'walk_again'));
  });
});

test.each([
  [0, 0, false],
  [100, 0, false],
  [101, 0, true],
  [101, 2_019, true],
  [101, 2_020, false],
  [500, 10_000, false],
  [501, 10_000, true],
])('%i new debts with %i records read are too many: %s', (debts, read, isTooMany) => {
  expect(tooManyDebts(debts, read)).toBe(isTooMany);
});

test.each([
  [0, 0, false],
  [20, 0, false],
  [21, 0, true],
  [200, 800, false],
  [201, 800, true],
])('%i deletions with %i records read are too many: %s', (deleted, read, isTooMany) => {
  expect(tooManyDeletions(deleted, read)).toBe(isTooMany);
});
