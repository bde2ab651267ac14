/** Random populations and windows. */
import fc from 'fast-check';
import type { Comparison, WorldRecord } from './search-world.ts';

/** Zones at both ends of the earth, zones with half hours, and zones whose clocks change by an hour or half an hour. */
const ZONES = [
  'UTC',
  'America/New_York',
  'America/Sao_Paulo',
  'Europe/Berlin',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
] as const;

export const dayComparison: fc.Arbitrary<Comparison> = fc
  .constantFrom(...ZONES)
  .map((zone) => ({ granularity: 'day', zone }));

const secondComparison: fc.Arbitrary<Comparison> = fc
  .boolean()
  .map((inclusive) => ({ granularity: 'second', inclusive }));

export const anyComparison = fc.oneof(dayComparison, secondComparison);

export const DAY = 86_400;
/** 22 November 2026, 12:00 UTC. */
export const NOW = Date.UTC(2026, 10, 22, 12) / 1000;
export const YEAR = 365 * DAY;

/** Times over two years: many at the clock changes of autumn and spring, at midnight, and on few days. */
export const instant: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: NOW - 2 * YEAR, max: NOW - 1 }),
  fc
    .tuple(
      fc.constantFrom(Date.UTC(2026, 9, 25), Date.UTC(2026, 2, 29), Date.UTC(2026, 10, 1)),
      fc.integer({ min: -26, max: 26 }),
    )
    .map(([day, hours]) => day / 1000 + hours * 3600),
  fc.integer({ min: NOW - DAY, max: NOW - 1 }),
);

interface Cluster {
  readonly at: number;
  readonly size: number;
  readonly spread: number;
  readonly createdAt: number;
  readonly createdSpread: number;
}

const cluster: fc.Arbitrary<Cluster> = fc.record({
  at: instant,
  size: fc.integer({ min: 1, max: 25 }),
  spread: fc.constantFrom(0, 1, 60, 3600, DAY, 40 * DAY),
  createdAt: instant,
  createdSpread: fc.constantFrom(0, 3600, DAY, YEAR),
});

/** Clusters of records: some within a second, some within a day, some far apart. */
export const population: fc.Arbitrary<readonly WorldRecord[]> = fc
  .array(cluster, { maxLength: 6 })
  .map((clusters) =>
    clusters.flatMap(({ at, size, spread, createdAt, createdSpread }, group) =>
      Array.from({ length: size }, (_unused, index): WorldRecord => {
        const share = index / size;
        return {
          id: `${group}-${index}`,
          updated_at: Math.min(NOW - 1, at + Math.floor(share * spread)),
          created_at: Math.max(1, createdAt - Math.floor(share * createdSpread)),
        };
      }),
    ),
  );
