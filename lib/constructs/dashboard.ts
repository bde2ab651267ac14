import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IAlarm,
  type IWidget,
  LogQueryVisualizationType,
  LogQueryWidget,
  MathExpression,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import {
  METRIC_NAMESPACE,
  type MetricName,
  OBJECT_DIMENSION,
  PIPELINE_DIMENSION,
} from '../../functions/core/metrics.ts';
import type { ProgressEvent } from '../../functions/core/ports.ts';
import type { MetricsDetail } from '../../functions/environment.ts';
import { type Busy, pipelineMetric } from './alarms.ts';

export interface DashboardProps {
  readonly pipelineName: string;
  readonly stateMachine: IStateMachine;
  /** The functions whose throttles count. */
  readonly busiest: readonly Busy[];
  readonly alarms: readonly IAlarm[];
  /** Has one line per object and run. */
  readonly finishRunLog: ILogGroup;
  /** `detailed` adds graphs of the metrics per object. */
  readonly detail: MetricsDetail;
}

const WIDTH = 24;
const HALF = { width: WIDTH / 2, height: 6 };
const HOUR = Duration.hours(1);

type Summary = Extract<ProgressEvent, { type: 'object_summary' }>;

/** The fields of that line. */
const SUMMARY: Summary['type'] = 'object_summary';
const LATEST: readonly (keyof Summary)[] = [
  'status',
  'completeness',
  'matched',
  'read',
  'lagSeconds',
  'seconds',
  'debts',
  'oldDebts',
  'failures',
];

/** One page with the health of the pipeline: runs, rows, rate, lag and completeness. */
export function createDashboard(scope: Construct, id: string, props: DashboardProps): Dashboard {
  return new Dashboard(scope, id, {
    defaultInterval: Duration.days(3),
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms: [...props.alarms], width: WIDTH, height: 3 })],
      runs(props),
      rowsAndLag(props),
      requests(props),
      concurrency(props),
      [perObject(props)],
      perObjectOverTime(props),
      ...(props.detail === 'detailed' ? [detailed(props)] : []),
    ],
  });
}

function runs({ stateMachine, pipelineName }: DashboardProps): IWidget[] {
  const options = { period: HOUR, statistic: 'Sum' };
  return [
    new GraphWidget({
      ...HALF,
      title: 'Runs',
      left: [
        stateMachine.metricSucceeded({ ...options, label: 'succeeded' }),
        stateMachine.metricFailed({ ...options, label: 'failed' }),
        stateMachine.metricAborted({ ...options, label: 'aborted' }),
        stateMachine.metricTimedOut({ ...options, label: 'timed out' }),
      ],
    }),
    new GraphWidget({
      ...HALF,
      title: 'Duration of successful runs, seconds',
      left: [pipelineMetric(pipelineName, 'RunSeconds', 'Maximum', { period: HOUR })],
    }),
  ];
}

function rowsAndLag({ pipelineName }: DashboardProps): IWidget[] {
  const graph = (title: string, metric: MetricName, statistic: 'Sum' | 'Maximum'): GraphWidget =>
    new GraphWidget({
      ...HALF,
      title,
      left: [pipelineMetric(pipelineName, metric, statistic, { period: HOUR })],
    });
  return [
    graph('Rows written', 'RowsWritten', 'Sum'),
    graph('Lag of the slowest object, seconds', 'LagSeconds', 'Maximum'),
  ];
}

function requests({ pipelineName }: DashboardProps): IWidget[] {
  const sent = pipelineMetric(pipelineName, 'Requests', 'Sum');
  return [
    new GraphWidget({
      ...HALF,
      title: 'Requests to Intercom, and 429 responses',
      left: [sent],
      right: [pipelineMetric(pipelineName, 'RateLimited', 'Sum')],
    }),
    new GraphWidget({
      ...HALF,
      title: "Share of Intercom's rate allowance, percent",
      left: [
        new MathExpression({
          label: 'share of the allowance',
          // The allowance is per ten seconds.
          expression: '100 * sent / (allowance * PERIOD(sent) / 10)',
          usingMetrics: { sent, allowance: pipelineMetric(pipelineName, 'RateAllowance', 'Average') },
        }),
      ],
      leftYAxis: { min: 0, max: 100 },
    }),
  ];
}

function concurrency({ busiest }: DashboardProps): IWidget[] {
  return [
    new GraphWidget({
      ...HALF,
      title: 'Invocations refused by Lambda',
      left: busiest.map(({ object, function: busy }) =>
        busy.metricThrottles({ label: object, period: Duration.minutes(5), statistic: 'Sum' }),
      ),
    }),
    new GraphWidget({
      ...HALF,
      title: 'Concurrent invocations of the whole account',
      // Without a dimension it is the sum of all functions in the region.
      left: [
        new Metric({
          namespace: 'AWS/Lambda',
          metricName: 'ConcurrentExecutions',
          statistic: 'Maximum',
          period: Duration.minutes(5),
        }),
      ],
    }),
  ];
}

function perObject({ finishRunLog }: DashboardProps): IWidget {
  return new LogQueryWidget({
    title: 'Objects after their last run',
    view: LogQueryVisualizationType.TABLE,
    logGroupNames: [finishRunLog.logGroupName],
    queryLines: [
      `filter message = "${SUMMARY}"`,
      `stats ${LATEST.map((field) => `latest(${field}) as ${field}_`).join(', ')} by object`,
      'sort object asc',
    ],
    width: WIDTH,
    height: 9,
  });
}

/** Read from the metric lines of FinishRun, which name their object. */
function perObjectOverTime({ finishRunLog }: DashboardProps): IWidget[] {
  const bars = (title: string, metric: MetricName, statistic: 'sum' | 'max'): IWidget =>
    new LogQueryWidget({
      ...HALF,
      title,
      view: LogQueryVisualizationType.BAR,
      logGroupNames: [finishRunLog.logGroupName],
      queryLines: [
        `filter ispresent(${metric}) and ispresent(${OBJECT_DIMENSION})`,
        `stats ${statistic}(${metric}) as value by ${OBJECT_DIMENSION}`,
        'sort value desc',
      ],
    });
  return [
    bars('Rows per object', 'RowsWritten', 'sum'),
    bars('Greatest lag per object, seconds', 'LagSeconds', 'max'),
  ];
}

/** Graphs of the metrics per object, which exist only with `monitoring: 'detailed'`. */
function detailed({ pipelineName }: DashboardProps): IWidget[] {
  const graph = (title: string, metric: MetricName, statistic: 'Sum' | 'Maximum'): IWidget =>
    new GraphWidget({
      ...HALF,
      title,
      left: [
        new MathExpression({
          label: '',
          expression: `SEARCH('{${METRIC_NAMESPACE},${OBJECT_DIMENSION},${PIPELINE_DIMENSION}} MetricName="${metric}" ${PIPELINE_DIMENSION}="${pipelineName}"', '${statistic}')`,
          period: HOUR,
        }),
      ],
    });
  return [graph('Requests per object', 'Requests', 'Sum'), graph('Lag per object', 'LagSeconds', 'Maximum')];
}
