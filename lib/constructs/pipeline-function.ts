import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as LambdaFunction, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ObjectName } from '../../functions/core/names.ts';
import type { Environment, MetricsDetail } from '../../functions/environment.ts';
import type { FunctionCode, FunctionEntry } from './function-code.ts';
import type { Storage } from './storage.ts';

export interface PipelineFunctionProps {
  /** Which entry point runs. */
  readonly entry: FunctionEntry;
  readonly code: FunctionCode;
  readonly description: string;
  /** Name of the pipeline; the service of its log lines. */
  readonly pipelineName: string;
  readonly metricsDetail: MetricsDetail;
  /** Where the function finds bucket, table and secrets. It gives no rights to them. */
  readonly storage: Storage;
  /** The object of an extractor. @default none */
  readonly objectName?: ObjectName;
  readonly memoryMiB: number;
  readonly timeoutSeconds: number;
}

/** A function as all of this pipeline are: its own role without managed policies, its own log group. */
export class PipelineFunction extends Construct {
  readonly function: LambdaFunction;
  /** Starts with the right to write its own log, and nothing else. */
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
      environment: { ...environmentOf(props) },
    });
  }
}

/** `CONFIG_PATH` is left to its default, the file beside the bundle. */
function environmentOf(props: PipelineFunctionProps): Omit<Environment, 'CONFIG_PATH'> {
  return {
    BUCKET_NAME: props.storage.lake.bucketName,
    TABLE_NAME: props.storage.state.tableName,
    CONNECTION_SECRET_NAME: props.storage.connection.secretArn,
    HASH_KEY_SECRET_NAME: props.storage.hashKey.secretArn,
    ...(props.objectName !== undefined && { OBJECT_NAME: props.objectName }),
    POWERTOOLS_SERVICE_NAME: props.pipelineName,
    METRICS_DETAIL: props.metricsDetail,
  };
}
