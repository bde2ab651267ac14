/** `disconnect`: ends the connection, and by default uninstalls the app at Intercom. */
import { disconnect } from '../../../../functions/connection/disconnect.ts';
import { nameOf } from '../../../../functions/connection/explanations.ts';
import type { Workspace } from '../../../../functions/core/authorization.ts';
import type { IntercomAccess } from '../../../../functions/core/ports.ts';
import { createIntercomAccess } from '../../../../functions/intercom/oauth.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { placeOf } from '../deployment.ts';
import { configOf, openRemotePipeline, type RemoteOptions } from '../remote-pipeline.ts';

export interface DisconnectOptions extends RemoteOptions {
  readonly keepApp?: boolean;
  readonly yes?: boolean;
}

function consequence(workspace: string, keepApp: boolean): string {
  return keepApp
    ? `The connection to the ${workspace} will be forgotten here; the app stays installed at Intercom.`
    : `The app will be uninstalled from the ${workspace}, for the whole workspace: every pipeline and tool that
uses it loses its access. (With --keep-app, only the connection here is forgotten.)`;
}

const APP_TEXT = {
  uninstalled: 'The app is uninstalled from the workspace.',
  already_gone: 'Intercom no longer knew the token, so there was nothing to uninstall.',
  kept: 'The app is still installed at Intercom, and its token is still valid there.',
} as const;

const nameText = (workspace: Workspace | null): string =>
  workspace === null ? 'workspace of the stored token' : nameOf(workspace);

export async function runDisconnect(terminal: Terminal, options: DisconnectOptions): Promise<ExitStatus> {
  const config = await configOf(options);
  const { connections, command, deployed, runs } = await openRemotePipeline(terminal, options, config);
  const connection = await connections.load();
  if (connection === null) {
    terminal.tell(`Pipeline '${config.name}' is not connected, so there is nothing to do.`);
    return 0;
  }
  const keepApp = options.keepApp === true;
  terminal.tell(`Disconnecting ${placeOf(deployed)}.`);
  terminal.tell(consequence(nameText(connection.workspace), keepApp));
  for (const { runId } of await runs.running()) {
    terminal.tell(
      `Run ${runId} is in progress: objects that it has not committed when you disconnect will fail.`,
    );
  }
  if (options.yes !== true && !(await terminal.confirm('Disconnect?'))) {
    terminal.tell('Nothing was changed. Use --yes if nobody can answer.');
    return 1;
  }
  const access = createIntercomAccess({ config, clock: terminal.clock });
  let isUninstalled = false;
  const intercom: Pick<IntercomAccess, 'uninstall'> = {
    async uninstall(token, signal) {
      const result = await access.uninstall(token, signal);
      isUninstalled = true;
      return result;
    },
  };
  try {
    const ended = await disconnect({ intercom, connections }, { keepApp, signal: terminal.signal });
    if (ended.kind === 'disconnected') terminal.tell(APP_TEXT[ended.app]);
  } catch (error) {
    terminal.tell(
      isUninstalled
        ? `The app is uninstalled, but its dead token is still stored. To remove it: ${command('disconnect')}`
        : `Nothing was forgotten. Try again, or only forget the connection: ${command('disconnect --keep-app')}`,
    );
    throw error;
  }
  terminal.tell(
    `Pipeline '${config.name}' is disconnected. Data and cursors stay. Runs fail until you connect it again; to stop the schedule, set 'paused: true' and deploy.`,
  );
  return 0;
}
