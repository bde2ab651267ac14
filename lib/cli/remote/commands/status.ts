/** `status` of a deployed pipeline: connection, runs in progress, and what has been committed. */
import { nameOf } from '../../../../functions/connection/explanations.ts';
import type { StoredConnection } from '../../../../functions/core/authorization.ts';
import { type PipelineStatus, readStatus } from '../../../../functions/sync/status.ts';
import { judgeFreshness } from '../../terminal/freshness.ts';
import { statusText } from '../../terminal/report.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { configOf, openRemotePipeline, type RemoteOptions, type RemotePipeline } from '../remote-pipeline.ts';
import type { RunExecution } from '../runs.ts';

function connectionText(connection: StoredConnection | null, command: RemotePipeline['command']): string {
  if (connection === null) return `no; connect it with: ${command('connect')}`;
  const since = connection.connectedAt === null ? '' : `, since ${connection.connectedAt}`;
  const workspace =
    connection.workspace === null ? 'with a token that was entered by hand' : nameOf(connection.workspace);
  return `${workspace}${since}`;
}

const runningText = (running: readonly RunExecution[]): string =>
  running.length === 0
    ? 'none in progress'
    : running
        .map(({ runId, startedAt }) => `${runId} in progress since ${startedAt.toISOString()}`)
        .join(', ');

/** Without the token. */
const connectionJson = (connection: StoredConnection | null) =>
  connection && {
    workspace_id: connection.workspace?.id ?? null,
    workspace_name: connection.workspace?.name ?? null,
    region: connection.region,
    connected_at: connection.connectedAt,
  };

function asJson(
  { deployed }: RemotePipeline,
  connection: StoredConnection | null,
  running: readonly RunExecution[],
  status: PipelineStatus,
): string {
  const { name, accountId, region, lake } = deployed;
  return JSON.stringify({
    pipeline: { name, account: accountId, region, ...lake },
    connection: connectionJson(connection),
    running: running.map(({ runId, arn, startedAt }) => ({
      run_id: runId,
      execution: arn,
      started_at: startedAt.toISOString(),
    })),
    ...status,
  });
}

export async function runStatus(
  terminal: Terminal,
  options: RemoteOptions & { readonly json?: boolean; readonly maxAge?: string },
): Promise<ExitStatus> {
  const config = await configOf(options);
  const pipeline = await openRemotePipeline(terminal, options, config);
  const { deployed, lake, connections, runs, state, command } = pipeline;
  const [connection, running, status] = await Promise.all([
    connections.load(),
    runs.running(),
    readStatus(lake, config.objects, terminal.clock.now()),
    // Without its table no run can start, and nothing else here would notice that it is gone.
    state.claimedWorkspace(),
  ]);
  const freshness = judgeFreshness(status, options.maxAge, terminal.clock.now());
  if (options.json === true) {
    terminal.print(asJson(pipeline, connection, running, status));
    return freshness.exitStatus;
  }
  const { bucket, prefix } = deployed.lake;
  terminal.print(
    [
      `pipeline   ${deployed.name}, account ${deployed.accountId}, ${deployed.region}`,
      `connected  ${connectionText(connection, command)}`,
      `bucket     ${bucket}${prefix === '' ? '' : `, below ${prefix}`}`,
      `runs       ${runningText(running)}`,
      '',
      statusText(status),
      ...freshness.lines,
    ].join('\n'),
  );
  return freshness.exitStatus;
}
