import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  DomainName,
  HttpApi,
  HttpMethod,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Landscape } from '../../functions/config/landscape.ts';
import { grantSecret, grantSecretWrite, grantState, STATE_KEYS } from './access.ts';
import { type FunctionContext, PipelineFunction } from './pipeline-function.ts';
import { vendedLogName } from './stack-suffix.ts';

export interface OAuthCallbackProps {
  readonly context: FunctionContext;
  /** A domain of the user; null for the address that API Gateway gives. */
  readonly domain: Landscape['callbackDomain'];
}

/** A person authorizes once in a while. These limits keep anyone who probes the address from causing costs. */
const REQUESTS_PER_SECOND = 2;
const BURST = 5;

/** The function mostly waits for Intercom. More memory makes it start faster while a person waits. */
const MEMORY_MIB = 512;

/** An HTTP API waits 30 s for its function. */
const TIMEOUT_SECONDS = 29;

const PATH = '/callback';

/** What API Gateway logs of each request: never the query, which holds code and state, nor the sender. */
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

/** The public end of the OAuth flow: one address and one function. */
export class OAuthCallback extends Construct {
  /** The redirect URL, to which Intercom sends the browser back. */
  readonly url: string;

  constructor(scope: Construct, id: string, { context, domain }: OAuthCallbackProps) {
    super(scope, id);
    const { pipelineName, storage } = context;
    const callback = new PipelineFunction(this, 'Callback', {
      context,
      entry: 'oauth-callback',
      description: `Completes the authorization of the ${pipelineName} pipeline at Intercom`,
      memoryMiB: MEMORY_MIB,
      timeoutSeconds: TIMEOUT_SECONDS,
    });
    grantSecret(callback.role, storage.oauthClient);
    grantSecret(callback.role, storage.connection);
    grantSecretWrite(callback.role, storage.connection);
    grantState(callback.role, storage.state, [...STATE_KEYS.authorizations, ...STATE_KEYS.workspace]);

    const api = new HttpApi(this, 'Api', {
      apiName: `${pipelineName}-callback`,
      description: `OAuth callback of the ${pipelineName} pipeline (Intercom to S3)`,
      createDefaultStage: false,
      // With a domain, there is one address.
      disableExecuteApiEndpoint: domain !== null,
    });
    const log = new LogGroup(this, 'AccessLog', {
      logGroupName: vendedLogName(this, 'apis', pipelineName),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new HttpStage(this, 'Stage', {
      httpApi: api,
      autoDeploy: true,
      ...(domain !== null && { domainMapping: { domainName: this.#domain(domain) } }),
      throttle: { rateLimit: REQUESTS_PER_SECOND, burstLimit: BURST },
      accessLogSettings: {
        destination: new LogGroupLogDestination(log),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
    });
    // Every method, so that the function can name the right one.
    api.addRoutes({
      path: PATH,
      methods: [HttpMethod.ANY],
      integration: new HttpLambdaIntegration('Integration', callback.function),
    });
    this.url = domain === null ? `${api.apiEndpoint}${PATH}` : `https://${domain.name}${PATH}`;
  }

  #domain({ name, certificateArn }: NonNullable<Landscape['callbackDomain']>): DomainName {
    const certificate = Certificate.fromCertificateArn(this, 'Certificate', certificateArn);
    const domain = new DomainName(this, 'Domain', { domainName: name, certificate });
    new CfnOutput(Stack.of(this), 'CallbackDomainTarget', {
      value: domain.regionalDomainName,
      description: `Name that ${name} must point to, as a CNAME or an alias record`,
    });
    return domain;
  }
}
