/** The process as the commands see it: its streams, its environment, its signals, its exit status. */
import { createLogUpdate } from 'log-update';
import { isPipelineError } from '../../functions/core/errors.ts';
import type { Clock, ObserveProgress } from '../../functions/core/ports.ts';
import { SYSTEM_CLOCK } from '../../functions/system-clock.ts';
import { DirectoryInUseError, OutputDirectoryError } from './embedded-aws/index.ts';
import { advance, heartbeat, line, NO_PROGRESS, screen } from './progress.ts';

/** Exit status: every object succeeded · an object or the run failed · stopped by Ctrl-C. */
export type ExitStatus = 0 | 1 | 130;

export interface Terminal {
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Aborted by the first Ctrl-C; the second ends the process at once, which loses nothing either. */
  readonly signal: AbortSignal;
  /** Result, on standard output. */
  print(text: string): void;
  /** Everything that is not the result, on standard error. */
  tell(text: string): void;
  /** A display of progress that ends with `stop`. */
  watch(clock: Clock): { readonly observe: ObserveProgress; stop(): void };
  /** Asks yes or no; no where nobody can answer. */
  confirm(question: string): Promise<boolean>;
  /** Lines that are typed, or come from a pipe, until they end or Ctrl-C. */
  readLines(prompt: () => string): AsyncIterable<string>;
  /** Runs a command and sets the exit status; expected errors become one message. */
  run(command: () => Promise<ExitStatus>): Promise<void>;
}

const REDRAW_MS = 200;
const HEARTBEAT_MS = 10_000;

const isExpected = (error: unknown): error is Error =>
  isPipelineError(error) || error instanceof DirectoryInUseError || error instanceof OutputDirectoryError;

/** What a disk says when it takes no more; the state of a run can meet it as well as its data. */
const DISK_TROUBLE: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk of the output directory is full: make room',
  EDQUOT: 'the quota of the output directory is used up: make room',
  EROFS: 'the output directory is on a read-only file system: make it writable',
};

/** One sentence for trouble with the disk; null for anything else. */
function diskTrouble(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const advice = DISK_TROUBLE[code];
  return advice === undefined ? null : `${advice}, and run the same command again; nothing is lost (${code})`;
}

export function createTerminal(host: NodeJS.Process): Terminal {
  const interruption = new AbortController();
  const tell = (text: string) => void host.stderr.write(`${text}\n`);
  // A reader that has seen enough, such as `head`, closes the pipe: there is nothing left to say.
  host.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    host.exit(0);
  });
  host.on('SIGINT', () => interrupt());
  host.on('SIGTERM', () => interrupt());

  function interrupt(): void {
    if (interruption.signal.aborted) host.exit(130);
    interruption.abort(new Error('stopped by the user'));
    tell(
      'Stopping: what was read is being put away. Press Ctrl-C again to stop at once; nothing is lost either way.',
    );
  }

  return {
    environment: host.env,
    clock: SYSTEM_CLOCK,
    signal: interruption.signal,
    print: (text) => void host.stdout.write(`${text}\n`),
    tell,
    watch(clock) {
      let progress = NO_PROGRESS;
      const isInteractive = host.stderr.isTTY === true;
      const display = createLogUpdate(host.stderr);
      const draw = () => {
        if (isInteractive) display(screen(progress, clock.now()));
        else tell(heartbeat(progress, clock.now()));
      };
      const timer = setInterval(draw, isInteractive ? REDRAW_MS : HEARTBEAT_MS);
      return {
        observe(event) {
          progress = advance(progress, event, clock.now());
          const text = isInteractive ? null : line(progress, event, clock.now());
          if (text !== null) tell(text);
        },
        stop() {
          clearInterval(timer);
          if (!isInteractive) return;
          draw();
          display.done();
        },
      };
    },
    async confirm(question) {
      if (host.stdin.isTTY !== true) return false;
      const { createInterface } = await import('node:readline/promises');
      const prompt = createInterface({ input: host.stdin, output: host.stderr });
      const answer = await prompt.question(`${question} [y/N] `).finally(() => prompt.close());
      return /^y(es)?$/i.test(answer.trim());
    },
    async *readLines(prompt) {
      const { createInterface } = await import('node:readline');
      const isInteractive = host.stdin.isTTY === true;
      const lines = createInterface({ input: host.stdin, ...(isInteractive && { output: host.stderr }) });
      lines.on('SIGINT', () => lines.close());
      const ask = () => {
        lines.setPrompt(prompt());
        if (isInteractive) lines.prompt();
      };
      ask();
      for await (const line of lines) {
        yield line;
        ask();
      }
    },
    async run(command) {
      try {
        host.exitCode = await command();
      } catch (error) {
        if (interruption.signal.aborted && error === interruption.signal.reason) {
          host.exitCode = 130;
          return;
        }
        const trouble = diskTrouble(error);
        if (trouble === null && !isExpected(error)) throw error;
        tell(`error: ${trouble ?? (error as Error).message}`);
        host.exitCode = 1;
      }
    },
  };
}
