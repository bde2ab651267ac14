/** Functions that do what tests of threads need, by their ARN. */
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId, workerData } from 'node:worker_threads';
import {
  type IsolatedHandler,
  serveInvocations,
  tellProcess,
} from '../../../lib/standins/aws/workflow/isolate.ts';

class OddError extends Error {
  override readonly name = 'OddError';
}

const held: unknown[] = [];

const FUNCTIONS: Readonly<Record<string, IsolatedHandler>> = {
  echo: async (event) => ({ event, data: workerData, variable: process.env.VARIABLE ?? null }),
  nothing: async () => undefined,
  thread: async (event) => {
    await sleep(Number(event));
    return threadId;
  },
  fail: async () => {
    throw new OddError('on purpose');
  },
  'fail-oddly': async () => {
    throw 'a text';
  },
  remaining: async (_event, context) => {
    tellProcess('started');
    for (;;) {
      const left = context.getRemainingTimeInMillis();
      if (left === 0) return 'over';
      await sleep(5);
    }
  },
  tell: async (event) => {
    tellProcess(event);
    return null;
  },
  exit: async () => process.exit(3),
  throw: () => {
    setImmediate(() => {
      throw new Error('nobody catches this');
    });
    return new Promise(() => undefined);
  },
  grow: async () => {
    for (;;) held.push(Array.from({ length: 100_000 }, (_, index) => ({ index })));
  },
};

serveInvocations((arn) => {
  const found = FUNCTIONS[arn];
  if (found === undefined) throw new Error(`no function ${arn}`);
  return found;
});
