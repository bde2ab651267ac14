import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as LambdaFunction, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { ObjectName } from '../../functions/core/names.ts';
import {
  type FunctionEntry,
  type MetricsDetail,
  PLACES_OF,
  type Places,
} from '../../functions/environment.ts';
import type { FunctionCode } from './function-code.ts';
import type { Storage } from './storage.ts';

export interface PipelineFunctionProps {
  /** The entry point. */
  readonly entry: FunctionEntry;
  readonly code: FunctionCode;
  readonly description: string;
  /** Name of the pipeline, and the service in its log lines. */
  readonly pipelineName: string;
  /** @default none: the function emits no metrics */
  readonly metricsDetail?: MetricsDetail;
  /** Where the function finds what its entry uses. This grants no rights. */
  readonly storage: Storage;
  /** Secret of the Intercom app, for the entry that uses it. @default none */
  readonly oauthClient?: Secret;
  /** The object of an extractor. @default none */
  readonly objectName?: ObjectName;
  /** Glue database of an extractor's tables. @default none */
  readonly glueDatabase?: string;
  readonly memoryMiB: number;
  readonly timeoutSeconds: number;
}

/** A function of the pipeline, with its own role without managed policies and its own log group. */
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
      code: props.code(props.entry),
      handler: `${props.entry}.handler`,
      role: this.role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      memorySize: props.memoryMiB,
      timeout: Duration.seconds(props.timeoutSeconds),
      environment: environmentOf(props),
    });
  }
}

/** `CONFIG_PATH` keeps its default, the file beside the bundle. */
function environmentOf(props: PipelineFunctionProps): Readonly<Record<string, string>> {
  const { storage, oauthClient, glueDatabase, entry, objectName, metricsDetail } = props;
  const places: Partial<Places> = {
    BUCKET_NAME: storage.lake.bucketName,
    TABLE_NAME: storage.state.tableName,
    CONNECTION_SECRET_NAME: storage.connection.secretArn,
    HASH_KEY_SECRET_NAME: storage.hashKey.secretArn,
    ...(oauthClient !== undefined && { OAUTH_CLIENT_SECRET_NAME: oauthClient.secretArn }),
    ...(glueDatabase !== undefined && { GLUE_DATABASE: glueDatabase }),
  };
  const known = PLACES_OF[entry].map((name) => {
    const value = places[name];
    if (value === undefined) throw new Error(`${entry} needs ${name}, but nothing gives it.`);
    return [name, value] as const;
  });
  return {
    ...Object.fromEntries(known),
    ...(objectName !== undefined && { OBJECT_NAME: objectName }),
    POWERTOOLS_SERVICE_NAME: props.pipelineName,
    ...(metricsDetail !== undefined && { METRICS_DETAIL: metricsDetail }),
  };
}
