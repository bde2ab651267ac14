/**
 * What travels through the state machine: names and counts, never data (plans and receipts are in S3). Both
 * the construct that writes the definition and the handlers that run in it use these types.
 */
import type { ObjectName } from './names.ts';

/** The execution, from the state machine's context object. */
export interface ExecutionRef {
  /** `$$.Execution.Id` */
  readonly arn: string;
  /** `$$.Execution.StartTime`, ISO 8601 */
  readonly startTime: string;
}

/** Event of the StartRun function. */
export interface StartRunEvent {
  readonly execution: ExecutionRef;
  /** The execution's input from the user or the schedule; unchecked. */
  readonly input: unknown;
  /** ARN of each configured object's extractor, written into the definition at synthesis. */
  readonly extractors: Readonly<Partial<Record<ObjectName, string>>>;
}

/** One item of the Map over objects. */
export interface ObjectItem {
  readonly object: ObjectName;
  readonly functionArn: string;
  readonly runId: string;
}

/** `wait`: nothing has started; call again after `waitSeconds`. */
export interface StartRunResult {
  readonly status: 'started' | 'wait';
  readonly waitSeconds: number;
  readonly runId: string;
  readonly objects: readonly ObjectItem[];
}

interface ExtractorEventBase {
  readonly object: ObjectName;
  readonly runId: string;
  /** ARN of the execution, which holds the lease. */
  readonly execution: string;
}

/** Event of an extractor function: plan, extract and commit are operations of the object's own function. */
export type ExtractorEvent =
  | (ExtractorEventBase & { readonly operation: 'plan' })
  | (ExtractorEventBase & { readonly operation: 'extract'; readonly slice: string })
  | (ExtractorEventBase & { readonly operation: 'commit' })
  | (ExtractorEventBase & { readonly operation: 'maintain' });

/** One item of the Map over slices. */
export interface SliceItem {
  readonly slice: string;
}

/**
 * `planned`: extract the slices, then commit. `committed`: this run already committed the object (a repeated
 * Plan). `skipped`: another execution holds the lease. `unavailable`: the workspace or its Intercom plan does
 * not have the object. `wait`: all of `concurrency` is in use, call again after `waitSeconds`. Only `planned` has slices.
 */
export interface PlanResult {
  readonly status: 'planned' | 'committed' | 'skipped' | 'unavailable' | 'wait';
  readonly slices: readonly SliceItem[];
  /** 0 unless the status is `wait`. */
  readonly waitSeconds: number;
}

/** `continue`: call again. `wait`: call again after `waitSeconds` in a Wait state, which is not billed. */
export interface ExtractResult {
  readonly status: 'done' | 'continue' | 'wait';
  readonly waitSeconds: number;
}

export interface CommitResult {
  readonly status: 'committed';
  readonly rows: number;
  /** The object's history should be put together: call `maintain` until it is done. */
  readonly maintain: boolean;
}

/** `continue`: call again. */
export interface MaintainResult {
  readonly status: 'done' | 'continue';
}

/** Event of the RecordFailure function; `error` comes from the workflow's Catch. */
export interface RecordFailureEvent {
  readonly object: ObjectName;
  readonly runId: string;
  readonly execution: string;
  readonly error: { readonly Error: string; readonly Cause?: string };
}

/** Event of the FinishRun function. */
export interface FinishRunEvent {
  readonly runId: string;
  readonly execution: string;
  /** `$$.StateMachine.Id`. If work remains, the next run starts there. */
  readonly stateMachine: string;
}

/** Name of the execution that continues a run that left work. A repeated FinishRun uses the same name: no second one. */
export const nextExecutionName = (runId: string): string => `${runId}-next`;

export interface FinishRunResult {
  readonly status: 'succeeded' | 'failed';
  readonly runId: string;
  /** One sentence for the state machine's Fail state; empty if the run succeeded. */
  readonly cause: string;
  /** True if work remained and the next run was started. */
  readonly nextRunStarted: boolean;
}
