/** A Step Functions that runs each started execution at once, side by side. */
import type { ExecutionDescription, ExecutionsBackend } from '../../../lib/standins/aws/index.ts';
import type { WorkflowRunner } from '../../../lib/standins/aws/workflow/workflow-runner.ts';

export interface RunningExecutions extends ExecutionsBackend {
  /** Resolves when nothing is running. */
  idle(): Promise<void>;
  /** Ends an execution as `StopExecution` would. */
  stop(executionArn: string): void;
  /** ARNs of all executions, oldest first. */
  readonly arns: readonly string[];
  /** Input of each. */
  inputOf(executionArn: string): unknown;
}

interface Running {
  description: ExecutionDescription;
  readonly stateMachineArn: string;
  readonly abort: AbortController;
}

export function createRunningExecutions(runner: () => WorkflowRunner): RunningExecutions {
  const executions = new Map<string, Running>();
  const under = new Set<Promise<void>>();

  async function run(executionArn: string, one: Running): Promise<void> {
    const { name = '', startDate = new Date(), input = '{}' } = one.description;
    const outcome = await runner().run({
      executionArn,
      executionName: name,
      startTime: startDate.toISOString(),
      input: JSON.parse(input),
      signal: one.abort.signal,
    });
    const { status } = outcome;
    one.description = {
      ...one.description,
      status,
      stopDate: new Date(),
      // For a stopped execution, Step Functions reports only what the caller of StopExecution gave.
      ...('error' in outcome &&
        status !== 'ABORTED' && { error: outcome.error.name, cause: outcome.error.cause }),
    };
  }

  return {
    get arns() {
      return [...executions.keys()];
    },
    inputOf: (arn) => JSON.parse(executions.get(arn)?.description.input ?? 'null'),
    async start({ stateMachineArn, name, input }) {
      const executionArn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
      const known = executions.get(executionArn);
      if (known?.description.startDate !== undefined) {
        return { executionArn, startDate: known.description.startDate };
      }
      const startDate = new Date();
      const description = { status: 'RUNNING', name, stateMachineArn, startDate, input } as const;
      const one: Running = { description, stateMachineArn, abort: new AbortController() };
      executions.set(executionArn, one);
      const work = run(executionArn, one).finally(() => under.delete(work));
      under.add(work);
      return { executionArn, startDate };
    },
    describe: async (executionArn) => executions.get(executionArn)?.description,
    running: async () =>
      [...executions]
        .filter(([, { description }]) => description.status === 'RUNNING')
        .reverse()
        .map(([executionArn, { description, stateMachineArn }]) => ({
          executionArn,
          stateMachineArn,
          name: description.name ?? '',
          startDate: description.startDate ?? new Date(),
        })),
    stop: (executionArn) => executions.get(executionArn)?.abort.abort(),
    async idle() {
      while (under.size > 0) await Promise.allSettled(under);
      await runner().idle();
    },
  };
}
