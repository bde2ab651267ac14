/** The bundle of the functions' threads: made once for a version of the code, and complete. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { functionBundle } from '../../../../lib/cli/local/function-bundle.ts';

it('is made once, also by two at the same time, and nothing else stays', async () => {
  const cache = mkdtempSync(join(tmpdir(), 'function-bundle-'));
  onTestFinished(() => rmSync(cache, { recursive: true }));
  const [bundle, second] = await Promise.all([functionBundle(cache), functionBundle(cache)]);
  expect(second).toBe(bundle);
  expect(readdirSync(cache)).toEqual([basename(dirname(bundle))]);
  const { mtimeMs } = statSync(bundle);
  expect(await functionBundle(cache)).toBe(bundle);
  expect(statSync(bundle).mtimeMs).toBe(mtimeMs);
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
