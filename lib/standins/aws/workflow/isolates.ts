/** Threads that run functions, like Lambda's sandboxes: each has its own code and memory, and is used again while warm. */
import { Worker } from 'node:worker_threads';
import { FunctionError, type RunnableFunction } from './invocation.ts';
import type { IsolateOrder, IsolateReport } from './isolate.ts';

export interface IsolatesOptions {
  /** The module of every thread. It calls `serveInvocations`. */
  readonly module: string | URL;
  /** Most threads at a time. Until then one idle thread is kept ready, because starting one takes longer than a page. */
  readonly threads: number;
  /** Heap of each thread. A thread that needs more dies, and its invocations fail with Lambda's error for that. */
  readonly memoryMiB: number;
  /** `process.env` of the threads. */
  readonly environment: NodeJS.ProcessEnv;
  /** `workerData` of the threads. */
  readonly data: unknown;
  /** Receives the notes that functions send while they run. */
  readonly onNote?: (note: unknown) => void;
  /** Receives what threads print. @default the process prints it */
  readonly onOutput?: (text: string) => void;
}

export interface Isolates {
  /** The handler of a function that runs in these threads. */
  handlerOf(arn: string): RunnableFunction['handler'];
  /** Ends the threads, whatever they are doing. */
  close(): Promise<void>;
}

/** Room for new objects. V8's default takes 115 MB more for each thread and saves no time. */
const YOUNG_MIB = 16;

interface Isolate {
  readonly worker: Worker;
  /** Invocations under way, by id. */
  readonly calls: Map<number, PromiseWithResolvers<unknown>>;
}

/** The error that Lambda reports for an invocation whose sandbox died. */
function deathOf(error: unknown): FunctionError {
  const isMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  const { message, stack = '' } = error instanceof Error ? error : { message: String(error) };
  return new FunctionError(
    isMemory ? 'Runtime.OutOfMemory' : 'Runtime.ExitError',
    message,
    stack.split('\n'),
  );
}

/** Starts no thread before the first call. */
export function createIsolates(options: IsolatesOptions): Isolates {
  const { module, threads, memoryMiB, environment, data, onNote = () => {}, onOutput } = options;
  const isolates = new Set<Isolate>();
  let invocations = 0;

  function start(): Isolate {
    const worker = new Worker(module, {
      workerData: data,
      env: environment,
      resourceLimits: { maxOldGenerationSizeMb: memoryMiB, maxYoungGenerationSizeMb: YOUNG_MIB },
      ...(onOutput && { stdout: true, stderr: true }),
    });
    const isolate: Isolate = { worker, calls: new Map() };
    isolates.add(isolate);
    if (onOutput !== undefined)
      for (const stream of [worker.stdout, worker.stderr]) stream.setEncoding('utf8').on('data', onOutput);
    const die = (error: FunctionError): void => {
      isolates.delete(isolate);
      for (const { reject } of isolate.calls.values()) reject(error);
      isolate.calls.clear();
    };
    worker.on('error', (error) => die(deathOf(error)));
    worker.on('exit', (code) => die(deathOf(`The thread exited with status ${code}.`)));
    worker.on('message', (report: IsolateReport) => {
      if (report.kind === 'notes') {
        for (const note of report.notes) onNote(note);
        return;
      }
      const call = isolate.calls.get(report.id);
      isolate.calls.delete(report.id);
      if (report.kind === 'result') call?.resolve(report.result);
      else call?.reject(new FunctionError(report.name, report.message, report.trace));
    });
    return isolate;
  }

  /** The thread with the fewest invocations under way, or a new one. */
  function leastBusy(): Isolate {
    let best: Isolate | undefined;
    for (const one of isolates) if (best === undefined || one.calls.size < best.calls.size) best = one;
    return best === undefined || (best.calls.size > 0 && isolates.size < threads) ? start() : best;
  }

  function keepOneReady(): void {
    if (isolates.size < threads && [...isolates].every(({ calls }) => calls.size > 0)) start();
  }

  return {
    handlerOf: (arn) => (event, context, signal) => {
      invocations += 1;
      const id = invocations;
      const { worker, calls } = leastBusy();
      const call = Promise.withResolvers<unknown>();
      calls.set(id, call);
      keepOneReady();
      const send = (order: IsolateOrder): void => worker.postMessage(order);
      send({ kind: 'invoke', id, arn, event, deadlineMs: Date.now() + context.getRemainingTimeInMillis() });
      const abort = (): void => send({ kind: 'abort', id });
      signal.addEventListener('abort', abort, { once: true });
      return call.promise.finally(() => signal.removeEventListener('abort', abort));
    },
    close: async () => {
      await Promise.all([...isolates].map(({ worker }) => worker.terminate()));
    },
  };
}
