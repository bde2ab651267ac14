/** Lives through many histories of an object, and says which seeds broke a promise. */
import { CROWDED_SEED, liveThrough, ModelViolation } from './history.ts';
import { MODELLED, type Modelled } from './intercom.ts';

/** `MODEL_SEED=<seed>` repeats one history of each object; `MODEL_HISTORIES` multiplies how many there are. */
const { MODEL_SEED, MODEL_HISTORIES = '1' } = process.env;

/** Every object has seeds of its own. */
const firstSeed = (object: Modelled): number => (MODELLED.indexOf(object) + 1) * 1_000_000;

const MOST_SHOWN = 3;

const said = (error: unknown): string =>
  error instanceof ModelViolation
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);

/**
 * @param crowded how many more histories have thousands of records on one second
 * @throws Error that names the seeds of the histories that went wrong
 */
export async function liveThroughMany(object: Modelled, count: number, crowded = 0): Promise<void> {
  const from = (seed: number, length: number): readonly number[] =>
    Array.from(
      { length: length * Number(MODEL_HISTORIES) },
      (_unused, index) => firstSeed(object) + seed + index,
    );
  const seeds =
    MODEL_SEED === undefined ? [...from(0, count), ...from(CROWDED_SEED, crowded)] : [Number(MODEL_SEED)];
  const wrong: string[] = [];
  let runs = 0;
  const ends: Record<string, number> = {};
  for (const seed of seeds) {
    try {
      const report = await liveThrough(object, seed);
      runs += report.runs;
      for (const [end, times] of Object.entries(report.ends)) ends[end] = (ends[end] ?? 0) + times;
    } catch (error) {
      wrong.push(`MODEL_SEED=${seed} (${object}): ${said(error)}`);
    }
  }
  const figures = Object.entries(ends).map(([end, times]) => `${times} ${end}`);
  process.stdout.write(`${object}: ${seeds.length} histories, ${runs} runs (${figures.join(', ')})\n`);
  if (wrong.length === 0) return;
  throw new Error(`${wrong.length} histories went wrong:\n${wrong.slice(0, MOST_SHOWN).join('\n')}`);
}
