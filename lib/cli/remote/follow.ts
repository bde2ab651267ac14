/** Follows a run to its end, and then the next one if work remains. */

import type { RunSummary } from '../../../functions/core/engine-files.ts';
import {
  InputError,
  isPipelineError,
  messageOfCause,
  RetryableError,
} from '../../../functions/core/errors.ts';
import { runSummaryKey } from '../../../functions/core/lake-keys.ts';
import { readStored } from '../../../functions/sync/store.ts';
import { summaryText } from '../terminal/report.ts';
import { changes, heartbeat, type RunProgress, screen } from '../terminal/run-progress.ts';
import type { ExitStatus, Terminal } from '../terminal/terminal.ts';
import type { RemotePipeline } from './remote-pipeline.ts';
import { createRunWatcher, type RunWatcher } from './run-watcher.ts';
import type { RunExecution } from './runs.ts';

/** Looks are 1 s apart at first, and 15 s apart after five minutes. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;
const PAUSE_SHARE = 1 / 20;

/** How long AWS may take to show an execution that it started. */
const SHOWN_AFTER_MS = 60_000;

/** How long AWS may be unreachable: a laptop that wakes up needs time to find its network. */
const PATIENCE_MS = 300_000;

const pauseAfter = (elapsedMs: number): number =>
  Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, elapsedMs * PAUSE_SHARE));

interface Ended {
  readonly execution: RunExecution;
  /** Null if the run ended before it could write one. */
  readonly summary: RunSummary | null;
  readonly progress: RunProgress | null;
}

/** What is known about a run at one moment. */
interface Sight {
  execution: RunExecution | null;
  progress: RunProgress | null;
}

type Watched = Pick<RemotePipeline, 'runs' | 'lake'>;

const UNKNOWN = 'unknown_execution';

/**
 * Watches one execution to its end.
 * @param sight is kept up to date, so that it also says how far the run was if this throws
 * @throws the signal's reason; refusals of AWS; InputError if Step Functions does not know the execution
 */
async function watchRun(
  terminal: Terminal,
  { runs, lake }: Watched,
  arn: string,
  sight: Sight,
): Promise<Ended> {
  const { clock, signal } = terminal;
  const begunAt = clock.now();
  let answeredAt = begunAt;
  let watcher: RunWatcher | null = null;
  const display = terminal.live({
    screen(rows) {
      if (sight.progress === null) return heartbeat(null);
      const { runId } = sight.progress;
      return screen(sight.progress, rows, `run ${runId}; Ctrl-C stops watching, not the run`);
    },
    heartbeat: () => heartbeat(sight.progress),
  });

  async function look(): Promise<void> {
    sight.execution = await runs.describe(arn);
    if (sight.execution === null) return;
    watcher ??= createRunWatcher(lake, sight.execution.runId);
    const progress = await watcher.look();
    if (progress === null) return;
    for (const line of changes(sight.progress, progress)) display.note(line);
    sight.progress = progress;
  }

  try {
    for (;;) {
      try {
        await look();
        answeredAt = clock.now();
      } catch (error) {
        if (!(error instanceof RetryableError) || clock.now() - answeredAt > PATIENCE_MS) throw error;
        display.note(`${error.message} Trying again.`);
      }
      const { execution, progress } = sight;
      if (execution !== null && execution.status !== 'running') {
        const summary = await readStored<RunSummary>(lake, runSummaryKey(execution.runId));
        return { execution, summary, progress };
      }
      if (execution === null && answeredAt - begunAt > SHOWN_AFTER_MS) {
        throw new InputError(
          `Step Functions does not know the execution ${arn}: it was never started, or somebody deleted the state machine.`,
          { code: UNKNOWN },
        );
      }
      await clock.sleep(pauseAfter(clock.now() - begunAt), signal);
    }
  } finally {
    display.stop();
  }
}

const WITHOUT_SUMMARY: Readonly<Record<RunExecution['status'], string>> = {
  running: 'is still in progress',
  succeeded: 'succeeded, but its summary is missing',
  failed: 'failed',
  timed_out: 'was ended by Step Functions because it took too long',
  aborted: 'was stopped by somebody',
};

/** What becomes of a run that nobody watches any more. */
function fateOf({ execution }: Sight, error: unknown): string {
  if (isPipelineError(error) && error.code === UNKNOWN) return '';
  return execution === null || execution.status === 'running'
    ? ' The run continues in AWS.'
    : ' The run has ended.';
}

/** A run without a summary: why it ended, and the state of its objects. */
function failureText({ execution, progress }: Ended): string {
  const { runId, status, error, cause } = execution;
  const reason =
    cause === null ? (error ?? '') : `${messageOfCause(cause)}${error === null ? '' : ` (${error})`}`;
  const objects = (progress?.objects ?? []).map(
    ({ object, state, message }) => `${object}: ${state}${message === null ? '' : `: ${message}`}`,
  );
  const head = `run ${runId} ${WITHOUT_SUMMARY[status]}${reason === '' ? '.' : `: ${reason}`}`;
  return [head, ...objects].join('\n');
}

/**
 * Follows a run, and those that continue its work, and prints how each went.
 * @returns 0 only if every run succeeded; 130 if Ctrl-C ended the watching
 */
export async function followRun(
  terminal: Terminal,
  pipeline: Pick<RemotePipeline, 'runs' | 'lake' | 'command' | 'deployed'>,
  firstArn: string,
  asJson: boolean,
): Promise<ExitStatus> {
  let arn = firstArn;
  let status: ExitStatus = 0;
  let sight: Sight = { execution: null, progress: null };
  try {
    for (;;) {
      const ended = await watchRun(terminal, pipeline, arn, sight);
      const { execution, summary } = ended;
      if (execution.status !== 'succeeded') status = 1;
      if (summary === null) {
        terminal.tell(`error: ${failureText(ended)}`);
        return 1;
      }
      terminal.print(asJson ? JSON.stringify(summary) : summaryText(summary));
      if (summary.status === 'not_connected') {
        terminal.tell(
          `error: Pipeline '${pipeline.deployed.name}' is not connected to Intercom yet. Connect it with: ${pipeline.command('connect')}`,
        );
        return 1;
      }
      if (execution.status !== 'succeeded' && summary.status === 'succeeded') {
        terminal.tell(`error: ${failureText(ended)}`);
      }
      if (!summary.work_remains || summary.paused === true) return status;
      terminal.tell('\nThere is more to read: the next run has started.\n');
      arn = pipeline.runs.nextOf(execution.runId);
      sight = { execution: null, progress: null };
    }
  } catch (error) {
    const isOurs = terminal.signal.aborted;
    terminal.tell(
      `${isOurs ? 'Stopped watching' : 'Watching ended'}.${fateOf(sight, error)} To see the status: ${pipeline.command('status')}`,
    );
    if (isOurs) return 130;
    throw error;
  }
}
