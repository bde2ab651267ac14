/** `connect`: connects a deployed pipeline to a workspace, by OAuth or with your own app's access token. */
import { explain, nameOf } from '../../../../functions/connection/explanations.ts';
import { storeAccessToken } from '../../../../functions/connection/store-access-token.ts';
import type { AuthorizationOutcome } from '../../../../functions/core/authorization.ts';
import { ConnectionError, InputError } from '../../../../functions/core/errors.ts';
import { OBJECT_NAMES } from '../../../../functions/core/names.ts';
import { createIntercomAccess } from '../../../../functions/intercom/oauth.ts';
import { readStatus } from '../../../../functions/sync/status.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { type AuthorizeOptions, authorize } from '../authorize.ts';
import { explanationText, REPLACE_WARNING } from '../connect-text.ts';
import { placeOf } from '../deployment.ts';
import { takeAway } from '../forget.ts';
import {
  configOf,
  type Flags,
  openRemotePipeline,
  type RemoteOptions,
  type RemotePipeline,
} from '../remote-pipeline.ts';
import { startRun } from '../start.ts';
import { showCheck } from './check.ts';

export interface ConnectOptions extends RemoteOptions, Omit<AuthorizeOptions, 'profile' | 'again'> {
  /** A string is the token itself, which must not be an argument. */
  readonly accessToken?: true | string;
  readonly yes?: boolean;
  /** False: leaves the first run to the schedule. */
  readonly run?: boolean;
}

/** @throws InputError that does not show the token */
function refuseTokenInArguments({ accessToken }: ConnectOptions): void {
  if (typeof accessToken !== 'string') return;
  throw new InputError(
    '--access-token takes no value, because the token would stay in the history of your shell. Give it on standard input or at the prompt. The token that you typed is in the history now: replace it with a new one.',
    { code: 'token_in_arguments' },
  );
}

/** The token, from a pipe or from the prompt. */
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

/** True if the person agrees to replace the workspace, after a warning. */
async function agreesToReplace(
  terminal: Terminal,
  { runs, command }: RemotePipeline,
  yes: boolean,
): Promise<boolean> {
  const [run] = await runs.running();
  if (run !== undefined) {
    throw new InputError(
      `Run ${run.runId} is in progress and would read from two workspaces. Wait until it has ended, or stop it: ${command('stop')}`,
      { code: 'run_in_progress' },
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
 * After a replacement nothing may continue from the old workspace's cursors, not even a run that began meanwhile. Done
 * whatever the previous workspace was, so that running the command again completes an interrupted replacement. Until
 * then no run can start.
 */
async function finishReplacement(terminal: Terminal, pipeline: RemotePipeline, again: string): Promise<void> {
  try {
    await takeAway(pipeline, OBJECT_NAMES);
    await pipeline.state.endReplacement();
  } catch (error) {
    terminal.tell(
      `The workspace was replaced, but objects have not all forgotten how far the old one was read, so no run can start. To finish: ${again}`,
    );
    throw error;
  }
  terminal.tell('The next run reads every object from the beginning.');
}

/** True if no run has found a connection yet. */
async function isBeforeFirstRun(terminal: Terminal, { config, lake }: RemotePipeline): Promise<boolean> {
  const { last_run: run } = await readStatus(lake, config.objects, terminal.clock.now());
  return run === null || run.status === 'not_connected';
}

/** Starts the first run and follows it if the person wants that; otherwise says how to start one. */
async function offerFirstRun(
  terminal: Terminal,
  pipeline: RemotePipeline,
  { run, yes }: ConnectOptions,
): Promise<ExitStatus> {
  const isOffered = run !== false && (await isBeforeFirstRun(terminal, pipeline));
  if (isOffered && (yes === true || (await terminal.confirm('Start the first run now?')))) {
    return startRun(terminal, pipeline, {}, {});
  }
  terminal.tell(`\nRuns start on schedule. To start one now: ${pipeline.command('run')}`);
  return 0;
}

export async function runConnect(terminal: Terminal, options: ConnectOptions): Promise<ExitStatus> {
  refuseTokenInArguments(options);
  const config = await configOf(options);
  const pipeline = await openRemotePipeline(terminal, options, config);
  terminal.tell(`Connecting ${placeOf(pipeline.deployed)} to Intercom.\n`);
  const replaceWorkspace = options.replaceWorkspace === true;
  const isByToken = options.accessToken === true;
  const same: Flags = {
    '--access-token': isByToken,
    '--replace-workspace': replaceWorkspace,
    '--no-open': options.open === false,
    '--no-run': options.run === false,
  };
  const again = pipeline.command('connect', same);
  if (replaceWorkspace && !(await agreesToReplace(terminal, pipeline, options.yes === true))) {
    terminal.tell('Nothing was changed. Use --yes if nobody can answer.');
    return 1;
  }
  const outcome = isByToken
    ? await connectWithToken(terminal, pipeline, replaceWorkspace)
    : await authorize(terminal, pipeline, { ...options, again });
  if (!isConnected(outcome)) {
    const advised = (words: string): string =>
      pipeline.command(words, words.startsWith('connect') ? same : {});
    throw new ConnectionError(explanationText(explain(outcome), advised), { code: outcome.kind });
  }
  if (replaceWorkspace) await finishReplacement(terminal, pipeline, again);
  terminal.tell(`Pipeline '${config.name}' is connected to the Intercom ${nameOf(outcome.workspace)}.\n`);
  const connection = await pipeline.connections.load();
  if (connection === null) throw new Error('The stored connection cannot be found.');
  const checked = await showCheck(terminal, pipeline, connection, false);
  const followed = await offerFirstRun(terminal, pipeline, options);
  return followed === 0 ? checked : followed;
}
