/** The demo's simulated workspace: the same on every machine, and one day older with each run. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../../functions/core/errors.ts';
import { DAY_SECONDS } from '../../../functions/core/time.ts';
import { replaceFile } from '../../standins/aws/durable-files.ts';
import { SIZES, type SimulatorThread, startSimulatorThread } from '../../standins/intercom/index.ts';

const DAY_MS = DAY_SECONDS * 1000;

const savedState = z.object({
  /** Where the simulated history begins, epoch ms. */
  baseTime: z.number(),
  /** Simulated days that have passed: one per finished run. */
  day: z.number().int().min(0),
  /** Port of the simulator. Its address is part of the configuration, so a resumed run needs the same one. */
  port: z.number().int().min(0).default(0),
});

export interface Demo {
  readonly simulator: SimulatorThread;
  /** Simulated days that have passed. */
  readonly day: number;
  /** The same in ms: how far the simulated time is ahead. */
  readonly aheadMs: number;
  /** Makes the workspace one day older for the next start. */
  endDay(): Promise<void>;
  close(): Promise<void>;
}

async function load(file: string): Promise<z.infer<typeof savedState> | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    return savedState.parse(JSON.parse(text));
  } catch (cause) {
    throw new InputError(
      `${file} is not a valid demo state. To begin a new demo, remove it or use another --out.`,
      {
        code: 'state_damaged',
        cause,
      },
    );
  }
}

const save = (file: string, state: z.infer<typeof savedState>): void =>
  replaceFile(file, JSON.stringify(state));

/**
 * Starts the simulator with the directory's saved workspace and lets its days pass.
 * @param directory output directory of the demo
 */
export async function startDemo(directory: string): Promise<Demo> {
  const file = join(directory, 'state', 'demo.json');
  await mkdir(join(directory, 'state'), { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EEXIST' && cause.code !== 'ENOTDIR') throw cause;
    throw new InputError(
      `${join(directory, 'state')}, or a part of this path, is a file. Remove that file or choose another --out.`,
      { code: 'no_directory', cause },
    );
  });
  const state = (await load(file)) ?? { baseTime: Date.now(), day: 0, port: 0 };
  const options = { sizes: SIZES.demo, baseTime: state.baseTime, days: state.day };
  const simulator = await startSimulatorThread({ ...options, port: state.port }).catch(() =>
    startSimulatorThread({ ...options, port: 0 }),
  );
  const here = { ...state, port: Number(new URL(simulator.url).port) };
  save(file, here);
  return {
    simulator,
    day: state.day,
    aheadMs: state.day * DAY_MS,
    endDay: async () => save(file, { ...here, day: state.day + 1 }),
    close: () => simulator.close(),
  };
}
