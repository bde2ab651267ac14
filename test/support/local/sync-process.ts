/** `sync` as a process of its own that a test can kill. Whoever starts it waits for its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { PipelineConfig } from '../../../functions/config/config.ts';
import type { SyncLimits } from '../../../functions/sync/dependencies.ts';
import type { Bench } from './local-bench.ts';
import type { ChildOrders, KillPoint } from './sync-child.ts';
import { EVERYTHING } from './tables.ts';

const ROOT = join(import.meta.dirname, '../../..');

export interface SyncProcessOptions {
  readonly config: PipelineConfig;
  readonly limits: Partial<SyncLimits>;
  /** @default the bench's own output directory */
  readonly directory?: string;
  /** Where it kills itself. @default nowhere */
  readonly kill?: KillPoint;
  /** The project whose code it runs. @default this one */
  readonly root?: string;
}

export function startSyncProcess(bench: Bench, options: SyncProcessOptions): ChildProcess {
  const { config, limits, kill, directory = bench.directory, root = ROOT } = options;
  const orders: ChildOrders = {
    directory,
    token: bench.simulator.token,
    config: { objects: [...EVERYTHING], ...config },
    clock: bench.clock.state(),
    limits,
    ...(kill && { kill }),
  };
  const child = join(root, 'test/support/local/sync-child.ts');
  return spawn(process.execPath, [child, JSON.stringify(orders)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(bench.directory, '..', 'compiled') },
  });
}
