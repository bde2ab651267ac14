/**
 * Runs the deployed definition on one machine. aws-local-stepfunctions executes the states. Handlers decide where the
 * functions run.
 */
import { ExecutionAbortedError, ExecutionTimeoutError } from 'aws-local-stepfunctions';
import { z } from 'zod';
import { type BranchRuntime, runBranch, type WorkflowEvent } from './branches.ts';
import { type Definition, parseDefinition } from './definition.ts';
import { FunctionError, invoke, type RunnableFunction } from './invocation.ts';
import { requireSmall } from './state-size.ts';

export type { WorkflowEvent } from './branches.ts';
export type { InvocationContext, RunnableFunction } from './invocation.ts';

export interface WorkflowRunnerOptions {
  readonly definition: Definition;
  readonly stateMachineArn: string;
  readonly functions: readonly RunnableFunction[];
  /** For tests: milliseconds for waits and for pauses before retries, instead of their own time. */
  readonly pauses?: BranchRuntime['pauses'];
}

export interface RunRequest {
  readonly executionArn: string;
  readonly executionName: string;
  /** ISO 8601. An execution that runs again keeps the time of its first start. */
  readonly startTime: string;
  readonly input: unknown;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: WorkflowEvent) => void;
}

export type RunOutcome =
  | { readonly status: 'SUCCEEDED'; readonly output: unknown }
  | {
      readonly status: 'FAILED' | 'TIMED_OUT' | 'ABORTED';
      /** As in DescribeExecution: the cause of a function's error is JSON, `{errorType, errorMessage, trace}`. */
      readonly error: { readonly name: string; readonly cause: string };
    };

export interface WorkflowRunner {
  /** Runs one execution to its end. A failure is an outcome, not a rejection. */
  run(request: RunRequest): Promise<RunOutcome>;
  /** Resolves once no function is running. As on AWS, some may go on after a failure or an abort. */
  idle(): Promise<void>;
}

/** The parameters of `lambda:invoke`. */
const invocation = z.object({ FunctionName: z.string(), Payload: z.unknown() });

/**
 * Does not validate the definition: a test of the template does, and validation would take most of a second.
 * @throws Error if the definition has something that cannot run on one machine
 */
export function createWorkflowRunner(options: WorkflowRunnerOptions): WorkflowRunner {
  const { definition, stateMachineArn, functions, pauses = {} } = options;
  const root = parseDefinition(definition);
  const running = new Set<Promise<unknown>>();

  const runTask: BranchRuntime['runTask'] = async (state, parameters, signal) => {
    const { FunctionName, Payload } = invocation.parse(parameters);
    const target = functions.find(({ arn }) => arn === FunctionName);
    if (target === undefined) {
      throw new FunctionError('Lambda.ResourceNotFoundException', `Function not found: ${FunctionName}`);
    }
    requireSmall(state, 'input', Payload);
    const call = invoke(target, Payload, signal);
    running.add(call);
    const result = await call.finally(() => running.delete(call));
    requireSmall(state, 'output', result);
    return { ExecutedVersion: '$LATEST', Payload: result, StatusCode: 200 };
  };

  return {
    run: async ({ executionArn, executionName, startTime, input, signal, onEvent = () => {} }) => {
      const context = {
        Execution: { Id: executionArn, Name: executionName, StartTime: startTime, Input: input },
        StateMachine: { Id: stateMachineArn, Name: stateMachineArn.split(':').at(-1) },
      };
      const given = signal ?? new AbortController().signal;
      try {
        const output = await runBranch({ runTask, onEvent, pauses }, root, input, context, given);
        return { status: 'SUCCEEDED', output };
      } catch (error) {
        return outcomeOf(error);
      }
    },
    idle: async () => {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

function outcomeOf(error: unknown): RunOutcome {
  if (error instanceof ExecutionAbortedError) {
    return { status: 'ABORTED', error: { name: 'Aborted', cause: 'The execution was aborted.' } };
  }
  if (error instanceof ExecutionTimeoutError) {
    return { status: 'TIMED_OUT', error: { name: 'States.Timeout', cause: 'The execution timed out.' } };
  }
  if (error instanceof Error) return { status: 'FAILED', error: { name: error.name, cause: error.message } };
  throw error;
}
