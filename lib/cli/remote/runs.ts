/** Runs of a deployed pipeline, as executions of its state machine. */
import {
  DescribeExecutionCommand,
  ExecutionDoesNotExist,
  ListExecutionsCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { nextExecutionName } from '../../../functions/core/workflow.ts';
import { runIdOfExecution } from '../../../functions/sync/run/start-run.ts';

export interface RunExecution {
  readonly arn: string;
  readonly runId: string;
  readonly startedAt: Date;
  readonly status: 'running' | 'succeeded' | 'failed' | 'timed_out' | 'aborted';
  /** Name and cause of a failure, as the state machine has them. */
  readonly error: string | null;
  readonly cause: string | null;
}

export interface Runs {
  /** Starts a run. @returns the execution's ARN */
  start(input: unknown): Promise<string>;
  /** Null if there is no such execution, or AWS does not show it yet. */
  describe(arn: string): Promise<RunExecution | null>;
  /** Runs in progress, newest first. */
  running(): Promise<readonly RunExecution[]>;
  /** Stops a run. One that has just ended stays as it is. */
  stop(arn: string): Promise<void>;
  /** ARN of the execution that FinishRun starts if work remains. */
  nextOf(runId: string): string;
}

const STATUS: Readonly<Record<string, RunExecution['status']>> = {
  RUNNING: 'running',
  PENDING_REDRIVE: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  TIMED_OUT: 'timed_out',
  ABORTED: 'aborted',
};

/** Far more than a pipeline ever has at a time. */
const MOST_RUNNING = 100;

interface Described {
  readonly executionArn?: string | undefined;
  readonly startDate?: Date | undefined;
  readonly status?: string | undefined;
  readonly error?: string | undefined;
  readonly cause?: string | undefined;
}

function executionOf({ executionArn, startDate, status = '', error, cause }: Described): RunExecution {
  if (executionArn === undefined || startDate === undefined) {
    throw new Error('Step Functions described an execution without its ARN or its start.');
  }
  return {
    arn: executionArn,
    // A run's id derives from the start time in the execution's context. This one is the same to the millisecond.
    runId: runIdOfExecution({ arn: executionArn, startTime: startDate.toISOString() }),
    startedAt: startDate,
    status: STATUS[status] ?? 'running',
    error: error ?? null,
    cause: cause ?? null,
  };
}

export function createRuns(client: SFNClient, stateMachineArn: string): Runs {
  return {
    async start(input) {
      const command = new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) });
      const { executionArn } = await client.send(command);
      if (executionArn === undefined) throw new Error('Step Functions started an execution without an ARN.');
      return executionArn;
    },
    async describe(executionArn) {
      try {
        return executionOf(await client.send(new DescribeExecutionCommand({ executionArn })));
      } catch (error) {
        if (error instanceof ExecutionDoesNotExist) return null;
        throw error;
      }
    },
    async running() {
      const request = { stateMachineArn, statusFilter: 'RUNNING', maxResults: MOST_RUNNING } as const;
      const { executions } = await client.send(new ListExecutionsCommand(request));
      return (executions ?? []).map(executionOf);
    },
    async stop(executionArn) {
      const cause = 'stopped with: npm run pipeline -- stop';
      await client.send(new StopExecutionCommand({ executionArn, cause }));
    },
    nextOf: (runId) =>
      `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${nextExecutionName(runId)}`,
  };
}
