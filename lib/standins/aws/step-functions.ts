import { randomUUID } from 'node:crypto';
import {
  AwsFailure,
  type JsonObject,
  type JsonOperations,
  optionalString,
  requiredString,
} from './json-protocol.ts';

interface StartedExecution {
  readonly executionArn: string;
  readonly startDate: Date;
}

export interface RunningExecution extends StartedExecution {
  readonly name: string;
  readonly stateMachineArn: string;
}

export interface ExecutionDescription {
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED' | 'TIMED_OUT';
  readonly name?: string;
  readonly stateMachineArn?: string;
  readonly startDate?: Date;
  readonly stopDate?: Date;
  readonly input?: string;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
}

/** Runs executions. If `start` throws an error with the name of a Step Functions error, the caller receives that error. */
export interface ExecutionsBackend {
  start(request: {
    readonly stateMachineArn: string;
    readonly name: string;
    readonly input: string;
  }): Promise<StartedExecution>;
  /** Undefined if the execution does not exist. */
  describe(executionArn: string): Promise<ExecutionDescription | undefined>;
  /** Executions in progress, newest first. Without this function none are listed. */
  running?(): Promise<readonly RunningExecution[]>;
  /** Ends an execution in progress. Without this function nothing can be stopped. */
  stop?(executionArn: string): void;
}

/** The default backend: it runs nothing. */
export const noExecutions: ExecutionsBackend = {
  start: async ({ stateMachineArn }) => {
    throw new AwsFailure('StateMachineDoesNotExist', `There is no state machine ${stateMachineArn} here.`);
  },
  describe: async () => undefined,
};

const START_ERRORS: ReadonlySet<string> = new Set([
  'ExecutionAlreadyExists',
  'ExecutionLimitExceeded',
  'InvalidArn',
  'InvalidExecutionInput',
  'InvalidName',
  'StateMachineDeleting',
  'StateMachineDoesNotExist',
]);

/** A subset of the names that Step Functions allows. */
const EXECUTION_NAME = /^[\w.-]{1,80}$/;

/** `StartExecution`, `DescribeExecution`, `StopExecution`, and `ListExecutions` for executions in progress. */
export function stepFunctionsOperations(executions: ExecutionsBackend): JsonOperations {
  return {
    'AWSStepFunctions.StartExecution': (request) => startExecution(executions, request),
    'AWSStepFunctions.DescribeExecution': (request) => describeExecution(executions, request),
    'AWSStepFunctions.StopExecution': (request) => stopExecution(executions, request),
    'AWSStepFunctions.ListExecutions': (request) => listExecutions(executions, request),
  };
}

async function startExecution(executions: ExecutionsBackend, request: JsonObject): Promise<JsonObject> {
  const stateMachineArn = requiredString(request, 'stateMachineArn');
  const name = optionalString(request, 'name') ?? randomUUID();
  const input = optionalString(request, 'input') ?? '{}';
  if (!EXECUTION_NAME.test(name))
    throw new AwsFailure('InvalidName', `The execution name ${name} is not allowed.`);
  if (!isJson(input))
    throw new AwsFailure('InvalidExecutionInput', 'The input of the execution is not JSON.');
  const { executionArn, startDate } = await executions
    .start({ stateMachineArn, name, input })
    .catch((error: unknown) => {
      throw error instanceof Error && START_ERRORS.has(error.name)
        ? new AwsFailure(error.name, error.message)
        : error;
    });
  return { executionArn, startDate: epochSeconds(startDate) };
}

async function describeExecution(executions: ExecutionsBackend, request: JsonObject): Promise<JsonObject> {
  const executionArn = requiredString(request, 'executionArn');
  const found = await executions.describe(executionArn);
  if (found === undefined) {
    throw new AwsFailure('ExecutionDoesNotExist', `There is no execution ${executionArn}.`);
  }
  const { startDate, stopDate, ...rest } = found;
  return {
    executionArn,
    ...rest,
    ...(startDate && { startDate: epochSeconds(startDate) }),
    ...(stopDate && { stopDate: epochSeconds(stopDate) }),
  };
}

async function stopExecution(executions: ExecutionsBackend, request: JsonObject): Promise<JsonObject> {
  const executionArn = requiredString(request, 'executionArn');
  if (executions.stop === undefined || (await executions.describe(executionArn)) === undefined) {
    throw new AwsFailure('ExecutionDoesNotExist', `There is no execution ${executionArn}.`);
  }
  executions.stop(executionArn);
  return { stopDate: epochSeconds(new Date()) };
}

async function listExecutions(executions: ExecutionsBackend, request: JsonObject): Promise<JsonObject> {
  const stateMachineArn = requiredString(request, 'stateMachineArn');
  if (optionalString(request, 'statusFilter') !== 'RUNNING') {
    throw new AwsFailure('ValidationException', 'Only executions in progress can be listed here: RUNNING.');
  }
  const running = (await executions.running?.()) ?? [];
  return {
    executions: running
      .filter((one) => one.stateMachineArn === stateMachineArn)
      .map(({ startDate, ...rest }) => ({ ...rest, status: 'RUNNING', startDate: epochSeconds(startDate) })),
  };
}

function epochSeconds(date: Date): number {
  return date.getTime() / 1000;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
