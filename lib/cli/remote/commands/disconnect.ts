/** `disconnect`: ends the connection, at Intercom too unless told otherwise. */
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
uses it loses its access. (--keep-app only forgets the connection here.)`;
}

const APP_TEXT = {
  uninstalled: 'The app is uninstalled from the workspace.',
  already_gone: 'Intercom did not know the token any more: nothing was left to uninstall.',
  kept: 'The app is still installed at Intercom, and the token it gave is still good there.',
} as const;

const nameText = (workspace: Workspace | null): string =>
  workspace === null ? 'workspace of the stored token' : nameOf(workspace);

export async function runDisconnect(terminal: Terminal, options: DisconnectOptions): Promise<ExitStatus> {
  const config = await configOf(options);
  const { connections, command, deployed, runs } = await openRemotePipeline(terminal, options, config);
  const connection = await connections.load();
  if (connection === null) {
    terminal.tell(`Pipeline '${config.name}' is not connected: there is nothing to do.`);
    return 0;
  }
  const keepApp = options.keepApp === true;
  terminal.tell(`Disconnecting ${placeOf(deployed)}.`);
  terminal.tell(consequence(nameText(connection.workspace), keepApp));
  for (const { runId } of await runs.running()) {
    terminal.tell(`Run ${runId} is at work: objects that it has not committed by then fail.`);
  }
  if (options.yes !== true && !(await terminal.confirm('Disconnect?'))) {
    terminal.tell('Nothing was changed. Use --yes where nobody can answer.');
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
        ? `The app is uninstalled, but the dead token is still stored. Finish with: ${command('disconnect')}`
        : `Nothing was forgotten. Try again, or only forget the connection with: ${command('disconnect --keep-app')}`,
    );
    throw error;
  }
  terminal.tell(
    `Pipeline '${config.name}' is disconnected. Runs fail until it is connected again; data and cursors stay. Set 'paused: true' and deploy to stop the schedule.`,
  );
  return 0;
}
