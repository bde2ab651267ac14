/** A large sync is killed a hundred times at random. One undisturbed run later the lake is exactly Intercom. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PipelineConfig } from '../../functions/config/config.ts';
import { SIZES } from '../../lib/standins/intercom/index.ts';
import { createRandom } from '../model/random.ts';
import { lostRows } from '../support/local/expectation.ts';
import { readLake } from '../support/local/lake-reader.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';
import type { ChildOrders } from '../support/local/sync-child.ts';

const KILLS = Number(process.env.SOAK_KILLS ?? 100);
const SEED = Number(process.env.SOAK_SEED ?? 1);
const MOST_REQUESTS = 80;

const CHILD = join(import.meta.dirname, '../support/local/sync-child.ts');
const LIMITS = { sliceRecords: 80, sliceParents: 15, partBytes: 4_000, checkpointMs: 0 };

const configOf = ({ simulator }: Bench): PipelineConfig => ({
  name: 'test',
  baseUrl: simulator.url,
  parallelism: { slices: 2 },
});

function begin(bench: Bench): ChildProcess {
  const orders: ChildOrders = {
    directory: bench.directory,
    token: bench.simulator.token,
    config: configOf(bench),
    clock: bench.clock.state(),
    limits: LIMITS,
  };
  return spawn(process.execPath, [CHILD, JSON.stringify(orders)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(bench.directory, '..', 'compiled') },
  });
}

test(`${KILLS} kills`, async () => {
  const random = createRandom(SEED);
  const bench = await startBench({ simulator: { sizes: SIZES.tiny } });
  const { simulator } = bench;
  try {
    let kills = 0;
    let finished = 0;
    while (kills < KILLS) {
      const at = simulator.stats().requests + random.int(1, MOST_REQUESTS);
      const child = begin(bench);
      const timer = setInterval(() => {
        if (simulator.stats().requests >= at) child.kill('SIGKILL');
      }, 1);
      await once(child, 'exit').finally(() => clearInterval(timer));
      if (child.signalCode === 'SIGKILL') kills += 1;
      else finished += 1;
      // Whatever is committed is whole.
      if (kills % 10 === 0) await readLake(bench.directory);
      if (random.chance(0.1)) simulator.workspace.contacts.create({ name: `soak ${kills}` });
    }
    process.stdout.write(`SOAK_SEED=${SEED}: ${kills} kills, ${finished} runs that ended before theirs\n`);
    const result = await bench.sync({ config: configOf(bench), limits: LIMITS });
    expect(result.status).toBe('finished');
    // A resumed run began before the last changes.
    bench.clock.advance(3_600_000);
    await bench.sync({ config: configOf(bench), limits: LIMITS });
    expect(lostRows(simulator, await readLake(bench.directory))).toEqual([]);
  } finally {
    await bench.close();
  }
});
