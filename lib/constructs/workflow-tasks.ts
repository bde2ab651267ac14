/** The function calls of the workflow, typed by the events that the functions take. */
import { Aws } from 'aws-cdk-lib';
import { CustomState, FieldUtils, JsonPath } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type {
  CommitResult,
  ExtractorEvent,
  ExtractResult,
  FinishRunEvent,
  FinishRunResult,
  MaintainResult,
  ObjectItem,
  PlanResult,
  RecordFailureEvent,
  SliceItem,
  StartRunEvent,
  StartRunResult,
} from '../../functions/core/workflow.ts';
import type { PipelineFunction } from './pipeline-function.ts';
import { RETRIES } from './workflow-retries.ts';

/** A lost invocation ends as States.Timeout this long after the function's own timeout. */
const LOST_AFTER_SECONDS = 60;

/** A reference into the state's input or the context object (`$$`), typed as the value that the event will hold. */
const at = <T>(path: string): T => {
  const reference: unknown = JsonPath.objectAt(path);
  return reference as T;
};

interface InvokeProps<Event, Result> {
  /** The ARN, or its path in the input. */
  readonly functionArn: string;
  readonly timeoutSeconds: number;
  readonly payload: Event;
  /** Fields of the answer to keep. @default none; the input of the state goes on unchanged */
  readonly keep?: readonly (keyof Result & string)[];
  /** The path that receives them. @default they replace the input */
  readonly keepAt?: string;
}

/**
 * `lambda:invoke` as raw ASL. With the CDK's own task, a function taken from the input needs a role that may invoke
 * every function. The workflow grants the functions one by one.
 */
function invoke<Event, Result>(
  scope: Construct,
  stateName: string,
  props: InvokeProps<Event, Result>,
): CustomState {
  const { keep, keepAt } = props;
  const state = new CustomState(scope, stateName, {
    stateJson: {
      Type: 'Task',
      Resource: `arn:${Aws.PARTITION}:states:::lambda:invoke`,
      Parameters: FieldUtils.renderObject({ FunctionName: props.functionArn, Payload: props.payload }),
      TimeoutSeconds: props.timeoutSeconds + LOST_AFTER_SECONDS,
      ...(keep === undefined
        ? { ResultPath: null }
        : { ResultSelector: Object.fromEntries(keep.map((key) => [`${key}.$`, `$.Payload.${key}`])) }),
      ...(keepAt !== undefined && { ResultPath: keepAt }),
    },
  });
  for (const retry of RETRIES) state.addRetry(retry);
  return state;
}

const execution = () => at<string>('$$.Execution.Id');

/** What every call of an object's function carries. `$` holds the fields of the ObjectItem. */
const objectEvent = () => ({
  object: at<ObjectItem['object']>('$.object'),
  runId: at<string>('$.runId'),
  execution: execution(),
});

export const startRun = (
  scope: Construct,
  { function: fn, timeoutSeconds }: PipelineFunction,
  extractors: StartRunEvent['extractors'],
): CustomState =>
  invoke<StartRunEvent, StartRunResult>(scope, 'StartRun', {
    functionArn: fn.functionArn,
    timeoutSeconds,
    payload: {
      execution: { arn: execution(), startTime: at('$$.Execution.StartTime') },
      input: at('$$.Execution.Input'),
      extractors,
    },
    keep: ['status', 'waitSeconds', 'runId', 'objects'],
  });

export const planObject = (scope: Construct, timeoutSeconds: number): CustomState =>
  invoke<ExtractorEvent, PlanResult>(scope, 'PlanObject', {
    functionArn: JsonPath.stringAt('$.functionArn'),
    timeoutSeconds,
    payload: { operation: 'plan', ...objectEvent() },
    keep: ['status', 'slices', 'waitSeconds'],
    keepAt: '$.plan',
  });

/** The fields of an item of the Map over slices: those of the object, and the slice. */
export const SLICE_ITEM: Readonly<Record<keyof ObjectItem | keyof SliceItem, string>> = {
  object: JsonPath.stringAt('$.object'),
  functionArn: JsonPath.stringAt('$.functionArn'),
  runId: JsonPath.stringAt('$.runId'),
  slice: JsonPath.stringAt('$$.Map.Item.Value.slice'),
};

export const extractSlice = (scope: Construct, timeoutSeconds: number): CustomState =>
  invoke<ExtractorEvent, ExtractResult>(scope, 'ExtractSlice', {
    functionArn: JsonPath.stringAt('$.functionArn'),
    timeoutSeconds,
    payload: { operation: 'extract', slice: at('$.slice'), ...objectEvent() },
    keep: ['status', 'waitSeconds'],
    keepAt: '$.attempt',
  });

export const commitObject = (scope: Construct, timeoutSeconds: number): CustomState =>
  invoke<ExtractorEvent, CommitResult>(scope, 'CommitObject', {
    functionArn: JsonPath.stringAt('$.functionArn'),
    timeoutSeconds,
    payload: { operation: 'commit', ...objectEvent() },
    keep: ['maintain'],
    keepAt: '$.commit',
  });

export const maintainObject = (scope: Construct, timeoutSeconds: number): CustomState =>
  invoke<ExtractorEvent, MaintainResult>(scope, 'MaintainObject', {
    functionArn: JsonPath.stringAt('$.functionArn'),
    timeoutSeconds,
    payload: { operation: 'maintain', ...objectEvent() },
    keep: ['status'],
    keepAt: '$.maintenance',
  });

export const recordFailure = (
  scope: Construct,
  { function: fn, timeoutSeconds }: PipelineFunction,
): CustomState =>
  invoke<RecordFailureEvent, unknown>(scope, 'RecordFailure', {
    functionArn: fn.functionArn,
    timeoutSeconds,
    payload: { ...objectEvent(), error: at('$.error') },
  });

export const finishRun = (
  scope: Construct,
  { function: fn, timeoutSeconds }: PipelineFunction,
): CustomState =>
  invoke<FinishRunEvent, FinishRunResult>(scope, 'FinishRun', {
    functionArn: fn.functionArn,
    timeoutSeconds,
    payload: { runId: at('$.runId'), execution: execution(), stateMachine: at('$$.StateMachine.Id') },
    keep: ['status', 'cause', 'runId', 'nextRunStarted'],
  });
