import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  type CfnFunction,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Landscape } from '../../functions/config/landscape.ts';
import type { ObjectName } from '../../functions/core/names.ts';
import {
  type FunctionEntry,
  type MetricsDetail,
  PLACES_OF,
  type Places,
} from '../../functions/environment.ts';
import type { Catalog } from './catalog.ts';
import type { FunctionCode } from './function-code.ts';
import type { Storage } from './storage.ts';

/** What all functions of a pipeline share. */
export interface FunctionContext {
  /** Name of the pipeline, and the service in its log lines. */
  readonly pipelineName: string;
  readonly code: FunctionCode;
  /** Where functions find what their entries use. This grants no rights. */
  readonly storage: Storage;
  readonly catalog: Catalog;
  /** `detailed` adds metrics per object. */
  readonly metricsDetail: MetricsDetail;
  /** Where functions run; null for Lambda's own network. */
  readonly vpc: Landscape['vpc'];
}

export interface PipelineFunctionProps {
  readonly context: FunctionContext;
  /** The entry point. */
  readonly entry: FunctionEntry;
  readonly description: string;
  /** The object of an extractor. @default none */
  readonly objectName?: ObjectName;
  readonly memoryMiB: number;
  readonly timeoutSeconds: number;
  /** Whether the schedules are paused, for the function that starts the next run. @default false */
  readonly paused?: boolean;
  /** Concurrent invocations that Lambda reserves for this function. @default none */
  readonly reserved?: number;
}

const VPC_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/** A function of the pipeline, with its own log group and its own role without managed policies. */
export class PipelineFunction extends Construct {
  readonly function: LambdaFunction;
  /** Starts with the right to write to its own log only. */
  readonly role: Role;
  readonly timeoutSeconds: number;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: PipelineFunctionProps) {
    super(scope, id);
    this.timeoutSeconds = props.timeoutSeconds;
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const logGroup = new LogGroup(this, 'Log', { removalPolicy: RemovalPolicy.DESTROY });
    logGroup.grantWrite(this.role);
    this.logGroup = logGroup;
    this.function = new LambdaFunction(this, 'Function', {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: props.context.code(props.entry),
      handler: `${props.entry}.handler`,
      role: this.role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      memorySize: props.memoryMiB,
      timeout: Duration.seconds(props.timeoutSeconds),
      ...(props.reserved !== undefined && { reservedConcurrentExecutions: props.reserved }),
      environment: environmentOf(props),
    });
    this.#enter(props.context.vpc);
  }

  /** Given by ids alone, because looking up a VPC would need credentials at synthesis. */
  #enter(vpc: Landscape['vpc']): void {
    if (vpc === null) return;
    const { subnetIds, securityGroupIds } = vpc;
    const resource = this.function.node.defaultChild as CfnFunction;
    resource.vpcConfig = { subnetIds: [...subnetIds], securityGroupIds: [...securityGroupIds] };
    // Lambda creates network interfaces with the rights of the function (Lambda Developer Guide: "Giving Lambda
    // functions access to resources in an Amazon VPC"). These actions allow no narrower resource.
    this.role.addToPrincipalPolicy(new PolicyStatement({ actions: VPC_ACTIONS, resources: ['*'] }));
  }
}

/** `CONFIG_PATH` keeps its default, the file beside the bundle. */
function environmentOf({
  context,
  entry,
  objectName,
  paused,
}: PipelineFunctionProps): Readonly<Record<string, string>> {
  const { storage, catalog, pipelineName, metricsDetail } = context;
  const places: Places = {
    BUCKET_NAME: storage.lake.bucketName,
    TABLE_NAME: storage.state.tableName,
    CONNECTION_SECRET_NAME: storage.connection.secretArn,
    HASH_KEY_SECRET_NAME: storage.hashKey.secretArn,
    OAUTH_CLIENT_SECRET_NAME: storage.oauthClient.secretArn,
    GLUE_DATABASE: catalog.databaseName,
  };
  return {
    ...Object.fromEntries(PLACES_OF[entry].map((name) => [name, places[name]])),
    ...(storage.prefix !== '' && PLACES_OF[entry].includes('BUCKET_NAME') && { LAKE_PREFIX: storage.prefix }),
    ...(objectName !== undefined && { OBJECT_NAME: objectName }),
    POWERTOOLS_SERVICE_NAME: pipelineName,
    // Only the callback emits no metrics.
    ...(entry !== 'oauth-callback' && { METRICS_DETAIL: metricsDetail }),
    ...(paused === true && { PAUSED: 'true' }),
  };
}
