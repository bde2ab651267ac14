import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { WorkspaceSizes } from './sizes.ts';
import type { Simulator } from './types.ts';

export interface ThreadOptions {
  /** The port on 127.0.0.1; 0 for a free one. */
  readonly port: number;
  readonly sizes: Partial<WorkspaceSizes>;
  /** The end of the seeded history, in epoch milliseconds. */
  readonly baseTime: number;
  /** Simulated days that have passed since then. Its clock is this many days ahead. */
  readonly days: number;
}

export type SimulatorThread = Pick<Simulator, 'url' | 'token' | 'close'>;

/** Starts a simulator in a thread of its own, so that it and its clients share no core. @throws if the port is taken */
export async function startSimulatorThread(options: ThreadOptions): Promise<SimulatorThread> {
  const thread = new Worker(new URL('./simulator-thread.ts', import.meta.url), { workerData: options });
  const [served] = (await once(thread, 'message')) as [Pick<Simulator, 'url' | 'token'>];
  return { ...served, close: async () => void (await thread.terminate()) };
}
