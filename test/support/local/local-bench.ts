/** A simulated workspace, an output directory, and the composition that the command line uses. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PipelineConfig, parseConfig } from '../../../functions/config/config.ts';
import type { Metrics, ProgressEvent } from '../../../functions/core/ports.ts';
import { TABLES } from '../../../functions/objects/index.ts';
import type { SyncLimits } from '../../../functions/sync/dependencies.ts';
import {
  type LocalPipeline,
  type LocalPipelineOptions,
  openLocalPipeline,
} from '../../../lib/cli/local/local-pipeline.ts';
import { type SyncResult, syncLocally } from '../../../lib/cli/local/sync.ts';
import type { IsolatedHandler } from '../../../lib/standins/aws/workflow/isolate.ts';
import {
  SIZES,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../../lib/standins/intercom/index.ts';
import { localResources, synthesize } from '../../../lib/template/template.ts';
import { inProcess } from './in-process.ts';
import { type LakeView, readLake } from './lake-reader.ts';
import { EVERYTHING } from './tables.ts';
import { createTestClock, type TestClock, type TestClockState } from './test-clock.ts';

/** Still several pages of what matters, and quick. */
export const SMALL = {
  ...SIZES.tiny,
  contacts: 200,
  sharedSecond: 90,
  companies: 220,
  conversations: 45,
  partsOfLongConversation: 40,
} as const;

export interface SyncOptions {
  readonly input?: Readonly<Record<string, unknown>>;
  readonly config?: PipelineConfig;
  readonly token?: string;
  readonly limits?: Partial<SyncLimits>;
  readonly pauses?: LocalPipelineOptions['pauses'];
  readonly signal?: AbortSignal;
  /** Variables beside those of the embedded AWS, or in their place. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly observe?: (event: ProgressEvent) => void;
  readonly metrics?: Metrics;
  /** Around the handler of each function. */
  readonly around?: (handler: IsolatedHandler) => IsolatedHandler;
  /** An interrupted run goes on. */
  readonly onResume?: () => void;
  /** An interrupted run is dropped. */
  readonly onGiveUp?: () => void;
  /** Another output directory than the bench's own. */
  readonly directory?: string;
}

/** An open pipeline: several syncs without opening the directory again. */
export interface Session {
  readonly pipeline: LocalPipeline;
  run(input?: Readonly<Record<string, unknown>>): Promise<SyncResult>;
  close(): Promise<void>;
}

export interface Bench {
  readonly simulator: Simulator;
  readonly clock: TestClock;
  readonly directory: string;
  open(options?: SyncOptions): Promise<Session>;
  /** One `sync` of the command line, from opening the directory to closing it. */
  sync(options?: SyncOptions): Promise<SyncResult>;
  /** The bench's own lake, or some of its runs. */
  lake(isWanted?: (runId: string) => boolean): Promise<LakeView>;
  /** A further empty output directory. */
  newDirectory(): string;
  close(): Promise<void>;
}

export interface BenchOptions {
  readonly simulator?: SimulatorOptions;
  readonly clock?: Partial<TestClockState>;
  /** For every sync, unless it says otherwise. */
  readonly sync?: SyncOptions;
}

/** Retries of the workflow wait for nothing; the client's own waits run on the test's clock. */
const NO_PAUSES = { waitMs: 20, retryMs: 0 } as const;

export async function startBench(options: BenchOptions = {}): Promise<Bench> {
  const clock = createTestClock(options.clock);
  const simulator = await startSimulator({ sizes: SIZES.tiny, now: clock.now, ...options.simulator });
  const root = await mkdtemp(join(tmpdir(), 'lake-test-'));
  const home = join(root, 'out');

  async function open(overrides: SyncOptions = {}): Promise<Session> {
    const chosen = { ...options.sync, ...overrides };
    const { directory = home, signal = new AbortController().signal } = chosen;
    const defaults = { name: 'test', baseUrl: simulator.url, objects: EVERYTHING };
    const config = parseConfig({ ...defaults, ...chosen.config }, TABLES);
    const pipeline = await openLocalPipeline({
      directory,
      config,
      clock,
      resources: localResources(synthesize(config)),
      setEnvironment: (variables) => Object.assign(process.env, variables, chosen.environment),
      pauses: chosen.pauses ?? NO_PAUSES,
      startHost: inProcess(
        {
          clock,
          observe: chosen.observe ?? (() => undefined),
          ...(chosen.limits && { limits: chosen.limits }),
          ...(chosen.metrics && { metrics: chosen.metrics }),
        },
        chosen.around,
      ),
    });
    try {
      await pipeline.connect(chosen.token ?? simulator.token);
    } catch (error) {
      await pipeline.close();
      throw error;
    }
    return {
      pipeline,
      run: (input = {}) =>
        syncLocally(pipeline, {
          input,
          directory,
          signal,
          now: clock.now,
          overlapMs: config.overlapSeconds * 1000,
          onResume: () => chosen.onResume?.(),
          onGiveUp: () => chosen.onGiveUp?.(),
        }),
      close: () => pipeline.close(),
    };
  }

  let directories = 0;
  return {
    simulator,
    clock,
    directory: home,
    open,
    sync: async (chosen = {}) => {
      const session = await open(chosen);
      try {
        return await session.run(chosen.input);
      } finally {
        await session.close();
      }
    },
    lake: (isWanted) => readLake(home, isWanted),
    newDirectory: () => {
      directories += 1;
      return join(root, `out-${directories}`);
    },
    close: async () => {
      await simulator.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}
