/** The bundle of the functions' threads: made once for a version of the code, and complete. */
import { rmSync, statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { functionBundle } from '../../../../lib/cli/local/function-bundle.ts';

it('is made once, and again if it is lost', async () => {
  const bundle = await functionBundle();
  const { mtimeMs } = statSync(bundle);
  expect(await functionBundle()).toBe(bundle);
  expect(statSync(bundle).mtimeMs).toBe(mtimeMs);
  rmSync(bundle);
  const [first, second] = await Promise.all([functionBundle(), functionBundle()]);
  expect([first, second]).toEqual([bundle, bundle]);
  expect(statSync(bundle).size).toBeGreaterThan(100_000);
});

it('runs without the sources and answers for each function', async () => {
  const workerData = { functions: [], configPath: '/nowhere', aheadMs: 0 };
  const thread = new Worker(await functionBundle(), { workerData, env: {} });
  const answered = Promise.withResolvers<unknown>();
  thread.once('message', answered.resolve).once('error', answered.reject);
  thread.postMessage({ kind: 'invoke', id: 1, arn: 'none', event: null, deadlineMs: Date.now() + 1_000 });
  expect(await answered.promise).toMatchObject({ kind: 'error', message: 'There is no function none.' });
  await thread.terminate();
});
