/** A thread that runs the functions of the workflow. Each is created by its first call and then kept. */
import { workerData } from 'node:worker_threads';
import { type IsolatedHandler, serveInvocations, tellProcess } from '../../standins/aws/workflow/isolate.ts';
import type { LocalFunction } from '../../template/template.ts';
import { clockAhead, RECONNECT } from './local-settings.ts';
import { createHandler } from './workflow-functions.ts';

export interface FunctionThreadData {
  readonly functions: readonly LocalFunction[];
  readonly configPath: string;
  /** How far the functions' clock is ahead of the machine's. */
  readonly aheadMs: number;
}

const { functions, configPath, aheadMs }: FunctionThreadData = workerData;

const overrides = {
  observe: tellProcess,
  // There is no CloudWatch here, and standard output belongs to the user.
  metrics: { record: () => undefined },
  reconnect: RECONNECT,
  clock: clockAhead(aheadMs),
};

const handlers = new Map<string, IsolatedHandler>();

serveInvocations((arn) => {
  const found = handlers.get(arn);
  if (found !== undefined) return found;
  const called = functions.find((one) => one.arn === arn);
  if (called === undefined) throw new Error(`There is no function ${arn}.`);
  const handler = createHandler(called, configPath, overrides);
  handlers.set(arn, handler);
  return handler;
});
