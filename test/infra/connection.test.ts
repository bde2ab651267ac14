import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../functions/config/config.ts';
import { PLACES_OF } from '../../functions/environment.ts';
import type { StackTemplate } from '../../lib/template/intrinsics.ts';
import { synthesize } from '../../lib/template/template.ts';
import { rightsByRole, stackWith } from '../support/infra/rights.ts';

const pipeline = stackWith('AWS::ApiGatewayV2::Api', synthesize(parseConfig({ name: 'shop' })));
const template = Template.fromJSON(structuredClone(pipeline) as unknown as Record<string, unknown>);
const { CallbackRole, ...otherRoles } = rightsByRole(pipeline);

test('the callback reaches two secrets and its own items, and nothing else', () => {
  const state = 'on <State.Arn> if dynamodb:LeadingKeys in oauth#* workspace';
  expect(CallbackRole).toEqual([
    `dynamodb:GetItem ${state}`,
    `dynamodb:UpdateItem ${state}`,
    'logs:CreateLogStream on <CallbackLog.Arn>',
    'logs:PutLogEvents on <CallbackLog.Arn>',
    'secretsmanager:GetSecretValue on <Connection>',
    'secretsmanager:GetSecretValue on <OAuthClient>',
    'secretsmanager:PutSecretValue on <Connection>',
  ]);
});

test("no other role of the pipeline reaches the app's secret or writes the connection's", () => {
  const lines = Object.values(otherRoles).flat();
  expect(lines.length).toBeGreaterThan(100);
  expect(lines.filter((line) => line.includes('OAuthClient') || line.includes('PutSecretValue'))).toEqual([]);
});

test('its environment names neither the bucket nor the hash key', () => {
  template.hasResourceProperties('AWS::Lambda::Function', {
    Handler: 'oauth-callback.handler',
    Timeout: 29,
    Environment: { Variables: Match.objectLike({ POWERTOOLS_SERVICE_NAME: 'shop' }) },
  });
  const [callback] = Object.values(
    template.findResources('AWS::Lambda::Function', { Properties: { Handler: 'oauth-callback.handler' } }),
  );
  expect(Object.keys(callback?.Properties.Environment.Variables).toSorted()).toEqual(
    [...PLACES_OF['oauth-callback'], 'POWERTOOLS_SERVICE_NAME'].toSorted(),
  );
});

describe('the API', () => {
  test('has one route to one function, in the format that the function reads', () => {
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

  test('logs each request in JSON, without its query or sender, for a while', () => {
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
    const group = (pipeline as StackTemplate).Resources[logGroup];
    expect(group).toMatchObject({
      Type: 'AWS::Logs::LogGroup',
      Properties: {
        LogGroupName: {
          'Fn::Join': ['', ['/aws/vendedlogs/apis/shop-', { 'Fn::Select': expect.anything() }]],
        },
        RetentionInDays: 90,
      },
    });
  });
});

test('an output has what a person needs to register the app', () => {
  template.hasOutput('CallbackUrl', {
    Value: { 'Fn::Join': ['', [Match.anyValue(), '/callback']] },
    Description: Match.stringLikeRegexp('Redirect URL'),
  });
});

test('the API has a name, which need not be unique', () => {
  template.hasResourceProperties('AWS::ApiGatewayV2::Api', { Name: 'shop-callback' });
});
