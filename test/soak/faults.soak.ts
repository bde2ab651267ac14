/** Faults of every kind at random requests of whole syncs, through the emulators. `SOAK_SEED=<seed>` repeats them. */
import { expect, test } from 'vitest';
import type { Fault } from '../../lib/standins/intercom/index.ts';
import { createRandom, type Random } from '../model/random.ts';
import { lostRows } from '../support/local/expectation.ts';
import { SMALL, startBench } from '../support/local/local-bench.ts';

const ROUNDS = Number(process.env.SOAK_ROUNDS ?? 60);
const SEED = Number(process.env.SOAK_SEED ?? 1);

const errors = (code: string): object => ({ type: 'error.list', errors: [{ code, message: 'x' }] });
const HTML = '<html><body><h1>Bad gateway</h1></body></html>';

const WAYS: readonly Fault['respond'][] = [
  { status: 429, json: errors('rate_limit_exceeded') },
  { status: 429, headers: { 'Retry-After': '3' }, json: errors('rate_limit_exceeded') },
  { status: 500, json: errors('server_error') },
  { status: 502, html: HTML },
  { status: 503, html: HTML },
  { status: 504, html: HTML },
  { status: 200, html: HTML },
  { status: 200, empty: true },
  { status: 200, json: errors('server_error') },
  { status: 404, json: errors('not_found') },
  { status: 404, html: HTML },
  { status: 403, json: errors('forbidden') },
  { status: 410, json: errors('gone') },
  { status: 400, json: errors('client_error') },
  { kind: 'reset-connection' },
  { kind: 'truncate-body' },
  { kind: 'delay', delayMs: 200 },
];

const someFaults = (random: Random): readonly Fault[] =>
  Array.from({ length: random.int(1, 4) }, () => ({
    match: { path: /^\/(?!me)/ },
    after: random.int(0, 150),
    times: random.pick([1, 1, 2, 10, 40]),
    respond: random.pick(WAYS),
  }));

test(`${ROUNDS} syncs with faults`, async () => {
  const random = createRandom(SEED);
  for (let round = 0; round < ROUNDS; round += 1) {
    const faults = someFaults(random);
    const bench = await startBench({ clock: { speed: 400 }, simulator: { sizes: SMALL } });
    try {
      const heals = faults.map((fault) => bench.simulator.addFault(fault));
      await bench.sync();
      for (const heal of heals) heal();
      for (let run = 0; run < 2; run += 1) {
        bench.clock.advance(3_600_000);
        const result = await bench.sync();
        expect(result.status).toBe('finished');
      }
      const lost = lostRows(bench.simulator, await bench.lake());
      expect(lost, `SOAK_SEED=${SEED}, round ${round}: ${JSON.stringify(faults)}`).toEqual([]);
    } finally {
      await bench.close();
    }
  }
  process.stdout.write(`SOAK_SEED=${SEED}: ${ROUNDS} syncs with faults\n`);
});
