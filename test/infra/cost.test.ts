/** The bill: counted from the templates and the model, and quoted in README. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { METRICS } from '../../functions/core/metrics.ts';
import { DEFAULT_OBJECTS } from '../../functions/core/names.ts';
import { monthlyBill, totalOf } from '../../lib/cli/cost/bill.ts';
import { DAYS_PER_MONTH } from '../../lib/cli/cost/prices.ts';
import { monthlyQueryDollars, QUERIED, queryUsage } from '../../lib/cli/cost/queries.ts';
import { runGroups } from '../../lib/cli/cost/run-groups.ts';
import { inDetailOf, standingOf } from '../../lib/cli/cost/standing.ts';
import {
  IDLE,
  initialLoad,
  monthlyUsage,
  type RunGroup,
  SIZES,
  type Volumes,
} from '../../lib/cli/cost/usage.ts';
import { loadPipelines } from '../../lib/cli/load-config.ts';
import { synthesis } from '../support/infra/synthesis.ts';

const standing = (monitoring: 'standard' | 'detailed') =>
  standingOf(
    Object.values(synthesis({ monitoring }).templates),
    monitoring === 'detailed' ? inDetailOf(DEFAULT_OBJECTS) : 0,
  );

const STANDARD = standing('standard');

const HOURLY: readonly RunGroup[] = [{ objects: DEFAULT_OBJECTS, runsPerMonth: 730 }];

const total = (volumes: Volumes, groups = HOURLY): number =>
  totalOf(monthlyBill(monthlyUsage(volumes, groups), STANDARD));

describe('what stands in the account', () => {
  test('is counted from the templates', () => {
    expect(STANDARD).toEqual({
      secrets: 3,
      metrics: Object.keys(METRICS).length,
      alarmMetrics: 13,
      dashboards: 0,
      keys: 0,
    });
    expect(standing('detailed')).toMatchObject({
      metrics: Object.keys(METRICS).length * 17,
      alarmMetrics: 13 + 2 * 16,
    });
  });
});

describe('the bill', () => {
  test('of an idle pipeline is below 8 USD a month', async () => {
    const [pipeline] = await loadPipelines(join(import.meta.dirname, '../../pipeline.config.ts'));
    if (pipeline === undefined) throw new Error('no pipeline');
    expect(total(IDLE, runGroups(pipeline.config.objects, pipeline.deployment))).toBeLessThan(8);
  });

  test('of state transitions is their list price', () => {
    const usage = monthlyUsage(IDLE, HOURLY);
    // 730 runs of 25 objects: 6 transitions a run, 9 an object, 3 for the list of deleted conversations, at 0.025 USD a thousand.
    expect(usage.stateTransitions).toBe(730 * (6 + 25 * 9 + 3));
    const line = monthlyBill(usage, STANDARD).find(({ what }) => what === 'Step Functions');
    expect(line?.dollars).toBeCloseTo(4.2705, 4);
  });

  test('grows with everything there is and everything that changes', () => {
    const names = Object.keys(IDLE) as (keyof Volumes)[];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.integer({ min: 1, max: 10_000_000 }), (name, more) => {
        expect(total({ ...SIZES.small, [name]: SIZES.small[name] + more })).toBeGreaterThanOrEqual(
          total(SIZES.small),
        );
      }),
    );
  });

  test('of `concurrency` is what its shares cost in DynamoDB', () => {
    const [without, capped] = [false, true].map((isCapped) =>
      monthlyBill(monthlyUsage(SIZES.large, HOURLY, isCapped), STANDARD),
    );
    const more = (capped ?? []).flatMap(({ what, dollars }) => {
      const difference = dollars - (without?.find((line) => line.what === what)?.dollars ?? 0);
      return difference === 0 ? [] : [[what, difference] as const];
    });
    expect(more.map(([what]) => what)).toEqual(['DynamoDB']);
    // 22 shares a run, each 3 writes and 4 reads; then a look a second and a write every five while something is read.
    expect(more[0]?.[1]).toBeGreaterThan(730 * 22 * (3 * 0.625e-6 + 4 * 0.125e-6));
    expect(more[0]?.[1]).toBeLessThan(0.5);
  });

  test('is less if objects run less often', () => {
    expect(total(IDLE, [{ objects: DEFAULT_OBJECTS, runsPerMonth: 30 }])).toBeLessThan(total(IDLE));
  });

  test('has nothing of objects that are not configured', () => {
    const onlyTags: readonly RunGroup[] = [{ objects: ['tags'], runsPerMonth: 730 }];
    expect(monthlyUsage(SIZES.large, onlyTags)).toEqual(monthlyUsage(IDLE, onlyTags));
    expect(initialLoad(SIZES.large, onlyTags)).toEqual({ requests: 0, gbSeconds: 0 });
    const withoutParts: readonly RunGroup[] = [{ objects: ['conversations'], runsPerMonth: 730 }];
    expect(initialLoad(SIZES.large, withoutParts).requests).toBe(5_000_000 / 150);
    expect(monthlyUsage(SIZES.large, withoutParts).storedGbConstant).toBeCloseTo(5_000_000 * 1_200e-9);
  });

  test('of queries grows with what there is, and is never more for compacted runs', () => {
    const year = fc.record({
      runsPerDay: fc.integer({ min: 3, max: 96 }),
      changed: fc.integer({ min: 0, max: 1e6 }),
    });
    fc.assert(
      fc.property(fc.constantFrom(...QUERIED), year, (table, { runsPerDay, changed }) => {
        const cost = (isCompacted: boolean, more = 0) => {
          const perDay = changed + more;
          const volumes = {
            ...SIZES.small,
            changedContactsPerDay: perDay,
            changedConversationsPerDay: perDay,
          };
          return monthlyQueryDollars(queryUsage(table, volumes, { runsPerDay, isCompacted }), 1);
        };
        expect(cost(true)).toBeLessThanOrEqual(cost(false));
        expect(cost(true, 1_000)).toBeGreaterThanOrEqual(cost(true));
        // The least that Athena charges, 30 times.
        expect(cost(true)).toBeGreaterThan(30 * 50e-6);
      }),
    );
  });

  test('of queries in docs/operate.md is that of the configuration that comes with the project', async () => {
    const [pipeline] = await loadPipelines(join(import.meta.dirname, '../../pipeline.config.ts'));
    if (pipeline === undefined) throw new Error('no pipeline');
    const groups = runGroups(pipeline.config.objects, pipeline.deployment);
    const operate = readFileSync(join(import.meta.dirname, '../../docs/operate.md'), 'utf8');
    for (const table of QUERIED) {
      const perMonth = groups.find(({ objects }) => objects.includes(table))?.runsPerMonth ?? 0;
      const [small, medium, large] = [SIZES.small, SIZES.medium, SIZES.large].map((volumes) => {
        const usage = queryUsage(table, volumes, {
          runsPerDay: perMonth / DAYS_PER_MONTH,
          isCompacted: true,
        });
        return Math.round(monthlyQueryDollars(usage, 20));
      });
      const line = operate.split('\n').find((one) => one.startsWith(`| \`${table}\` `)) ?? '';
      expect(line.replaceAll(/ +/g, ' ')).toContain(`| $${small} | $${medium} | $${large} |`);
    }
  });

  test('in README and docs/operate.md is that of the configuration that comes with the project', async () => {
    const [pipeline] = await loadPipelines(join(import.meta.dirname, '../../pipeline.config.ts'));
    if (pipeline === undefined) throw new Error('no pipeline');
    const { config, deployment } = pipeline;
    const groups = runGroups(config.objects, deployment);
    const textOf = (path: string) => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
    const operate = textOf('docs/operate.md');
    for (const [name, volumes] of Object.entries(SIZES)) {
      const dollars = Math.round(total(volumes, groups));
      expect(operate).toMatch(new RegExp(`^\\| ${name} .*\\| \\$${dollars} +\\|$`, 'm'));
    }
    const readme = textOf('README.md');
    expect(readme).toContain(`About $${Math.round(total(SIZES.small, groups))} a month`);
    expect(readme).toContain(`about $${Math.round(total(SIZES.large, groups))} a month for five million`);
  });
});
