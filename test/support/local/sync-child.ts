/**
 * `sync` in a process of its own, which a test can kill, or which kills itself with SIGKILL at an exact
 * point. Takes its orders as JSON in its only argument.
 */
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { PipelineConfig } from '../../../functions/config/config.ts';
import type { SyncLimits } from '../../../functions/sync/dependencies.ts';
import type { TestClockState } from './test-clock.ts';

export interface ChildOrders {
  readonly directory: string;
  readonly token: string;
  readonly config: PipelineConfig;
  readonly clock: TestClockState;
  readonly limits: Partial<SyncLimits>;
  readonly kill?: KillPoint;
}

export type KillPoint =
  /** Just before, or just after, the first file whose path matches appears in the lake. */
  | { readonly file: string; readonly when: 'before' | 'after' }
  /** When so many answers of an object's requests have come, before they are used. */
  | { readonly object: string; readonly answers: number };

const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};

/** Every file of the lake is put in its place by a hard link. */
function watchFiles(kill: Extract<KillPoint, { file: string }>): void {
  const pattern = new RegExp(kill.file);
  const link = fsPromises.link.bind(fsPromises);
  fsPromises.link = async (from, to) => {
    const isIt = pattern.test(String(to));
    if (isIt && kill.when === 'before') await die();
    await link(from, to);
    if (isIt) await die();
  };
  syncBuiltinESMExports();
}

const orders = JSON.parse(process.argv[2] ?? '{}') as ChildOrders;
const { kill, directory, limits } = orders;
if (kill !== undefined && 'file' in kill) watchFiles(kill);

const { parseConfig } = await import('../../../functions/config/config.ts');
const { openLocalPipeline } = await import('../../../lib/cli/local/local-pipeline.ts');
const { syncLocally } = await import('../../../lib/cli/local/sync.ts');
const { localResources, synthesize } = await import('../../../lib/template/template.ts');
const { inProcess } = await import('./in-process.ts');
const { createTestClock } = await import('./test-clock.ts');

const clock = createTestClock(orders.clock);
const config = parseConfig(orders.config);
let answers = 0;
const pipeline = await openLocalPipeline({
  directory,
  config,
  clock,
  resources: localResources(synthesize(config)),
  pauses: { waitMs: 100, retryMs: 0 },
  setEnvironment: (variables) => Object.assign(process.env, variables),
  startHost: inProcess({
    clock,
    limits,
    observe: (event) => {
      if (kill === undefined || !('object' in kill)) return;
      if (event.type !== 'request' || event.object !== kill.object) return;
      answers += 1;
      if (answers === kill.answers) process.kill(process.pid, 'SIGKILL');
    },
  }),
});
try {
  await pipeline.connect(orders.token);
  await syncLocally(pipeline, {
    input: {},
    directory,
    signal: new AbortController().signal,
    now: clock.now,
    overlapMs: config.overlapSeconds * 1000,
    onResume: () => undefined,
    onGiveUp: () => undefined,
  });
} finally {
  await pipeline.close();
}
