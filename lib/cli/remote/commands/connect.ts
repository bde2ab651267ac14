/** `connect`: connects a deployed pipeline to a workspace, by OAuth or with an access token of one's own. */
import { explain, nameOf } from '../../../../functions/connection/explanations.ts';
import { storeAccessToken } from '../../../../functions/connection/store-access-token.ts';
import type { AuthorizationOutcome } from '../../../../functions/core/authorization.ts';
import { ConnectionError, InputError } from '../../../../functions/core/errors.ts';
import { OBJECT_NAMES } from '../../../../functions/core/names.ts';
import { createIntercomAccess } from '../../../../functions/intercom/oauth.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { type AuthorizeOptions, authorize } from '../authorize.ts';
import { explanationText, REPLACE_WARNING } from '../connect-text.ts';
import { placeOf } from '../deployment.ts';
import { takeAway } from '../forget.ts';
import { configOf, openRemotePipeline, type RemoteOptions, type RemotePipeline } from '../remote-pipeline.ts';
import { showCheck } from './check.ts';

export interface ConnectOptions extends RemoteOptions, Omit<AuthorizeOptions, 'profile'> {
  /** A text: the token itself, which must not stand here. */
  readonly accessToken?: true | string;
  readonly yes?: boolean;
}

/** @throws InputError without showing what was given */
function refuseTokenInArguments({ accessToken }: ConnectOptions): void {
  if (typeof accessToken !== 'string') return;
  throw new InputError(
    '--access-token takes no value: on the command line the token would stay in the history of the shell. Give it on standard input, or at the prompt. The one you typed is better made anew.',
    { code: 'token_in_arguments' },
  );
}

/** The token from a pipe, or from the prompt. */
async function readToken(terminal: Terminal): Promise<string> {
  if (terminal.canAsk)
    return (await terminal.askHidden('Access token of your app (it is not shown):')).trim();
  for await (const line of terminal.readLines(() => '')) return line.trim();
  return '';
}

async function connectWithToken(
  terminal: Terminal,
  { config, state, connections }: RemotePipeline,
  replaceWorkspace: boolean,
): Promise<AuthorizationOutcome> {
  const { clock, signal } = terminal;
  const intercom = createIntercomAccess({ config, clock });
  const token = await readToken(terminal);
  return storeAccessToken({ intercom, connections, state, clock, config }, token, {
    replaceWorkspace,
    signal,
  });
}

/** Whether the person wants another workspace in place of the present one, knowing what that means. */
async function agreesToReplace(terminal: Terminal, { runs }: RemotePipeline, yes: boolean): Promise<boolean> {
  const [run] = await runs.running();
  if (run !== undefined) {
    throw new InputError(
      `Run ${run.runId} is at work and would read from two workspaces. Wait until it has ended, or stop it in the Step Functions console.`,
      { code: 'run_at_work' },
    );
  }
  terminal.tell(REPLACE_WARNING);
  return yes || (await terminal.confirm('Replace the workspace?'));
}

const CONNECTED = ['connected', 'reconnected', 'replaced'] as const;

type Outcome<Kind> = Extract<AuthorizationOutcome, { readonly kind: Kind }>;

const isConnected = (outcome: AuthorizationOutcome): outcome is Outcome<(typeof CONNECTED)[number]> =>
  (CONNECTED as readonly string[]).includes(outcome.kind);

/**
 * After a replacement nothing may go on where the old workspace was left, a run that began meanwhile
 * included. Done whatever workspace it was before, so that the same command finishes what was cut short.
 */
async function finishReplacement(terminal: Terminal, pipeline: RemotePipeline): Promise<void> {
  try {
    await takeAway(pipeline, OBJECT_NAMES);
  } catch (error) {
    terminal.tell(
      `The workspace was replaced, but objects would still go on where the old one was left. Finish it with: ${pipeline.command('connect --replace-workspace')}`,
    );
    throw error;
  }
  terminal.tell('Every object is read from the beginning in the next run.');
}

export async function runConnect(terminal: Terminal, options: ConnectOptions): Promise<ExitStatus> {
  refuseTokenInArguments(options);
  const config = await configOf(options);
  const pipeline = await openRemotePipeline(terminal, options, config);
  terminal.tell(`Connecting ${placeOf(pipeline.deployed)} to Intercom.\n`);
  const replaceWorkspace = options.replaceWorkspace === true;
  if (replaceWorkspace && !(await agreesToReplace(terminal, pipeline, options.yes === true))) {
    terminal.tell('Nothing was changed. Use --yes where nobody can answer.');
    return 1;
  }
  const outcome =
    options.accessToken === true
      ? await connectWithToken(terminal, pipeline, replaceWorkspace)
      : await authorize(terminal, pipeline, options);
  if (!isConnected(outcome)) {
    throw new ConnectionError(explanationText(explain(outcome)), { code: outcome.kind });
  }
  if (replaceWorkspace) await finishReplacement(terminal, pipeline);
  terminal.tell(`Pipeline '${config.name}' is connected to the Intercom ${nameOf(outcome.workspace)}.\n`);
  const connection = await pipeline.connections.load();
  if (connection === null) throw new Error('The connection that was stored is not there.');
  const status = await showCheck(terminal, pipeline, connection, false);
  terminal.tell(`\nThe schedule does the rest; start a run at once with: ${pipeline.command('run')}`);
  return status;
}
