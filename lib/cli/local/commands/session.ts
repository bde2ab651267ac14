/** Shared by the commands that sync: open, watch, run, report, close. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { ResolvedConfig } from '../../../../functions/config/config.ts';
import { InputError } from '../../../../functions/core/errors.ts';
import type { Clock } from '../../../../functions/core/ports.ts';
import {
  createIntercomClient,
  type IntercomClient,
  UNMETERED,
} from '../../../../functions/intercom/http/client.ts';
import { CURIOUS } from '../../../../functions/intercom/http/retry.ts';
import { readMe } from '../../../../functions/intercom/me.ts';
import { resourcesOf } from '../../../template/synthesis.ts';
import { summaryText } from '../../terminal/report.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { functionBundle } from '../function-bundle.ts';
import { functionThreads } from '../function-threads.ts';
import { openLocalPipeline } from '../local-pipeline.ts';
import { clockAhead, RECONNECT } from '../local-settings.ts';
import { type SyncResult, syncLocally } from '../sync.ts';
import { watchProgress } from '../watch.ts';

export interface Session {
  /** Output directory. */
  readonly out: string;
  readonly config: ResolvedConfig;
  /** The environment variable that names the server, if the configuration does not. */
  readonly addressFrom?: string;
  /** How far its clock is ahead of the machine's. @default 0 */
  readonly aheadMs?: number;
  /** Maximum number of threads for functions. @default one for each core */
  readonly workers?: number;
  readonly accessToken: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** @throws InputError unless the option is a whole number above 0 */
export function workersOf(option: string | undefined): number {
  if (option === undefined) return availableParallelism();
  const workers = Number(option);
  if (Number.isInteger(workers) && workers > 0) return workers;
  throw new InputError('--workers must be a whole number above 0.', { code: 'bad_input' });
}

/** A client for requests outside of a sync, which has a budget of its own. */
export const intercomClient = (
  { baseUrl }: Pick<ResolvedConfig, 'baseUrl'>,
  accessToken: string,
  clock: Clock,
): IntercomClient => {
  const tokens = { connection: async () => ({ accessToken }) };
  return createIntercomClient({
    baseUrl,
    tokens,
    budget: UNMETERED,
    clock,
    object: null,
    reconnect: RECONNECT,
  });
};

/**
 * Asks /me before anything is opened, to report a wrong address or token at once: the workflow would retry for
 * minutes.
 * @throws ConnectionError, RetryableError, ContractError with what to do
 */
async function checkConnection(
  { config, accessToken }: Session,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await readMe(intercomClient(config, accessToken, clock), { signal, patience: CURIOUS });
}

/** @throws DirectoryInUseError, OutputDirectoryError, and the errors of checkConnection */
export async function syncSession(terminal: Terminal, session: Session): Promise<SyncResult> {
  const { config, input, aheadMs = 0, workers = availableParallelism() } = session;
  const clock = clockAhead(aheadMs);
  const from = session.addressFrom === undefined ? '' : ` (${session.addressFrom})`;
  terminal.tell(`checking the connection to ${new URL(config.baseUrl).host}${from}`);
  const [resources, bundle] = await Promise.all([
    resourcesOf(config),
    functionBundle(),
    checkConnection(session, clock, terminal.signal),
  ]);
  const directory = resolve(session.out);
  const display = watchProgress(terminal, clock);
  const saving = () => terminal.tell('Saving what was read.');
  try {
    const { environment } = terminal;
    const { observe } = display;
    const pipeline = await openLocalPipeline({
      directory,
      config,
      resources,
      clock,
      setEnvironment: (variables) => Object.assign(environment, variables),
      startHost: functionThreads({ resources, bundle, workers, environment, aheadMs, observe }),
    });
    try {
      await pipeline.connect(session.accessToken);
      terminal.signal.addEventListener('abort', saving, { once: true });
      return await syncLocally(pipeline, {
        input,
        directory,
        signal: terminal.signal,
        now: clock.now,
        overlapMs: config.overlapSeconds * 1000,
        onResume: ({ startTime }) =>
          terminal.tell(`Resuming the run of ${startTime}, which was interrupted.`),
        onGiveUp: ({ startTime }) =>
          terminal.tell(
            `Starting a new run. The interrupted run of ${startTime} is dropped: it is too old, or the code or configuration has changed.`,
          ),
      });
    } finally {
      terminal.signal.removeEventListener('abort', saving);
      await pipeline.close();
    }
  } finally {
    display.stop();
  }
}

/**
 * Prints how the sync ended. The exit status is 0 only if every run succeeded.
 * @throws InputError if the run failed before it could write a summary
 */
export function conclude(terminal: Terminal, result: SyncResult, asJson: boolean): ExitStatus {
  if (result.status === 'aborted') {
    terminal.tell('Stopped. Run the same command to continue.');
    return 130;
  }
  if (result.status === 'failed') {
    throw new InputError(`${result.message} (${result.error})`, { code: 'run_failed' });
  }
  for (const run of result.runs) terminal.print(asJson ? JSON.stringify(run) : summaryText(run));
  return result.runs.every((run) => run.status === 'succeeded') ? 0 : 1;
}
