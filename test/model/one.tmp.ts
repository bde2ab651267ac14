import { liveThrough } from './history.ts';

const [object, from, count] = process.argv.slice(2);
let bad = 0;
const t0 = performance.now();
let runs = 0;
for (let i = 0; i < Number(count); i++) {
  const seed = Number(from) + i;
  try {
    const timer = performance.now();
    const r = await liveThrough(object as any, seed);
    runs += r.runs;
    const took = performance.now() - timer;
    if (took > 60000) console.log('slow', seed, Math.round(took), JSON.stringify(r));
  } catch (e: any) {
    bad++;
    if (bad <= 6)
      console.log(
        `BAD ${object} ${seed}: ${e.name === 'ModelViolation' ? e.message.slice(0, 500) : e.stack.slice(0, 700)}`,
      );
  }
}
console.log(object, count, 'runs', runs, 'bad', bad, 'ms', Math.round(performance.now() - t0));
