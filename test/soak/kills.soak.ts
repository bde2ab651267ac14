/**
 * A large sync is killed a hundred times at random, while the workspace changes. One undisturbed sync later the lake
 * is exactly Intercom. `SOAK_SEED` chooses other kills and changes, `SOAK_KILLS` how many.
 */
import { expect, test } from 'vitest';
import type { PipelineConfig } from '../../functions/config/config.ts';
import { SIZES } from '../../lib/standins/intercom/index.ts';
import { createRandom } from '../model/random.ts';
import { differences, type GoneRecords } from '../support/local/expectation.ts';
import { readLake } from '../support/local/lake-reader.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';
import { type Killed, killAtRandom } from '../support/local/random-kills.ts';
import { isShared, OBJECTS, TABLE_NAMES, type Table } from '../support/local/tables.ts';
import { HOUR, MINUTE } from '../support/local/test-clock.ts';

const KILLS = Number(process.env.SOAK_KILLS ?? 100);
const SEED = Number(process.env.SOAK_SEED ?? 1);

/** About 70,000 rows. The first run alone needs several thousand requests. */
const LARGE = {
  ...SIZES.demo,
  contacts: 12_000,
  sharedSecond: 900,
  companies: 1_500,
  conversations: 1_600,
  partsPerConversation: 4,
  partsOfLongConversation: 400,
  tickets: 900,
  articles: 400,
  activity_logs: 2_500,
  tags: 60,
} as const;

/** So many that the kills reach the end of the first run and beyond. */
const MOST_REQUESTS = 200;
const MOST_MS = 600;
const LIMITS = { sliceRecords: 600, sliceParents: 100, partBytes: 20_000, checkpointMs: 0 };

const configOf = ({ simulator }: Bench): PipelineConfig => ({
  name: 'test',
  baseUrl: simulator.url,
  parallelism: { slices: 2 },
});

/** Days of the workspace, squeezed into a minute each. */
function changesOf({ simulator, clock }: Bench) {
  const gone = new Map<Table, Set<string>>(OBJECTS.map((object) => [object, new Set()]));
  let days = 0;
  return {
    gone: Object.fromEntries(gone) as GoneRecords,
    days: () => days,
    change() {
      days += 1;
      const fromMs = clock.now();
      clock.advance(MINUTE);
      const { deleted, merged } = simulator.workspace.simulateDay(days, { fromMs, toMs: clock.now() });
      for (const [object, ids] of Object.entries(deleted))
        for (const id of ids) gone.get(object as Table)?.add(id);
      for (const { lead } of merged) gone.get('contacts')?.add(lead);
    },
  };
}

function fell({ kills, ended }: Killed): string {
  const byRoute = Map.groupBy(kills, ({ last }) => last);
  const routes = [...byRoute]
    .sort((a, b) => b[1].length - a[1].length)
    .map(([route, of]) => `  ${of.length} after ${route}`);
  const requests = kills.map((kill) => kill.requests).join(' ');
  return [
    `${kills.length} kills, ${ended} syncs that ended before theirs`,
    ...routes,
    `  by requests: ${requests}`,
  ].join('\n');
}

test(`${KILLS} kills`, async () => {
  const random = createRandom(SEED);
  const bench = await startBench({ simulator: { sizes: LARGE, indexingDelaySeconds: 30 } });
  const { simulator, clock } = bench;
  const config = configOf(bench);
  const { gone, days, change } = changesOf(bench);
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  const startedMs = Date.now();
  const seconds = (): number => Math.round((Date.now() - startedMs) / 1_000);
  try {
    const killed = await killAtRandom(bench, {
      config,
      limits: LIMITS,
      random,
      kills: KILLS,
      mostRequests: MOST_REQUESTS,
      mostMs: MOST_MS,
      async between(kills, isEnded) {
        if (isEnded || random.chance(0.15)) change();
        if (kills % 20 !== 0 || isEnded) return;
        // Whatever is committed is whole.
        const { runs } = await readLake(bench.directory);
        say(`${kills} kills, ${runs.length} runs in the lake, ${seconds()} s`);
      },
    });
    say(`SOAK_SEED=${SEED}: ${fell(killed)}\n  ${days()} days of changes, ${seconds()} s`);
    // Longer than the overlap: what was interrupted is finished, and then one run is made.
    clock.advance(HOUR);
    const before = simulator.stats().requests;
    const result = await bench.sync({ config, limits: LIMITS });
    if (result.status !== 'finished') throw new Error(`it ended as ${result.status}`);
    for (const { run_id: run, status } of result.runs) expect([run, status]).toEqual([run, 'succeeded']);
    const lake = await readLake(bench.directory);
    expect(differences(simulator, lake, gone)).toEqual([]);
    const rows = TABLE_NAMES.filter((table) => !isShared(table)).map(
      (table) => [table, lake.current(table).size] as const,
    );
    const sum = rows.reduce((total, [, count]) => total + count, 0);
    say(`${result.runs.length} undisturbed runs, ${simulator.stats().requests - before} requests`);
    say(`${sum} rows compared: ${rows.map(([table, count]) => `${table} ${count}`).join(', ')}`);
    say(`${seconds()} s`);
    expect(sum).toBeGreaterThan(50_000);
  } finally {
    await bench.close();
  }
});
