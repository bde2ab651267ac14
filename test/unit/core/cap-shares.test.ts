/** The rules by which `concurrency` is shared. What they amount to over time: test/unit/intercom/http/request-cap.test.ts. */
import { describe, expect, test } from 'vitest';
import {
  dealShare,
  giveBack,
  type Share,
  type ShareAsk,
  sleepInLine,
} from '../../../functions/core/cap-shares.ts';
import { NOON } from '../../support/memory/memory-clock.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const share = (id: string, more: Partial<Share> = {}): Share => ({
  id,
  object: id,
  count: 1,
  wants: 1,
  yields: true,
  since: NOON - MINUTE,
  renewedAt: NOON,
  until: NOON + 90 * SECOND,
  ...more,
});

const ask = (id: string, more: Partial<ShareAsk> = {}): ShareAsk => ({
  id,
  object: id,
  wants: 1,
  yields: true,
  inFlight: 0,
  ...more,
});

const starving = (more: Partial<Share> = {}): Share => share('starving', { count: 0, ...more });

describe('an invocation gets', () => {
  test('all that it wants of what is free', () => {
    expect(dealShare([], ask('a', { wants: 9 }), 4, NOON).target).toBe(4);
    expect(dealShare([share('b')], ask('a', { wants: 9 }), 4, NOON).target).toBe(3);
    expect(dealShare([share('b')], ask('a', { wants: 2 }), 4, NOON).target).toBe(2);
  });

  test('nothing if nothing is free, and its fair part once others have made room', () => {
    const all = [share('b', { count: 4, wants: 8 })];
    const first = dealShare(all, ask('a', { wants: 8 }), 4, NOON);
    expect(first.target).toBe(0);
    const shrunk = dealShare(first.shares, ask('b', { wants: 8, inFlight: 4 }), 4, NOON);
    // Four are still under way.
    expect([shrunk.target, shrunk.mine.count]).toEqual([2, 4]);
    const drained = dealShare(shrunk.shares, ask('b', { wants: 8, inFlight: 2 }), 4, NOON);
    expect([drained.target, drained.mine.count]).toEqual([2, 2]);
    expect(dealShare(drained.shares, ask('a', { wants: 8 }), 4, NOON).target).toBe(2);
  });

  test('one at least while it is in progress', () => {
    const all = [share('a'), share('b', { wants: 8 }), starving()];
    expect(dealShare(all, ask('a', { inFlight: 1 }), 2, NOON).target).toBe(1);
  });

  test('nothing of what an invocation may still use that has gone silent, until that has expired', () => {
    const silent = share('silent', { count: 3, wants: 8, renewedAt: NOON - MINUTE, until: NOON + 1 });
    expect(dealShare([silent], ask('a', { wants: 8 }), 4, NOON).target).toBe(1);
    expect(dealShare([silent], ask('a', { wants: 8 }), 4, NOON + 1).target).toBe(4);
    expect(dealShare([silent], ask('a'), 4, NOON + 1).shares).toHaveLength(1);
  });
});

test('nothing is written again for five seconds, unless something changes', () => {
  const { shares } = dealShare([], ask('a'), 4, NOON);
  expect(dealShare(shares, ask('a'), 4, NOON + 4_999).shares).toBe(shares);
  expect(dealShare(shares, ask('a', { wants: 2 }), 4, NOON).shares).not.toBe(shares);
  const [renewed] = dealShare(shares, ask('a'), 4, NOON + 5_000).shares;
  expect(renewed).toMatchObject({ renewedAt: NOON + 5_000, since: NOON });
});

describe('a kept share', () => {
  const scroll = { object: 'companies', yields: false };
  const [kept] = giveBack([share('before', { ...scroll, count: 3 })], 'before', true, NOON);

  test('is one request for a minute, and for its object alone', () => {
    expect(kept).toMatchObject({ count: 1, wants: 0, until: NOON + MINUTE });
    const all = kept === undefined ? [] : [kept];
    expect(dealShare(all, ask('a'), 1, NOON + 59_999).target).toBe(0);
    expect(dealShare(all, ask('a'), 1, NOON + MINUTE).target).toBe(1);
    const next = dealShare(all, ask('next', scroll), 1, NOON + 59_999);
    expect(next.target).toBe(1);
    expect(next.shares.map(({ id }) => id)).toEqual(['next']);
  });

  test('is none if there was none', () => {
    expect(giveBack([share('a', { count: 0 })], 'a', true, NOON)).toEqual([]);
    expect(giveBack([share('a'), share('b')], 'a', false, NOON)).toEqual([share('b')]);
  });
});

describe('an invocation is wanted', () => {
  const isWanted = (all: readonly Share[], one: ShareAsk, cap = 1): boolean => {
    const { stopping, mine } = dealShare(all, one, cap, NOON);
    return stopping === mine;
  };

  test('if an object without any request has waited for half a minute', () => {
    expect(isWanted([share('a'), starving({ since: NOON - 30 * SECOND })], ask('a'))).toBe(true);
    expect(isWanted([share('a'), starving({ since: NOON - 29 * SECOND })], ask('a'))).toBe(false);
  });

  test('but not by an invocation that sleeps, or of an object that has a request elsewhere', () => {
    expect(isWanted([share('a'), starving({ wants: 0 })], ask('a'))).toBe(false);
    expect(isWanted([share('a'), starving({ renewedAt: NOON - MINUTE })], ask('a'))).toBe(false);
    expect(isWanted([share('a'), starving({ object: 'a' })], ask('a'))).toBe(false);
  });

  test('only after ten seconds of its own, and never if it cannot stop', () => {
    expect(isWanted([share('a', { since: NOON - 9 * SECOND }), starving()], ask('a'))).toBe(false);
    const scroll = { yields: false };
    expect(isWanted([share('a', scroll), starving()], ask('a', scroll))).toBe(false);
  });

  test('one at a time: of the object with the most requests, the one that began first', () => {
    const all = [
      share('a'),
      share('b1', { object: 'b' }),
      share('b2', { object: 'b', since: NOON - 2 * MINUTE }),
      starving(),
    ];
    const wanted = ['a', 'b1', 'b2'].filter((id) =>
      isWanted(all, ask(id, { object: id.slice(0, 1), inFlight: 1 }), 3),
    );
    expect(wanted).toEqual(['b2']);
  });
});

describe('a place in line', () => {
  test('makes one of all sleepers wake every 30 seconds on average', () => {
    const alone = sleepInLine([starving()], ask('starving'), NOON, 0.5);
    expect(alone.waitSeconds).toBe(30);
    const asleep = Array.from({ length: 11 }, (_unused, index) => share(`${index}`, { count: 0, wants: 0 }));
    expect(sleepInLine([...asleep, starving()], ask('starving'), NOON, 0.5).waitSeconds).toBe(360);
    const crowd = Array.from({ length: 127 }, (_unused, index) => share(`${index}`, { count: 0, wants: 0 }));
    expect(sleepInLine(crowd, ask('a'), NOON, 0.5).waitSeconds).toBe(1_800);
  });

  test('remembers since when the object has waited, for its next invocation, and expires', () => {
    const { shares } = sleepInLine([starving()], ask('starving'), NOON, 0.5);
    const all = [share('a', { since: NOON }), ...shares];
    const next = ask('next', { object: 'starving' });
    const awake = dealShare(all, next, 1, NOON + 20 * SECOND);
    expect(awake.mine).toMatchObject({ count: 0, since: NOON - MINUTE });
    expect(awake.shares).toHaveLength(2);
    expect(dealShare(all, next, 1, NOON + 90 * SECOND).mine.since).toBe(NOON + 90 * SECOND);
  });
});
