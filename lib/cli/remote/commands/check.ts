/** `check`: is the token valid and of the right workspace, and can it read every configured object? */
import { nameOf } from '../../../../functions/connection/explanations.ts';
import type { StoredConnection } from '../../../../functions/core/authorization.ts';
import { ConnectionError } from '../../../../functions/core/errors.ts';
import { tableText } from '../../terminal/table-text.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { type Inspection, inspect, type ObjectAccess } from '../inspection.ts';
import { type LambdaLimit, lambdaAdvice, readLambdaLimit } from '../lambda-limit.ts';
import { boxesFor, boxesOf } from '../permissions.ts';
import { configOf, openRemotePipeline, type RemoteOptions, type RemotePipeline } from '../remote-pipeline.ts';

function row(access: ObjectAccess): readonly string[] {
  const { object, status } = access;
  const box = boxesOf(object).join(', ');
  switch (status) {
    case 'granted':
      return [object, 'ok', box, ''];
    case 'missing':
      return [object, 'MISSING', box, 'tick this box'];
    case 'unavailable':
      return [object, 'unavailable', box, access.message];
    case 'unknown':
      return [object, 'unknown', box, access.message];
    default:
      return access satisfies never;
  }
}

const isGood = ({ problems, objects }: Inspection): boolean =>
  problems.length === 0 && objects.every(({ status }) => status === 'granted' || status === 'unavailable');

function adviceOf({ objects }: Inspection, command: RemotePipeline['command']): readonly string[] {
  const missing = objects.filter(({ status }) => status === 'missing').map(({ object }) => object);
  const unknown = objects.filter(({ status }) => status === 'unknown');
  if (missing.length === 0 && unknown.length === 0) return [];
  const boxes = [...boxesFor(missing)].map(([box, names]) => `  ${box} (for ${names.join(', ')})`);
  return [
    '',
    ...(boxes.length === 0
      ? []
      : [
          "Tick these boxes for the app in Intercom's Developer Hub, under Configure > Permissions:",
          ...boxes,
          `Then authorize the app again, so that it gets these permissions: ${command('connect')}`,
        ]),
    ...(unknown.length === 0
      ? []
      : ['Intercom gave no usable answer for the unknown ones. Try again later.']),
  ];
}

function text(inspection: Inspection, command: RemotePipeline['command']): string {
  const { workspace, region, problems, objects } = inspection;
  return [
    'token      alive',
    `connected  ${workspace === null ? 'Intercom does not show it' : nameOf(workspace)}`,
    `region     ${region ?? 'Intercom does not show it'}`,
    ...problems.map((problem) => `PROBLEM    ${problem}`),
    '',
    tableText([['object', 'access', 'box in the Developer Hub', ''], ...objects.map(row)]),
    ...adviceOf(inspection, command),
  ].join('\n');
}

/**
 * Inspects a connection and shows the result.
 * @returns 1 if something is missing or contradictory
 * @throws ConnectionError if the token is dead
 */
export async function showCheck(
  terminal: Terminal,
  pipeline: RemotePipeline,
  connection: StoredConnection,
  asJson: boolean,
): Promise<ExitStatus> {
  const [inspection, lambda] = await Promise.all([
    inspect(terminal, pipeline, connection),
    readLambdaLimit(pipeline.clients.lambda),
  ]);
  const ok = isGood(inspection);
  terminal.print(
    asJson
      ? JSON.stringify({ ok, token: 'alive', ...inspection, lambda })
      : text(inspection, pipeline.command),
  );
  tellAboutLambda(terminal, lambda, pipeline);
  return ok ? 0 : 1;
}

function tellAboutLambda(terminal: Terminal, limit: LambdaLimit, { config }: RemotePipeline): void {
  const advice =
    limit.status === 'unknown'
      ? `Lambda's limit is unknown: ${limit.message}`
      : lambdaAdvice(limit, config.parallelism);
  if (advice !== null) terminal.tell(`\n${advice}`);
}

export async function runCheck(
  terminal: Terminal,
  options: RemoteOptions & { readonly json?: boolean },
): Promise<ExitStatus> {
  const config = await configOf(options);
  const pipeline = await openRemotePipeline(terminal, options, config);
  const connection = await pipeline.connections.load();
  if (connection !== null) return showCheck(terminal, pipeline, connection, options.json === true);
  tellAboutLambda(terminal, await readLambdaLimit(pipeline.clients.lambda), pipeline);
  throw new ConnectionError(
    `Pipeline '${config.name}' is not connected to Intercom yet. Connect it with: ${pipeline.command('connect')}`,
    { code: 'not_connected' },
  );
}
