import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runIdOf, tierOf } from '../../../../functions/core/lake-keys.ts';
import { counting, type KnownManifest } from '../../../../functions/sync/counting.ts';
import { GRACE_MS, mayPay, nextRewrite, purgeable } from '../../../../functions/sync/rewrite/tiers.ts';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 1);

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const runAt = (ms: number): string => runIdOf(ms, digest(String(ms)));
const known = (runId: string): KnownManifest => ({ runId, replaces: [], committedAtMs: 0 });

/** Maintains as often as something is due; what is there afterwards. */
function maintained(manifests: readonly KnownManifest[], now: number): readonly KnownManifest[] {
  let all = manifests;
  for (let rounds = 0; rounds < 100; rounds += 1) {
    const old = purgeable(all, now);
    all = all.filter(({ runId }) => !old.includes(runId));
    const rewrite = nextRewrite(all, now, digest);
    if (rewrite === null) return all;
    all = [...all, { runId: rewrite.id, replaces: rewrite.replaces, committedAtMs: now }];
  }
  throw new Error('There is always something to do.');
}

test('a year of runs every quarter of an hour stays below 500 manifests, of which few count', () => {
  let manifests: readonly KnownManifest[] = [];
  let most = 0;
  let mostCounting = 0;
  const everyMs = 900_000;
  for (let at = START; at < START + 365 * DAY_MS; at += everyMs) {
    manifests = [...manifests, known(runAt(at))];
    const now = at + 60_000;
    // Runs are looked at every three hours here, which is less often than in truth.
    const isLooked = at % (12 * everyMs) === 0;
    const ids = isLooked ? manifests.map(({ runId }) => runId) : [];
    if (isLooked && mayPay(ids, now)) manifests = maintained(manifests, now);
    most = Math.max(most, manifests.length);
    if (at % DAY_MS === 0) mostCounting = Math.max(mostCounting, counting(manifests).length);
  }
  expect(most).toBeLessThan(500);
  expect(mostCounting).toBeLessThan(200);
}, 60_000);

describe('whatever the runs and whenever the maintenance', () => {
  const times = fc.uniqueArray(fc.integer({ min: 0, max: 100 * 24 * 60 }), { minLength: 1, maxLength: 80 });
  const pauses = fc.array(fc.boolean(), { minLength: 80, maxLength: 80 });

  /** Which runs a manifest stands for, through all rewrites. */
  function replay(minutes: readonly number[], isMaintained: readonly boolean[]) {
    const stands = new Map<string, readonly string[]>();
    let manifests: readonly KnownManifest[] = [];
    const runs: string[] = [];
    for (const [index, minute] of minutes.toSorted((a, b) => a - b).entries()) {
      const at = START + minute * 60_000;
      const run = runAt(at);
      runs.push(run);
      stands.set(run, [run]);
      manifests = [...manifests, known(run)];
      if (isMaintained[index] !== true) continue;
      const now = at + 5 * 60_000;
      for (;;) {
        const old = purgeable(manifests, now);
        manifests = manifests.filter(({ runId }) => !old.includes(runId));
        const rewrite = nextRewrite(manifests, now, digest);
        if (rewrite === null) break;
        stands.set(
          rewrite.id,
          rewrite.sources.flatMap((id) => stands.get(id) ?? []),
        );
        manifests = [...manifests, { runId: rewrite.id, replaces: rewrite.replaces, committedAtMs: now }];
      }
    }
    return { manifests, runs, stands };
  }

  test('each run counts exactly once, and in its order', () => {
    fc.assert(
      fc.property(times, pauses, (minutes, isMaintained) => {
        const { manifests, runs, stands } = replay(minutes, isMaintained);
        const counted = counting(manifests)
          .map(({ runId }) => runId)
          .toSorted()
          .flatMap((id) => stands.get(id) ?? []);
        expect(counted).toEqual(runs);
      }),
      { numRuns: 300 },
    );
  });

  test('the newest run stays by itself, and keeps the greatest id', () => {
    fc.assert(
      fc.property(times, pauses, (minutes, isMaintained) => {
        const { manifests, runs } = replay(minutes, isMaintained);
        const last = manifests
          .map(({ runId }) => runId)
          .toSorted()
          .at(-1);
        expect(last).toBe(runs.at(-1));
      }),
      { numRuns: 100 },
    );
  });

  test('nothing is removed within the grace period of what replaced it', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: 0, max: 2 * GRACE_MS }), (minutes, later) => {
        const { manifests } = replay(
          minutes,
          minutes.map(() => true),
        );
        const newest = Math.max(0, ...manifests.map(({ committedAtMs }) => committedAtMs));
        const fresh = manifests.filter(({ committedAtMs }) => committedAtMs === newest);
        const gone = purgeable(manifests, newest + later);
        const isProtected = fresh.flatMap(({ replaces }) => replaces);
        if (later <= GRACE_MS) for (const id of isProtected) expect(gone).not.toContain(id);
      }),
      { numRuns: 100 },
    );
  });
});

test('the same rewrite has the same id, and its tier', () => {
  const day = [1, 2, 3].map((hour) => known(runAt(START + hour * 3_600_000)));
  const all = [...day, known(runAt(START + 30 * 3_600_000))];
  const now = START + 31 * 3_600_000;
  const first = nextRewrite(all, now, digest);
  expect(nextRewrite(all.toReversed(), now, digest)).toEqual(first);
  expect(tierOf(first?.id ?? '')).toBe('day');
  expect(first?.id).toMatch(/^20260101T235959999Z-day-[0-9a-f]{6}$/);
});
