import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  Choice,
  Condition,
  DefinitionBody,
  Fail,
  type IChainable,
  JsonPath,
  LogLevel,
  Map as MapState,
  Pass,
  StateMachine,
  StateMachineType,
  Succeed,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { ResolvedConfig } from '../../functions/config/config.ts';
import type { Extractors } from './extractors.ts';
import { EXTRACTOR_TIMEOUT_SECONDS } from './extractors.ts';
import type { PipelineFunction } from './pipeline-function.ts';
import { vendedLogName } from './stack-suffix.ts';
import {
  commitObject,
  extractSlice,
  finishRun,
  maintainObject,
  planObject,
  recordFailure,
  SLICE_ITEM,
  startRun,
} from './workflow-tasks.ts';

export interface WorkflowProps {
  readonly pipelineName: string;
  readonly startRun: PipelineFunction;
  readonly recordFailure: PipelineFunction;
  readonly finishRun: PipelineFunction;
  readonly extractors: Extractors;
  /** How many objects run at a time, and how many slices of each. */
  readonly parallelism: ResolvedConfig['parallelism'];
}

/**
 * A run is planned for an hour of the rate allowance. If another client takes three quarters of it, that becomes 4 hours,
 * and throttling by Lambda may add 6.3 (workflow-retries.ts). A run that takes 12 hours is stuck, and would keep its
 * objects from every later run.
 */
const TIMEOUT_HOURS = 12;

const EVERYTHING = { errors: ['States.ALL'], resultPath: '$.error' };

/**
 * One run of a pipeline:
 * ```
 * StartRun → Map SyncObjects ─────────────────────────────────────────────────────→ FinishRun → CheckRun
 *  ⟲ CheckStart, AwaitStart
 *              PlanObject → CheckPlan → Map ExtractSlices ───────────→ CommitObject
 *               ⟲ AwaitPlan               ExtractSlice ⟲ CheckSlice, AwaitSlice
 *              any failure → RecordFailure (the other objects go on)
 * ```
 * An execution may have 25,000 events. docs/decisions/017 derives why this shape stays below that.
 */
export class Workflow extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: WorkflowProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: vendedLogName(this, 'states', props.pipelineName),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromChainable(run(this, props)),
      timeout: Duration.hours(TIMEOUT_HOURS),
      tracingEnabled: true,
      logs: { destination: logGroup, level: LogLevel.ALL, includeExecutionData: false },
    });
    const extractors = Object.values(props.extractors.byObject);
    const called = [props.startRun, props.recordFailure, props.finishRun, ...extractors];
    this.stateMachine.addToRolePolicy(
      new PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: called.map((each) => each.function.functionArn),
      }),
    );
    this.#grantExecutions(props.finishRun, extractors);
  }

  /**
   * FinishRun may start the next run, and an extractor may ask whether the holder of a lease is still running. These are
   * separate policies because functions depend on the default policies of their roles: there, the state machine and its
   * functions would wait for each other.
   */
  #grantExecutions(finish: PipelineFunction, extractors: readonly PipelineFunction[]): void {
    const executions = Stack.of(this).formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${this.stateMachine.stateMachineName}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    new Policy(this, 'StartNextRun', {
      roles: [finish.role],
      statements: [
        new PolicyStatement({
          actions: ['states:StartExecution'],
          resources: [this.stateMachine.stateMachineArn],
        }),
      ],
    });
    new Policy(this, 'AskForExecutions', {
      roles: extractors.map((each) => each.role),
      statements: [new PolicyStatement({ actions: ['states:DescribeExecution'], resources: [executions] })],
    });
  }
}

function run(scope: Construct, props: WorkflowProps): IChainable {
  const arns = Object.entries(props.extractors.byObject).map(([object, { function: fn }]) => [
    object,
    fn.functionArn,
  ]);
  const syncObjects = new MapState(scope, 'SyncObjects', {
    stateName: 'SyncObjects',
    itemsPath: '$.objects',
    maxConcurrency: props.parallelism.objects,
    resultPath: JsonPath.DISCARD,
  }).itemProcessor(object(scope, props));
  const succeeded = new Succeed(scope, 'RunSucceeded', { stateName: 'RunSucceeded' });
  const failed = new Fail(scope, 'RunFailed', {
    stateName: 'RunFailed',
    error: 'RunFailed',
    causePath: '$.cause',
  });
  const checkRun = new Choice(scope, 'CheckRun', { stateName: 'CheckRun' })
    .when(Condition.stringEquals('$.status', 'succeeded'), succeeded)
    .otherwise(failed);
  // The error replaces the input, because the input may be anything and nothing can be added to a list.
  const start = startRun(scope, props.startRun, Object.fromEntries(arns)).addCatch(startFailed(scope), {
    errors: EVERYTHING.errors,
  });
  syncObjects.next(finishRun(scope, props.finishRun)).next(checkRun);
  const wait = awaiting(scope, 'AwaitStart', '$.waitSeconds').next(start);
  const checkStart = new Choice(scope, 'CheckStart', { stateName: 'CheckStart' })
    .when(Condition.stringEquals('$.status', 'wait'), wait)
    .otherwise(syncObjects);
  return start.next(checkStart);
}

/**
 * A run that could not begin ends with one sentence as its cause: the message in Lambda's report of an error,
 * `{errorType, errorMessage, trace}`. Other causes, such as that of a time-out, are plain text already.
 */
function startFailed(scope: Construct): IChainable {
  const read = new Pass(scope, 'ReadRefusal', {
    stateName: 'ReadRefusal',
    parameters: {
      name: JsonPath.stringAt('$.Error'),
      report: JsonPath.stringToJson(JsonPath.stringAt('$.Cause')),
    },
  });
  const refused = new Fail(scope, 'RunRefused', {
    stateName: 'RunRefused',
    errorPath: '$.name',
    causePath: '$.report.errorMessage',
  });
  const failed = new Fail(scope, 'StartFailed', {
    stateName: 'StartFailed',
    errorPath: '$.Error',
    causePath: '$.Cause',
  });
  return new Choice(scope, 'CheckRefusal', { stateName: 'CheckRefusal' })
    .when(Condition.stringMatches('$.Cause', '{*"errorMessage":*}'), read.next(refused))
    .otherwise(failed);
}

/** One object. A failure is recorded and ends this object only, even if recording it fails too. */
function object(scope: Construct, props: WorkflowProps): IChainable {
  const done = new Succeed(scope, 'FinishObject', {
    stateName: 'FinishObject',
    outputPath: JsonPath.DISCARD,
  });
  const failure = recordFailure(scope, props.recordFailure);
  failure.addCatch(done, EVERYTHING);
  failure.next(done);
  const extractSlices = new MapState(scope, 'ExtractSlices', {
    stateName: 'ExtractSlices',
    itemsPath: '$.plan.slices',
    itemSelector: SLICE_ITEM,
    maxConcurrency: props.parallelism.slices,
    resultPath: JsonPath.DISCARD,
  }).itemProcessor(slice(scope));
  const plan = planObject(scope, EXTRACTOR_TIMEOUT_SECONDS).addCatch(failure, EVERYTHING);
  const commit = commitObject(scope, EXTRACTOR_TIMEOUT_SECONDS).addCatch(failure, EVERYTHING);
  const extract = extractSlices.addCatch(failure, EVERYTHING).next(commit).next(maintenance(scope, done));
  const wait = awaiting(scope, 'AwaitPlan', '$.plan.waitSeconds').next(plan);
  const checkPlan = new Choice(scope, 'CheckPlan', { stateName: 'CheckPlan' })
    .when(Condition.stringEquals('$.plan.status', 'planned'), extract)
    .when(Condition.stringEquals('$.plan.status', 'wait'), wait)
    .otherwise(done);
  return plan.next(checkPlan);
}

/** The object is committed, so a failure of this work on its history fails nothing. */
function maintenance(scope: Construct, done: Succeed): IChainable {
  const maintain = maintainObject(scope, EXTRACTOR_TIMEOUT_SECONDS).addCatch(done, EVERYTHING);
  const checkMaintenance = new Choice(scope, 'CheckMaintenance', { stateName: 'CheckMaintenance' })
    .when(Condition.stringEquals('$.maintenance.status', 'continue'), maintain)
    .otherwise(done);
  maintain.next(checkMaintenance);
  return new Choice(scope, 'CheckCommit', { stateName: 'CheckCommit' })
    .when(Condition.booleanEquals('$.commit.maintain', true), maintain)
    .otherwise(done);
}

/** Waiting is free here. A function would be billed for it. */
const awaiting = (scope: Construct, stateName: string, seconds: string): Wait =>
  new Wait(scope, stateName, { stateName, time: WaitTime.secondsPath(seconds) });

/** One slice: called again until it is done, after a wait if it asks for one. */
function slice(scope: Construct): IChainable {
  const extract = extractSlice(scope, EXTRACTOR_TIMEOUT_SECONDS);
  const wait = awaiting(scope, 'AwaitSlice', '$.attempt.waitSeconds');
  const done = new Succeed(scope, 'FinishSlice', { stateName: 'FinishSlice', outputPath: JsonPath.DISCARD });
  const checkSlice = new Choice(scope, 'CheckSlice', { stateName: 'CheckSlice' })
    .when(Condition.stringEquals('$.attempt.status', 'done'), done)
    .when(Condition.stringEquals('$.attempt.status', 'continue'), extract)
    .when(Condition.stringEquals('$.attempt.status', 'wait'), wait.next(extract));
  return extract.next(checkSlice);
}
