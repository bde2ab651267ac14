/** `run`: starts a run and follows it. */
import { AS_OPTIONS } from '../../../../functions/config/run-input.ts';
import { inputOf, type RunOptions } from '../../terminal/run-options.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { configOf, openRemotePipeline, type RemoteOptions } from '../remote-pipeline.ts';
import { checkInput, type FollowOptions, startRun } from '../start.ts';

export async function runRun(
  terminal: Terminal,
  options: RemoteOptions & RunOptions & FollowOptions,
): Promise<ExitStatus> {
  const config = await configOf(options);
  const input = inputOf(options);
  for (const note of checkInput(input, config, terminal, AS_OPTIONS)) terminal.tell(note);
  const pipeline = await openRemotePipeline(terminal, options, config);
  return startRun(terminal, pipeline, input, options);
}
