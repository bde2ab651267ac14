import { RemovalPolicy, SecretValue } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { grantSecret, grantSecretWrite, grantState, STATE_KEYS } from './access.ts';
import type { FunctionCode } from './function-code.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { Storage } from './storage.ts';

export interface OAuthCallbackProps {
  readonly pipelineName: string;
  readonly code: FunctionCode;
  readonly storage: Storage;
}

/** A person authorizes once in a while; these keep whoever tries the address out from costing anything. */
const REQUESTS_PER_SECOND = 2;
const BURST = 5;

/** Mostly waits for Intercom; more memory is a faster start while a person waits. */
const MEMORY_MIB = 512;

/** An HTTP API waits 30 s for its function. */
const TIMEOUT_SECONDS = 29;

const PATH = '/callback';

/** What API Gateway notes of each request: never the query, which holds code and state, nor who sent it. */
const ACCESS_LOG = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  method: '$context.httpMethod',
  route: '$context.routeKey',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  functionStatus: '$context.integrationStatus',
  error: '$context.error.responseType',
};

/** The public end of the OAuth flow: one address, one function, and the secret of the user's app at Intercom. */
export class OAuthCallback extends Construct {
  /** `{"client_id", "client_secret"}` of the app, filled in by the user. */
  readonly client: Secret;
  /** Where Intercom sends the browser back to. */
  readonly url: string;

  constructor(scope: Construct, id: string, { pipelineName, code, storage }: OAuthCallbackProps) {
    super(scope, id);
    // CloudFormation writes the value again whenever it changes here, over what was filled in: it must stay as it is.
    this.client = new Secret(this, 'OAuthClient', {
      description: 'Client id and secret of your Intercom app, for the connect command; fill it in once',
      secretStringValue: SecretValue.unsafePlainText('{"client_id":"","client_secret":""}'),
      ...(storage.key && { encryptionKey: storage.key }),
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    const callback = new PipelineFunction(this, 'Callback', {
      entry: 'oauth-callback',
      code,
      description: `Completes the authorization of the ${pipelineName} pipeline at Intercom`,
      pipelineName,
      storage,
      oauthClient: this.client,
      memoryMiB: MEMORY_MIB,
      timeoutSeconds: TIMEOUT_SECONDS,
    });
    grantSecret(callback.role, this.client);
    grantSecret(callback.role, storage.connection);
    grantSecretWrite(callback.role, storage.connection);
    grantState(callback.role, storage.state, [...STATE_KEYS.authorizations, ...STATE_KEYS.workspace]);

    const api = new HttpApi(this, 'Api', {
      apiName: `${pipelineName}-callback`,
      description: `OAuth callback of the ${pipelineName} pipeline (Intercom to S3)`,
      createDefaultStage: false,
    });
    const log = new LogGroup(this, 'AccessLog', { removalPolicy: RemovalPolicy.DESTROY });
    new HttpStage(this, 'Stage', {
      httpApi: api,
      autoDeploy: true,
      throttle: { rateLimit: REQUESTS_PER_SECOND, burstLimit: BURST },
      accessLogSettings: {
        destination: new LogGroupLogDestination(log),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
    });
    // Every method, so that the function can say which one is meant.
    api.addRoutes({
      path: PATH,
      methods: [HttpMethod.ANY],
      integration: new HttpLambdaIntegration('Integration', callback.function),
    });
    this.url = `${api.apiEndpoint}${PATH}`;
  }
}
