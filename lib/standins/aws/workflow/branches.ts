/** Runs the branches of a workflow. The library runs one branch; each item of a Map is a branch of its own. */
import { ExecutionAbortedError, ExecutionError, StateMachine } from 'aws-local-stepfunctions';
import { type Branch, CONTEXT_KEY, type MapState, mapParameters } from './definition.ts';
import { requireSmall } from './state-size.ts';

/** The context object, `$$`. */
export type ContextObject = Readonly<Record<string, unknown>>;

/** A step of an execution, for observers. */
export interface WorkflowEvent {
  readonly type: 'StateEntered' | 'StateExited' | 'StateFailed' | 'StateRetried' | 'StateCaught';
  readonly state: string;
  /** The name of the error, for a failed state. */
  readonly error?: string;
}

export interface BranchRuntime {
  /** Runs a Task. `parameters` is its `Parameters` with every path resolved. */
  readonly runTask: (state: string, parameters: unknown, signal: AbortSignal) => Promise<unknown>;
  readonly onEvent: (event: WorkflowEvent) => void;
  /** Milliseconds for every Wait state and every pause before a retry, instead of their own time. */
  readonly pauses: { readonly waitMs?: number; readonly retryMs?: number };
}

type Library = InstanceType<typeof StateMachine>;
type Json = Parameters<Library['run']>[0];
type LibraryEvents = ReturnType<Library['run']>['eventLogs'];
type Handler = (parameters: Json) => Promise<Json>;

/** Ends an aborted branch: its state is neither retried nor caught. */
class BranchAbortedError extends ExecutionAbortedError {
  // The library reads these two.
  readonly isRetryable = false;
  readonly isCatchable = false;
}

/**
 * Runs one branch to its end and returns its output.
 * @throws the error of the state that failed, or ExecutionAbortedError once `signal` is aborted
 */
export async function runBranch(
  runtime: BranchRuntime,
  branch: Branch,
  input: unknown,
  context: ContextObject,
  signal: AbortSignal,
): Promise<unknown> {
  const ended = new AbortController();
  const given = AbortSignal.any([signal, ended.signal]);
  const guarded =
    (run: (parameters: unknown) => Promise<unknown>): Handler =>
    async (parameters) => {
      if (given.aborted) throw new BranchAbortedError();
      return (await run(parameters)) as Json;
    };
  const tasks = branch.tasks.map((name) => {
    return [name, guarded((parameters) => runtime.runTask(name, parameters, given))] as const;
  });
  const maps = Object.entries(branch.maps).map(([name, map]) => {
    return [name, guarded((parameters) => runMap(runtime, map, parameters, context, given))] as const;
  });
  const { waitMs, retryMs } = runtime.pauses;
  const execution = new StateMachine(branch.machine, { validationOptions: { noValidate: true } }).run(
    input as Json,
    {
      context: { [CONTEXT_KEY]: context },
      overrides: {
        taskResourceLocalHandlers: Object.fromEntries([...tasks, ...maps]),
        ...(waitMs !== undefined && { waitTimeOverrides: forAll(branch.waits, waitMs) }),
        ...(retryMs !== undefined && { retryIntervalOverrides: forAll(branch.tasks, retryMs) }),
      },
    },
  );
  given.addEventListener('abort', () => execution.abort(), { once: true });
  try {
    if (given.aborted) execution.abort();
    const [output] = await Promise.all([execution.result, watch(execution.eventLogs, runtime)]);
    return output;
  } catch (error) {
    throw error instanceof ExecutionError ? error.cause : error;
  } finally {
    ended.abort();
  }
}

const forAll = (names: readonly string[], ms: number): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, ms]));

/** Reports a branch's events until it ends. @throws DataLimitError */
async function watch(events: LibraryEvents, { onEvent }: BranchRuntime): Promise<void> {
  for await (const event of events) {
    switch (event.type) {
      case 'StateEntered':
        requireSmall(event.state.name, 'input', event.state.input);
        break;
      case 'StateExited':
        requireSmall(event.state.name, 'output', event.state.output);
        break;
      case 'StateFailed':
        onEvent({ type: event.type, state: event.state.name, error: event.Error });
        continue;
      case 'StateRetried':
      case 'StateCaught':
        break;
      default:
        continue;
    }
    onEvent({ type: event.type, state: event.state.name });
  }
}

/** Runs a Map's items, `maxConcurrency` at a time. The first failure ends all others, running or waiting. */
async function runMap(
  runtime: BranchRuntime,
  map: MapState,
  parameters: unknown,
  context: ContextObject,
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const { items, input } = mapParameters.parse(parameters);
  const outputs: unknown[] = [];
  const failed = new AbortController();
  const given = AbortSignal.any([signal, failed.signal]);
  const waiting = items.entries();
  const work = async () => {
    for (const [index, item] of waiting) {
      const itemContext = { ...context, Map: { Item: { Index: index, Value: item } } };
      const itemInput = await select(map, item, input, itemContext);
      outputs[index] = await runBranch(runtime, map.itemProcessor, itemInput, itemContext, given);
    }
  };
  try {
    await Promise.all(Array.from({ length: map.maxConcurrency }, work));
    return outputs;
  } finally {
    failed.abort();
  }
}

/** The input of an item. The library resolves an ItemSelector as the Parameters of a Pass state. */
async function select(
  map: MapState,
  item: unknown,
  input: unknown,
  context: ContextObject,
): Promise<unknown> {
  if (map.itemSelector === undefined) return item;
  const pass = { Type: 'Pass', Parameters: map.itemSelector as Record<string, Json>, End: true } as const;
  const machine = new StateMachine(
    { StartAt: 'SelectItem', States: { SelectItem: pass } },
    { validationOptions: { noValidate: true } },
  );
  return machine.run(input as Json, { context: { [CONTEXT_KEY]: context } }).result;
}
