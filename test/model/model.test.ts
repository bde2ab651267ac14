/** Random histories of a workspace, and random runs that crash. `MODEL_SEED=<seed>` repeats one of them. */
import { describe, expect, test } from 'vitest';
import { liveThrough } from './history.ts';
import { MODELLED, type Modelled } from './intercom.ts';

const HISTORIES = Number(process.env.MODEL_HISTORIES ?? 200);
const ONLY = process.env.MODEL_SEED;

const BASE: Readonly<Record<Modelled, number>> = {
  contacts: 1_000_000, tickets: 2_000_000, conversations: 3_000_000, conversation_parts: 4_000_000,
  activity_logs: 5_000_000, companies: 6_000_000, articles: 7_000_000, tags: 8_000_000,
};

describe('histories', () => {
  test.each(MODELLED)('%s', async (object) => {
    const t0 = performance.now();
    const seeds = ONLY !== undefined ? [Number(ONLY)] : Array.from({ length: HISTORIES }, (_, i) => BASE[object] + i);
    const bad: string[] = [];
    let runs = 0;
    for (const seed of seeds) {
      try {
        const report = await liveThrough(object, seed);
        runs += report.runs;
      } catch (error) {
        bad.push(`${object} ${seed}: ${error instanceof Error ? (error.name === 'ModelViolation' ? error.message : error.stack) : error}`);
      }
    }
    process.stdout.write(`${object}: ${seeds.length} histories, ${runs} runs, ${bad.length} bad, ${Math.round(performance.now() - t0)} ms\n${bad.slice(0, 4).join('\n')}\n`);
    expect(bad.length).toBe(0);
  });
});
