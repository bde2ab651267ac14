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
  readonly startRun: PipelineFunction;
  readonly recordFailure: PipelineFunction;
  readonly finishRun: PipelineFunction;
  readonly extractors: Extractors;
  /** Objects at a time, and slices of each at a time. */
  readonly parallelism: ResolvedConfig['parallelism'];
}

/**
 * A run is planned for an hour of the rate allowance. Another client that takes three quarters of it
 * makes that 4 hours, throttling by Lambda may add 6.3 (workflow-retries.ts); what is still running
 * after 12 is stuck, and would keep its objects from every later run.
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
 * Events, of which an execution may have 25,000. A call of a function makes 5 (entered, scheduled, started,
 * succeeded, exited), a Choice, Wait or Succeed 2, a Map 4 and 2 for each item. With N invocations
 * for a slice that is 2 + 7 N + 2 a slice, and 2 + 5 + 2 + 4 + 5 + 2 = 20 an object besides, 22 for the run:
 * 16 objects × 100 slices are 22 + 16 × (20 + 100 × (4 + 7 N)) = 6,742 + 11,200 N. N = 1 is 17,942; on average
 * N may be 1.6. An invocation ends because its slice is done or because its 14 minutes are over, so the
 * second kind is bounded by time: 64 at once (8 × 8) make 274 an hour, which is N = 1.17 and 19,862 events
 * for the hour a run is planned for, and they reach 25,000 after 3.7 hours. Only 5 of the 16 objects are ever
 * cut into more than a few slices, and those alone (5 × 100) make 22 + 16 × 20 + 500 × (4 + 7 N): N may be 6.4.
 * What it implies: the plan's bound of 100 slices must stay, a wait of seconds belongs into the invocation
 * (9 events a round here), and `parallelism` far beyond 8 × 8 shortens the time until a slow run is ended by its history.
 *
 * Waits for a share of `concurrency` (functions/core/cap-shares.ts) come on top, 9 events a round. Each of the 5 × 100
 * slices may have to wait when it begins: 4,500. One sleeper wakes every 30 s, 1,080 events an hour, and may make one
 * invocation stop, which costs 7 + 9: 3,000 an hour at most. Beside the slices (5,842 with N = 1) 14,658 are left:
 * 4.9 hours if objects take turns all the time, all of the 12 if none has to.
 */
export class Workflow extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: WorkflowProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Log', { removalPolicy: RemovalPolicy.DESTROY });
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
   * FinishRun may start the next run, an extractor may ask whether a lease's holder still runs. These are
   * policies of their own: in the roles' default policies, on which the functions depend, the state machine
   * would wait for the functions it names and they for it.
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
  // The error takes the place of the input, which may be anything, and to a list nothing can be added.
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
 * A run that could not begin ends with one sentence as its cause: of the report that Lambda makes of an error,
 * `{errorType, errorMessage, trace}`, the message. Other causes, such as a time-out's, are texts already.
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

/** One object. Whatever fails is recorded and ends this object only, even where recording it fails too. */
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

/** The object is committed: whatever becomes of its history, nothing of this run fails. */
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

/** Waiting is free here, and billed in a function. */
const awaiting = (scope: Construct, stateName: string, seconds: string): Wait =>
  new Wait(scope, stateName, { stateName, time: WaitTime.secondsPath(seconds) });

/** One slice: called again until it is done, after a wait where it asks for one. */
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
