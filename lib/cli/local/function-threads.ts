import type { ObserveProgress, ProgressEvent } from '../../../functions/core/ports.ts';
import { createIsolates } from '../../standins/aws/workflow/isolates.ts';
import type { LocalResources } from '../../template/template.ts';
import type { FunctionThreadData } from './function-thread.ts';
import type { LocalPipelineOptions } from './local-pipeline.ts';

export interface FunctionThreadsOptions {
  readonly resources: LocalResources;
  /** Path of the bundle of `function-thread.ts`. */
  readonly bundle: string;
  /** Maximum number of threads. */
  readonly workers: number;
  /** `process.env` of the threads, read when the pipeline is open. */
  readonly environment: NodeJS.ProcessEnv;
  readonly aheadMs: number;
  readonly observe: ObserveProgress;
}

/** Runs the functions in threads. Each thread has the memory of the largest function. */
export const functionThreads =
  (options: FunctionThreadsOptions): LocalPipelineOptions['startHost'] =>
  (configPath) => {
    const { resources, bundle, workers, environment, aheadMs, observe } = options;
    const { functions } = resources;
    const data: FunctionThreadData = { functions, configPath, aheadMs };
    const { handlerOf, close } = createIsolates({
      module: bundle,
      threads: workers,
      memoryMiB: Math.max(...functions.map(({ memoryMiB }) => memoryMiB)),
      environment,
      data,
      onNote: (note) => observe(note as ProgressEvent),
    });
    return { handlerOf: ({ arn }) => handlerOf(arn), close };
  };
