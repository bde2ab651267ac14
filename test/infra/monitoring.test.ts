import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PipelineConfig, parseConfig, parseDeployment } from '../../functions/config/config.ts';
import { METRICS, type MetricName } from '../../functions/core/metrics.ts';
import { DEFAULT_OBJECTS, isOptional, type ObjectName } from '../../functions/core/names.ts';
import type { MetricsDetail } from '../../functions/environment.ts';
import { createEmfMetrics } from '../../functions/telemetry/emf-metrics.ts';
import { addPipeline } from '../../lib/stacks/pipeline.ts';
import type { StackTemplate } from '../../lib/template/intrinsics.ts';
import { type Sample, samplesOf } from '../support/emf.ts';

interface MetricStat {
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Period?: number;
}

interface AlarmProperties extends MetricStat {
  readonly AlarmDescription: string;
  readonly AlarmActions?: readonly unknown[];
  readonly InsufficientDataActions?: readonly unknown[];
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm: number;
  readonly TreatMissingData: string;
  readonly ComparisonOperator: string;
  readonly Threshold: number;
  readonly Statistic?: string;
  readonly Metrics?: unknown;
}

const { context } = JSON.parse(readFileSync(join(import.meta.dirname, '../../cdk.json'), 'utf8'));
const config = parseConfig({ name: 'shop' });
let outdir: string;
beforeAll(async () => {
  outdir = await mkdtemp(join(tmpdir(), 'monitoring-'));
});
afterAll(() => rm(outdir, { recursive: true, force: true }));

let apps = 0;

/** The stack with the alarms, for a configuration. */
function monitoring(written: PipelineConfig = {}, of = config): StackTemplate {
  apps += 1;
  const app = new App({ outdir: join(outdir, String(apps)), context });
  const code = () => Code.fromInline('//');
  const { pipeline: stack } = addPipeline(app, of, code, parseDeployment(written));
  app.synth();
  return Template.fromStack(stack).toJSON() as StackTemplate;
}

const ofType = (template: StackTemplate, type: string): readonly [string, Record<string, unknown>][] =>
  Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === type)
    .map(([name, { Properties }]) => [name, { ...Properties }]);

const alarmsOf = (template: StackTemplate): Readonly<Record<string, AlarmProperties>> =>
  Object.fromEntries(
    ofType(template, 'AWS::CloudWatch::Alarm').map(([id, properties]) => [
      id.replace(/^MonitoringAlarms/, '').replace(/[0-9A-F]{8}$/, ''),
      properties as unknown as AlarmProperties,
    ]),
  );

/** What the functions' own adapter emits, as CloudWatch reads it. */
function emitted(detail: MetricsDetail): readonly Sample[] {
  const lines: string[] = [];
  const metrics = createEmfMetrics({ pipeline: 'shop', detail, print: (line) => lines.push(line) });
  const all = Object.fromEntries(Object.keys(METRICS).map((name) => [name as MetricName, 1]));
  for (const object of DEFAULT_OBJECTS) metrics.record(all, object);
  return lines.flatMap(samplesOf);
}

const identityOf = (namespace: unknown, name: unknown, dimensions: unknown): string =>
  JSON.stringify([namespace, name, dimensions]);

describe('the alarms', () => {
  /** Of the five objects whose extractors run many at a time. */
  const THROTTLED = [
    'Throttledcompanies',
    'Throttledcontacts',
    'Throttledconversationparts',
    'Throttledconversations',
    'Throttledtickets',
  ];

  test('are few, each for a reason', () => {
    const alarms = alarmsOf(monitoring());
    expect(Object.keys(alarms).toSorted()).toEqual([
      'ConnectionLost',
      'DeadLetters',
      'NoSuccessfulRun',
      'ObjectFailedTwice',
      'OldDebts',
      'RunAborted',
      'RunFailed',
      'RunTimedOut',
      ...THROTTLED,
    ]);
  });

  test.each(['standard', 'detailed'] as const)('watch only what is emitted (%s)', (detail) => {
    const known = new Set(
      emitted(detail).map(({ namespace, name, dimensions }) =>
        identityOf(
          namespace,
          name,
          Object.entries(dimensions)
            .map(([Name, Value]) => ({ Name, Value }))
            .toSorted((a, b) => a.Name.localeCompare(b.Name)),
        ),
      ),
    );
    const asked = Object.values(alarmsOf(monitoring({ monitoring: detail })));
    const ours = asked.filter(({ Namespace }) => Namespace === 'IntercomPipeline');
    expect(ours.length).toBeGreaterThanOrEqual(3);
    for (const { Namespace, MetricName, Dimensions = [] } of ours) {
      const sorted = Dimensions.toSorted((a, b) => a.Name.localeCompare(b.Name));
      expect(known).toContain(identityOf(Namespace, MetricName, sorted));
    }
    const others = asked.filter(({ Namespace }) => Namespace !== 'IntercomPipeline');
    expect(new Set(others.map(({ Namespace, MetricName }) => `${Namespace} ${MetricName}`))).toEqual(
      new Set([
        'AWS/Lambda Throttles',
        'AWS/SQS ApproximateNumberOfMessagesVisible',
        'AWS/States ExecutionsAborted',
        'AWS/States ExecutionsFailed',
        'AWS/States ExecutionsTimedOut',
      ]),
    );
  });

  test('all notify the topic, and say what happened and what to do next', () => {
    const template = monitoring({ monitoring: 'detailed' });
    const [[topic] = []] = ofType(template, 'AWS::SNS::Topic');
    for (const alarm of Object.values(alarmsOf(template))) {
      expect(alarm.AlarmActions ?? alarm.InsufficientDataActions).toEqual([{ Ref: topic }]);
      expect(alarm.AlarmDescription).toMatch(/'shop'.*Next: /);
      expect(alarm.AlarmDescription.length).toBeLessThanOrEqual(1024);
    }
  });

  test('look back no further than CloudWatch does, whatever the interval', () => {
    for (const every of ['15 minutes', '1 hour', '6 hours', '3 days', '7 days', '34 days']) {
      for (const alarm of Object.values(alarmsOf(monitoring({ frequency: { every } })))) {
        const { Period: period = Number.POSITIVE_INFINITY } = alarm;
        const seconds = period * alarm.EvaluationPeriods;
        expect(seconds).toBeLessThanOrEqual(period < 3_600 ? 86_400 : 604_800);
        expect(alarm.DatapointsToAlarm).toBeLessThanOrEqual(alarm.EvaluationPeriods);
      }
    }
  });

  test('know what no data means', () => {
    const alarms = alarmsOf(monitoring());
    expect(
      Object.fromEntries(Object.entries(alarms).map(([name, one]) => [name, one.TreatMissingData])),
    ).toEqual({
      RunFailed: 'notBreaching',
      RunAborted: 'notBreaching',
      RunTimedOut: 'notBreaching',
      ObjectFailedTwice: 'notBreaching',
      OldDebts: 'notBreaching',
      DeadLetters: 'notBreaching',
      ...Object.fromEntries(THROTTLED.map((name) => [name, 'notBreaching'])),
      // Until a run reports that the connection works, it stays lost.
      ConnectionLost: 'ignore',
      // It has no other state for silence.
      NoSuccessfulRun: 'missing',
    });
    expect(alarms.NoSuccessfulRun).toMatchObject({ ComparisonOperator: 'LessThanThreshold', Threshold: 1 });
  });

  test('watch one metric each, so that none depends on what a calculation makes of a metric without data', () => {
    for (const written of [{}, { monitoring: 'detailed' as const }, { frequency: { every: '3 days' } }]) {
      for (const [name, alarm] of Object.entries(alarmsOf(monitoring(written)))) {
        expect(alarm.Metrics, name).toBeUndefined();
        expect(alarm.MetricName, name).toBeDefined();
      }
    }
  });

  test('of silence notify when the data stops, and not before it has begun', () => {
    const template = monitoring();
    const [[topic] = []] = ofType(template, 'AWS::SNS::Topic');
    const { NoSuccessfulRun, ...others } = alarmsOf(template);
    expect(NoSuccessfulRun).toMatchObject({
      MetricName: 'RunSeconds',
      Statistic: 'SampleCount',
      TreatMissingData: 'missing',
      InsufficientDataActions: [{ Ref: topic }],
    });
    expect(NoSuccessfulRun).not.toHaveProperty('AlarmActions');
    for (const alarm of Object.values(others)) expect(alarm).not.toHaveProperty('InsufficientDataActions');
  });

  test('wait for the most frequent schedule, and remember until the rarest but for small lists has run again', () => {
    const objectFrequency = { tags: { every: '6 hours' }, brands: { every: '1 day' } };
    const alarms = alarmsOf(monitoring({ objectFrequency }));
    const minutes = (name: string): number => {
      const alarm = alarms[name];
      if (alarm === undefined) throw new Error(name);
      return ((alarm.Period ?? Number.NaN) * alarm.EvaluationPeriods) / 60;
    };
    expect(minutes('NoSuccessfulRun')).toBe(3 * 60 + 60);
    expect(minutes('ObjectFailedTwice')).toBe(6 * 60 + 60);
  });

  test('expect no runs of a paused pipeline', () => {
    const alarms = alarmsOf(monitoring({ paused: true }));
    expect(Object.keys(alarms).toSorted()).toEqual([
      'ConnectionLost',
      'DeadLetters',
      'ObjectFailedTwice',
      'OldDebts',
      'RunAborted',
      'RunFailed',
      'RunTimedOut',
      ...THROTTLED,
    ]);
  });

  test('count the throttles of small objects, too, if a pipeline has few large ones', () => {
    const watched = (...objects: ObjectName[]) =>
      Object.keys(alarmsOf(monitoring({}, parseConfig({ name: 'shop', objects })))).filter((name) =>
        name.startsWith('Throttled'),
      ).length;
    expect(watched('tags')).toBe(1);
    expect(watched('tags', 'contacts')).toBe(2);
    expect(watched('tags', 'admins', 'teams', 'segments', 'articles', 'collections')).toBe(5);
  });

  test('name the object if the configuration asks for it', () => {
    const alarms = alarmsOf(monitoring({ monitoring: 'detailed' }));
    expect(Object.keys(alarms)).toHaveLength(13 + 2 * 16);
    const named = new Set(emitted('detailed').flatMap(({ dimensions }) => dimensions.Object ?? []));
    expect([...named]).toEqual(DEFAULT_OBJECTS.filter((name) => !isOptional(name)));
    expect(alarms.ObjectFailedTwicetags?.Dimensions).toContainEqual({ Name: 'Object', Value: 'tags' });
  });
});

describe('the topic', () => {
  test('has no key that costs money, and lets in alarms of this account only, over TLS', () => {
    const template = monitoring();
    const [[, topic] = []] = ofType(template, 'AWS::SNS::Topic');
    expect(topic).not.toHaveProperty('KmsMasterKeyId');
    const statement = {
      Effect: 'Allow',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Condition: {
        StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
        ArnLike: { 'aws:SourceArn': expect.anything() },
      },
    };
    const policyOf = (value: unknown) => (value as { Statement: readonly unknown[] }).Statement;
    const [[, policy] = []] = ofType(template, 'AWS::SNS::TopicPolicy');
    expect(policyOf(policy?.PolicyDocument)).toContainEqual(
      expect.objectContaining({ ...statement, Action: 'sns:Publish', Resource: { Ref: expect.any(String) } }),
    );
    expect(policyOf(policy?.PolicyDocument)).toContainEqual(
      expect.objectContaining({
        Effect: 'Deny',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
  });

  test('is encrypted with the key of the pipeline if it has one', () => {
    const template = monitoring({ encryption: 'own-key' });
    const [[, topic] = []] = ofType(template, 'AWS::SNS::Topic');
    expect(JSON.stringify(topic?.KmsMasterKeyId)).toContain('shop-data:ExportsOutputFnGetAttKey');
  });

  test('has the address of the configuration as a subscriber, if there is one', () => {
    expect(ofType(monitoring(), 'AWS::SNS::Subscription')).toEqual([]);
    const [[, subscription] = []] = ofType(
      monitoring({ alerts: { email: 'x@y.example' } }),
      'AWS::SNS::Subscription',
    );
    expect(subscription).toMatchObject({ Protocol: 'email', Endpoint: 'x@y.example' });
  });
});

interface Widget {
  readonly type: string;
  readonly properties: {
    readonly title?: string;
    readonly query?: string;
    readonly metrics?: readonly (readonly unknown[])[];
    readonly alarms?: readonly unknown[];
  };
}

/** The body with a text in place of each reference. */
function dashboardOf(template: StackTemplate): readonly Widget[] {
  const [[, properties] = []] = ofType(template, 'AWS::CloudWatch::Dashboard');
  const body = properties?.DashboardBody as { 'Fn::Join': [string, readonly unknown[]] };
  const text = body['Fn::Join'][1].map((part) =>
    typeof part === 'string' ? part : JSON.stringify(part).replaceAll(/["\\]/g, ''),
  );
  return JSON.parse(text.join('')).widgets;
}

describe('the dashboard', () => {
  test('is optional, because it costs more than anything else of an idle pipeline', () => {
    const template = monitoring();
    expect(ofType(template, 'AWS::CloudWatch::Dashboard')).toEqual([]);
    expect(template.Outputs).not.toHaveProperty('DashboardUrl');
  });

  test('shows runs, rows, requests, 429s, the share of the allowance, duration, lag, completeness and throttles', () => {
    const widgets = dashboardOf(monitoring({ dashboard: true }));
    const text = JSON.stringify(widgets);
    for (const name of [
      'RowsWritten',
      'Requests',
      'RateLimited',
      'RateAllowance',
      'RunSeconds',
      'LagSeconds',
    ]) {
      expect(text).toContain(name);
    }
    for (const name of [
      'Throttles',
      'ConcurrentExecutions',
      'ExecutionsSucceeded',
      'ExecutionsFailed',
      'completeness',
      'lagSeconds',
    ]) {
      expect(text).toContain(name);
    }
    const [alarms] = widgets.filter(({ type }) => type === 'alarm');
    expect(alarms?.properties.alarms).toHaveLength(13);
  });

  test.each(['standard', 'detailed'] as const)(
    'refers to metrics and log groups that exist (%s)',
    (detail) => {
      const widgets = dashboardOf(monitoring({ monitoring: detail, dashboard: true }));
      const known = new Set(emitted('standard').map(({ namespace, name }) => `${namespace} ${name}`));
      const metrics = widgets
        .flatMap(({ properties }) => properties.metrics ?? [])
        .filter(([namespace]) => namespace === 'IntercomPipeline');
      expect(metrics.length).toBeGreaterThan(5);
      for (const [namespace, name, dimension, value] of metrics) {
        expect(known).toContain(`${namespace} ${name}`);
        expect([dimension, value]).toEqual(['Pipeline', 'shop']);
      }
      const queries = widgets.flatMap(({ properties }) => properties.query ?? []);
      expect(queries).toHaveLength(3);
      for (const query of queries) expect(query).toMatch(/^SOURCE '{Ref:FinishRunLog/);
      const searches = JSON.stringify(widgets).match(/SEARCH\('{IntercomPipeline,Object,Pipeline}/g) ?? [];
      expect(searches).toHaveLength(detail === 'detailed' ? 2 : 0);
    },
  );
});

test('the outputs have the address of the dashboard and the topic to subscribe to', () => {
  const { Outputs } = monitoring({ dashboard: true });
  expect(Object.keys(Outputs ?? {})).toEqual(expect.arrayContaining(['AlertTopicArn', 'DashboardUrl']));
  expect(JSON.stringify(Outputs?.DashboardUrl)).toContain('#dashboards/dashboard/');
});
