/** The process as commands see it: streams, environment, signals, exit status. */
import { createLogUpdate } from 'log-update';
import { isPipelineError } from '../../../functions/core/errors.ts';
import type { Clock } from '../../../functions/core/ports.ts';
import { SYSTEM_CLOCK } from '../../../functions/system-clock.ts';

/** 0: success. 1: it failed, at least in part. 2: only from `audit`. 130: stopped by Ctrl-C. */
export type ExitStatus = 0 | 1 | 2 | 130;

/** A display of what is in progress, drawn again and again. */
export interface View {
  /** The whole display, for a terminal that is redrawn. @param rows lines of the terminal */
  screen(rows: number): string;
  /** One line for a log, every ten seconds. */
  heartbeat(): string;
}

export interface LiveView {
  /** A line for a log. A terminal gets none: its screen shows the same. */
  note(text: string): void;
  stop(): void;
}

export interface Terminal {
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Aborted by the first Ctrl-C. The second ends the process at once, which loses nothing either. */
  readonly signal: AbortSignal;
  /** True if a person can answer questions. */
  readonly canAsk: boolean;
  /** Prints the result, on standard output. */
  print(text: string): void;
  /** Prints the result, in a pager if a person reads it and it is longer than the screen. */
  page(text: string): Promise<void>;
  /** Width of the screen in characters; null if a file or a program gets the result. */
  width(): number | null;
  /** Prints everything else, on standard error. */
  tell(text: string): void;
  /** Shows a view until it is stopped. */
  live(view: View): LiveView;
  /** Asks yes or no; the answer is no if nobody can answer. */
  confirm(question: string): Promise<boolean>;
  /** Asks for a line of text. Call it only if `canAsk`. */
  ask(question: string): Promise<string>;
  /** Asks for a secret, without showing it. */
  askHidden(question: string): Promise<string>;
  /** Lines from the keyboard or a pipe, until the input ends or Ctrl-C. */
  readLines(prompt: () => string, help?: PromptHelp): AsyncIterable<string>;
  /** Runs a command and sets the exit status; expected errors become one message. */
  run(command: () => Promise<ExitStatus>): Promise<void>;
}

export interface PromptHelp {
  /** Words that the tab key completes. */
  readonly words: readonly string[];
  /** Earlier lines, newest first. */
  readonly history: readonly string[];
  /** Called after each line with all lines, newest first. */
  readonly remember: (history: readonly string[]) => void;
  /** Called at Ctrl-C: drops the statement that earlier lines began. False if there is none. */
  readonly abandon: () => boolean;
}

export interface TerminalOptions {
  /** One sentence about an error of the environment, such as a full disk; null for any other error. */
  readonly explain?: (error: unknown) => string | null;
  /** Printed at the first Ctrl-C. */
  readonly onInterrupt?: string;
}

const REDRAW_MS = 200;
const HEARTBEAT_MS = 10_000;

/** For a terminal that does not report its size. */
const DEFAULT_ROWS = 24;

/** Cuts lines to the width of the terminal: a wrapped table is unreadable. */
function cutTo(columns: number | undefined, text: string): string {
  if (!columns) return text;
  const cut = (line: string) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line);
  return text.split('\n').map(cut).join('\n');
}

/** The words that begin like the one at the end of the line, and that one. */
export function completions(words: readonly string[], line: string): [string[], string] {
  const [begun = ''] = /^\.\w*$|[\w$]*$/.exec(line) ?? [];
  const found = words.filter((word) => word.toLowerCase().startsWith(begun.toLowerCase()));
  return [begun === '' ? [] : found, begun];
}

/** True for what prompts throw at Ctrl-C, which is a key and not a signal while they read. */
const isPromptEnd = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError');

export function createTerminal(host: NodeJS.Process, options: TerminalOptions = {}): Terminal {
  const interruption = new AbortController();
  const tell = (text: string) => void host.stderr.write(`${text}\n`);
  // A reader that has read enough, such as `head`, closes the pipe.
  host.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    host.exit(0);
  });
  host.on('SIGINT', () => interrupt());
  host.on('SIGTERM', () => interrupt());

  function interrupt(): void {
    if (interruption.signal.aborted) host.exit(130);
    if (options.onInterrupt !== undefined) tell(options.onInterrupt);
    interruption.abort(new Error('stopped by the user'));
  }

  /** Prompts use standard error, because standard output is for the result. */
  const prompts = { input: host.stdin, output: host.stderr, signal: interruption.signal };

  async function answered<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (!isPromptEnd(error)) throw error;
      if (!interruption.signal.aborted) interrupt();
      throw interruption.signal.reason;
    }
  }

  const isInterruption = (error: unknown): boolean =>
    interruption.signal.aborted && error === interruption.signal.reason;

  return {
    environment: host.env,
    clock: SYSTEM_CLOCK,
    signal: interruption.signal,
    canAsk: host.stdin.isTTY === true,
    print: (text) => void host.stdout.write(`${text}\n`),
    async page(text) {
      const { PAGER: pager = 'less -RSFX' } = host.env;
      const isLong = text.split('\n').length > (host.stdout.rows || DEFAULT_ROWS);
      const isForPager = host.stdout.isTTY === true && host.stdin.isTTY === true && isLong;
      // As for other programs, an empty PAGER means none.
      if (!isForPager || pager.trim() === '') {
        this.print(text);
        return;
      }
      const { spawn } = await import('node:child_process');
      const child = spawn(pager, { shell: true, stdio: ['pipe', 'inherit', 'inherit'] });
      // A pager closes its input if the person leaves it early.
      child.stdin.on('error', () => undefined);
      child.stdin.end(`${text}\n`);
      const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
      // The shell did not find the pager.
      if (status === 127) this.print(text);
    },
    width: () => (host.stdout.isTTY === true ? host.stdout.columns || null : null),
    tell,
    live(view) {
      const isInteractive = host.stderr.isTTY === true;
      const display = createLogUpdate(host.stderr);
      const draw = () => {
        if (isInteractive) display(cutTo(host.stderr.columns, view.screen(host.stderr.rows || DEFAULT_ROWS)));
        else tell(view.heartbeat());
      };
      const timer = setInterval(draw, isInteractive ? REDRAW_MS : HEARTBEAT_MS);
      return {
        note(text) {
          if (!isInteractive) tell(text);
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
      const { confirm } = await import('@inquirer/prompts');
      return answered(confirm({ message: question, default: false }, prompts));
    },
    async ask(question) {
      const { input } = await import('@inquirer/prompts');
      return answered(input({ message: question }, prompts));
    },
    async askHidden(question) {
      const { password } = await import('@inquirer/prompts');
      return answered(password({ message: question, mask: '*', toggleMask: false }, prompts));
    },
    async *readLines(prompt, help) {
      const { createInterface } = await import('node:readline');
      const isInteractive = host.stdin.isTTY === true;
      const lines = createInterface({
        input: host.stdin,
        ...(isInteractive && { output: host.stderr }),
        ...(help && {
          history: [...help.history],
          completer: (line: string) => completions(help.words, line),
        }),
      });
      if (help && isInteractive) lines.on('history', (history) => help.remember(history));
      lines.on('SIGINT', () => {
        const isHalfTyped = lines.line !== '';
        if (help?.abandon() !== true && !isHalfTyped) lines.close();
        else {
          host.stderr.write('\n');
          lines.write(null, { ctrl: true, name: 'e' });
          lines.write(null, { ctrl: true, name: 'u' });
          ask();
        }
      });
      // If the input is a pipe, Ctrl-C is a signal to the process, and the pipe may stay silent forever.
      interruption.signal.addEventListener('abort', () => lines.close(), { once: true });
      const ask = () => {
        lines.setPrompt(prompt());
        if (isInteractive) lines.prompt();
      };
      ask();
      for await (const line of lines) {
        yield line;
        ask();
      }
      interruption.signal.throwIfAborted();
    },
    async run(command) {
      try {
        host.exitCode = await command();
      } catch (error) {
        if (isInterruption(error)) {
          host.exitCode = 130;
          return;
        }
        const explanation = options.explain?.(error) ?? (isPipelineError(error) ? error.message : null);
        if (explanation === null) throw error;
        tell(`error: ${explanation}`);
        host.exitCode = 1;
      }
    },
  };
}
