import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../functions/config/config.ts';
import { PLACES_OF } from '../../functions/environment.ts';
import type { StackTemplate } from '../../lib/template/intrinsics.ts';
import { synthesize } from '../../lib/template/template.ts';
import { rightsByRole, stackWith } from '../support/infra/rights.ts';

const templates = synthesize(parseConfig({ name: 'shop' }));
const connection = stackWith('AWS::ApiGatewayV2::Api', templates);
const template = Template.fromJSON(structuredClone(connection) as unknown as Record<string, unknown>);

test('the callback reaches two secrets and the items of its own work, and nothing else', () => {
  const state = 'on <State.Arn> if dynamodb:LeadingKeys in oauth#* workspace';
  expect(rightsByRole(connection)).toEqual({
    CallbackRole: [
      `dynamodb:GetItem ${state}`,
      `dynamodb:UpdateItem ${state}`,
      'logs:CreateLogStream on <CallbackLog.Arn>',
      'logs:PutLogEvents on <CallbackLog.Arn>',
      'secretsmanager:GetSecretValue on <Connection>',
      'secretsmanager:GetSecretValue on <OAuthClient>',
      'secretsmanager:PutSecretValue on <Connection>',
    ],
  });
});

test("no other role of the pipeline reaches the app's secret or writes the connection's", () => {
  const others = templates.filter((one) => one !== connection);
  const lines = others.flatMap((one) => Object.values(rightsByRole(one)).flat());
  expect(lines.length).toBeGreaterThan(100);
  expect(lines.filter((line) => line.includes('OAuthClient') || line.includes('PutSecretValue'))).toEqual([]);
});

test('its environment names neither the bucket nor the hash key', () => {
  template.hasResourceProperties('AWS::Lambda::Function', {
    Handler: 'oauth-callback.handler',
    Timeout: 29,
    Environment: { Variables: Match.objectLike({ POWERTOOLS_SERVICE_NAME: 'shop' }) },
  });
  const [callback] = Object.values(template.findResources('AWS::Lambda::Function'));
  expect(Object.keys(callback?.Properties.Environment.Variables).toSorted()).toEqual(
    [...PLACES_OF['oauth-callback'], 'POWERTOOLS_SERVICE_NAME'].toSorted(),
  );
});

test('the secret of the app begins unfilled, always with the same text, and stays when the stack goes', () => {
  template.hasResource('AWS::SecretsManager::Secret', {
    DeletionPolicy: 'RetainExceptOnCreate',
    UpdateReplacePolicy: 'Retain',
    Properties: { SecretString: '{"client_id":"","client_secret":""}', Name: Match.absent() },
  });
});

describe('the API', () => {
  test('has one route, and hands it to one function in the format that it reads', () => {
    const routes = Object.values(template.findResources('AWS::ApiGatewayV2::Route'));
    expect(routes.map(({ Properties }) => Properties.RouteKey)).toEqual(['ANY /callback']);
    template.hasResourceProperties('AWS::ApiGatewayV2::Integration', {
      IntegrationType: 'AWS_PROXY',
      PayloadFormatVersion: '2.0',
    });
    template.resourceCountIs('AWS::Lambda::Permission', 1);
    template.hasResourceProperties('AWS::Lambda::Permission', {
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
      SourceArn: { 'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp('/\\*/\\*/callback$')])] },
    });
  });

  test('lets few requests through', () => {
    template.resourceCountIs('AWS::ApiGatewayV2::Stage', 1);
    template.hasResourceProperties('AWS::ApiGatewayV2::Stage', {
      DefaultRouteSettings: { ThrottlingRateLimit: 2, ThrottlingBurstLimit: 5 },
    });
  });

  test('logs each request in JSON, without its query or who sent it, for a while', () => {
    const [stage] = Object.values(template.findResources('AWS::ApiGatewayV2::Stage'));
    const { Format, DestinationArn } = stage?.Properties.AccessLogSettings ?? {};
    expect(JSON.parse(Format)).toEqual({
      requestId: '$context.requestId',
      time: '$context.requestTime',
      method: '$context.httpMethod',
      route: '$context.routeKey',
      status: '$context.status',
      latencyMs: '$context.responseLatency',
      functionStatus: '$context.integrationStatus',
      error: '$context.error.responseType',
    });
    const [logGroup = ''] = DestinationArn['Fn::GetAtt'];
    const group = (connection as StackTemplate).Resources[logGroup];
    expect(group).toMatchObject({ Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 90 } });
  });
});

test('the outputs are what a person needs to register the app', () => {
  expect(Object.keys(connection.Outputs ?? {}).toSorted()).toEqual(['CallbackUrl', 'OAuthClientSecretArn']);
  template.hasOutput('CallbackUrl', {
    Value: { 'Fn::Join': ['', [Match.anyValue(), '/callback']] },
    Description: Match.stringLikeRegexp('Redirect URL'),
  });
});

test('nothing has a physical name; that of the API need not be unique', () => {
  const types: Record<string, string> = {
    'AWS::Lambda::Function': 'FunctionName',
    'AWS::IAM::Role': 'RoleName',
    'AWS::Logs::LogGroup': 'LogGroupName',
    'AWS::SecretsManager::Secret': 'Name',
  };
  for (const { Type, Properties } of Object.values(connection.Resources)) {
    expect(Object.keys(Properties ?? {})).not.toContain(types[Type] ?? 'none');
  }
  template.hasResourceProperties('AWS::ApiGatewayV2::Api', { Name: 'shop-callback' });
});
