/**
 * Generated inputs are the same in every `npm test`, so that a red test is about the change at hand.
 * `npm run test:random` draws new ones; `FUZZ_SEED=<number>` repeats what it printed.
 */
import fc from 'fast-check';

const wanted = process.env.FUZZ_SEED ?? '20261129';
if (wanted !== 'random') fc.configureGlobal({ seed: Number(wanted) });
