/** Starts runs of a deployed pipeline, after checking what was asked for. */
import type { ResolvedConfig } from '../../../functions/config/config.ts';
import { type InputWording, parseRunInput } from '../../../functions/config/run-input.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import { toSeconds } from '../../../functions/core/time.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import type { ExitStatus, Terminal } from '../terminal/terminal.ts';
import { placeOf } from './deployment.ts';
import { followRun } from './follow.ts';
import type { RemotePipeline } from './remote-pipeline.ts';

export type RunInput = Readonly<Record<string, unknown>>;

/** How a command that starts a run goes on. */
export interface FollowOptions {
  readonly json?: boolean;
  /** False: does not follow the run. */
  readonly wait?: boolean;
}

const isIncremental = (object: ObjectName): boolean => OBJECTS[object].sync.kind === 'incremental';

/**
 * Checks the input as StartRun will, so that a mistake is told before anything starts.
 * @returns what is to be told to the user
 * @throws InputError in terms of the options
 */
export const checkInput = (
  input: RunInput,
  config: ResolvedConfig,
  terminal: Terminal,
  wording: InputWording,
): readonly string[] =>
  parseRunInput(input, { config, isIncremental, now: toSeconds(terminal.clock.now()) }, wording).notes;

/** Starts a run with this input and, unless told otherwise, follows it to its end. */
export async function startRun(
  terminal: Terminal,
  pipeline: RemotePipeline,
  input: RunInput,
  { json = false, wait = true }: FollowOptions,
): Promise<ExitStatus> {
  const { runs, deployed, command } = pipeline;
  const [other] = await runs.running();
  if (other !== undefined) {
    terminal.tell(
      `Run ${other.runId} is at work already; objects that it works on are skipped in this one and say so.`,
    );
  }
  const arn = await runs.start(input);
  terminal.tell(`Started a run of ${placeOf(deployed)}.`);
  if (wait) return followRun(terminal, pipeline, arn, json);
  terminal.print(json ? JSON.stringify({ execution: arn }) : arn);
  terminal.tell(`It goes on by itself. See how it stands with: ${command('status')}`);
  return 0;
}
