/** Starts runs of a deployed pipeline, after checking their input. */
import type { ResolvedConfig } from '../../../functions/config/config.ts';
import { type InputWording, parseRunInput } from '../../../functions/config/run-input.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import { toSeconds } from '../../../functions/core/time.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import type { ExitStatus, Terminal } from '../terminal/terminal.ts';
import { placeOf } from './deployment.ts';
import { followRun } from './follow.ts';
import { lambdaAdvice, readLambdaLimit } from './lambda-limit.ts';
import type { RemotePipeline } from './remote-pipeline.ts';

export type RunInput = Readonly<Record<string, unknown>>;

export interface FollowOptions {
  readonly json?: boolean;
  /** False: does not follow the run. */
  readonly wait?: boolean;
}

const isIncremental = (object: ObjectName): boolean => OBJECTS[object].sync.kind === 'incremental';

/**
 * Checks the input as StartRun does, to report a mistake before anything starts.
 * @returns notes for the user
 * @throws InputError in terms of the options
 */
export const checkInput = (
  input: RunInput,
  config: ResolvedConfig,
  terminal: Terminal,
  wording: InputWording,
): readonly string[] =>
  parseRunInput(input, { config, isIncremental, now: toSeconds(terminal.clock.now()) }, wording).notes;

/** Starts a run and, unless `wait` is false, follows it to its end. */
export async function startRun(
  terminal: Terminal,
  pipeline: RemotePipeline,
  input: RunInput,
  { json = false, wait = true }: FollowOptions,
): Promise<ExitStatus> {
  const { clients, config, runs, deployed, command } = pipeline;
  const [[other], limit] = await Promise.all([runs.running(), readLambdaLimit(clients.lambda)]);
  const advice = lambdaAdvice(limit, config.parallelism);
  if (advice !== null) terminal.tell(advice);
  if (other !== undefined) {
    terminal.tell(
      `Run ${other.runId} is already in progress. This run skips the objects that it is reading, and reports them as skipped.`,
    );
  }
  const arn = await runs.start(input);
  terminal.tell(`Started a run of ${placeOf(deployed)}.`);
  if (wait) return followRun(terminal, pipeline, arn, json);
  terminal.print(json ? JSON.stringify({ execution: arn }) : arn);
  terminal.tell(`The run continues by itself. To see its status: ${command('status')}`);
  return 0;
}
