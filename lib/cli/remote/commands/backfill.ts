/** `backfill`: reads one object again for a range of time; its cursor does not move. */
import { AS_OPTIONS, type InputWording } from '../../../../functions/config/run-input.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { configOf, openRemotePipeline, type RemoteOptions } from '../remote-pipeline.ts';
import { checkInput, type FollowOptions, startRun } from '../start.ts';

const WORDING: InputWording = { ...AS_OPTIONS, names: { ...AS_OPTIONS.names, objects: '<object>' } };

export async function runBackfill(
  terminal: Terminal,
  object: string,
  options: RemoteOptions & FollowOptions & { readonly from: string; readonly to?: string },
): Promise<ExitStatus> {
  const config = await configOf(options);
  const { from, to } = options;
  const input = { objects: [object], from, ...(to !== undefined && { to }) };
  checkInput(input, config, terminal, WORDING);
  const pipeline = await openRemotePipeline(terminal, options, config);
  return startRun(terminal, pipeline, input, options);
}
