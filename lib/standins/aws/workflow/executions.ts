/**
 * The executions of one output directory. `state/execution.json` holds the current execution, those that wait, and
 * the last ones that ended.
 * After a kill, the next process finds the unfinished one and runs it again as the same execution (same ARN, start
 * time and input), as a redrive does on AWS.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { type ExecutionsBackend, OutputDirectoryError, replaceFile } from '../index.ts';

const status = z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']);
const waitingExecution = z.object({
  arn: z.string(),
  name: z.string(),
  stateMachineArn: z.string(),
  startTime: z.iso.datetime(),
  input: z.unknown(),
});
const execution = waitingExecution.extend({ status });
const stored = z.object({
  current: execution.nullable(),
  waiting: z.array(waitingExecution),
  /** Executions before the current one, newest first. Files of earlier versions have none. */
  past: z.array(execution).default([]),
});

/** Step Functions remembers executions for 90 days. Here nobody asks for older ones than these. */
const MOST_PAST = 20;

type Stored = z.infer<typeof stored>;
type Waiting = z.infer<typeof waitingExecution>;
export type LocalExecution = z.infer<typeof execution>;

export interface LocalExecutions extends ExecutionsBackend {
  /** The execution that was begun but not finished: it was interrupted, or its process was killed. */
  unfinished(): LocalExecution | undefined;
  /** Begins a new execution. An unfinished one is abandoned. */
  begin(request: { readonly name?: string; readonly input: unknown }): LocalExecution;
  /** Ends the current execution. */
  finish(status: Exclude<LocalExecution['status'], 'RUNNING'>): void;
  /** Begins the execution that has waited longest. Undefined if none waits. */
  next(): LocalExecution | undefined;
}

export interface ExecutionsOptions {
  /** The output directory. It is first read on the first call, when its lock is already held. */
  readonly directory: string;
  /** The ARN of the template's state machine. */
  readonly stateMachineArn: string;
  /** @default the system clock */
  readonly clock?: { readonly now: () => number };
}

/** Errors of Step Functions, which its SDK recognizes by name. */
class ExecutionAlreadyExists extends Error {
  override readonly name = 'ExecutionAlreadyExists';
}
class StateMachineDoesNotExist extends Error {
  override readonly name = 'StateMachineDoesNotExist';
}

/**
 * The lock guarantees that only one process uses a directory. One execution runs at a time: only the one begun
 * last can be running. Changes are rare and small. They are synchronous, so no other code runs in between.
 */
export function createExecutions(options: ExecutionsOptions): LocalExecutions {
  const { directory, stateMachineArn, clock = { now: Date.now } } = options;
  const file = join(directory, 'state', 'execution.json');
  let state: Stored | undefined;
  const load = (): Stored => {
    state ??= readStored(file);
    return state;
  };
  const save = (changed: Stored): void => {
    mkdirSync(dirname(file), { recursive: true });
    replaceFile(file, `${JSON.stringify(changed)}\n`);
    state = changed;
  };
  const make = (name: string, input: unknown): Waiting => {
    const arn = `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
    return { arn, name, stateMachineArn, startTime: new Date(clock.now()).toISOString(), input };
  };
  const run = (execution: Waiting, rest: readonly Waiting[]): LocalExecution => {
    const { current: before, past } = load();
    const over: LocalExecution[] =
      before === null ? [] : [before.status === 'RUNNING' ? { ...before, status: 'ABORTED' } : before];
    const current: LocalExecution = { ...execution, status: 'RUNNING' };
    save({ current, waiting: [...rest], past: [...over, ...past].slice(0, MOST_PAST) });
    return current;
  };
  const unfinished = (): LocalExecution | undefined => {
    const { current } = load();
    return current?.status === 'RUNNING' ? current : undefined;
  };

  return {
    unfinished,
    begin: ({ name = randomUUID(), input }) => run(make(name, input), load().waiting),
    finish: (status) => {
      const current = unfinished();
      if (current === undefined) throw new Error('There is no execution to finish.');
      save({ ...load(), current: { ...current, status } });
    },
    next: () => {
      const [first, ...rest] = load().waiting;
      return first && run({ ...first, startTime: new Date(clock.now()).toISOString() }, rest);
    },
    start: async ({ stateMachineArn: wanted, name, input }) => {
      if (wanted !== stateMachineArn)
        throw new StateMachineDoesNotExist(`There is no state machine ${wanted} here.`);
      const { current, waiting, past } = load();
      const asked = make(name, JSON.parse(input));
      const known = [...waiting, ...(current === null ? [] : [current])].find(({ arn }) => arn === asked.arn);
      if (known !== undefined && !isDeepStrictEqual(known.input, asked.input)) {
        throw new ExecutionAlreadyExists(`There is an execution ${name} with another input.`);
      }
      if (known === undefined) save({ current, waiting: [...waiting, asked], past });
      const { arn, startTime } = known ?? asked;
      return { executionArn: arn, startDate: new Date(startTime) };
    },
    describe: async (executionArn) => {
      const { current, past } = load();
      const found = [current, ...past].find((one) => one?.arn === executionArn) ?? null;
      if (found === null) return undefined;
      const { name, startTime, input, status } = found;
      return { name, stateMachineArn, startDate: new Date(startTime), input: JSON.stringify(input), status };
    },
  };
}

function readStored(file: string): Stored {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return { current: null, waiting: [], past: [] };
    }
    throw error;
  }
  try {
    return stored.parse(JSON.parse(text));
  } catch (cause) {
    const advice = 'Without it, a run that was cut short is not resumed; nothing else is lost.';
    throw new OutputDirectoryError(dirname(dirname(file)), `${file} is damaged; remove it. ${advice}`, cause);
  }
}
