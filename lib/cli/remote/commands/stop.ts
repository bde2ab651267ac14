/** `stop`: stops the runs in progress. */
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { placeOf } from '../deployment.ts';
import { configOf, openRemotePipeline, type RemoteOptions } from '../remote-pipeline.ts';

const SCHEDULES =
  "Schedules keep starting runs. To stop them as well, set 'paused: true' and deploy. Runs that leave work then start no next run either.";

export async function runStop(
  terminal: Terminal,
  options: RemoteOptions & { readonly yes?: boolean },
): Promise<ExitStatus> {
  const config = await configOf(options);
  const { deployed, runs } = await openRemotePipeline(terminal, options, config);
  const running = await runs.running();
  if (running.length === 0) {
    terminal.tell(`No run of ${placeOf(deployed)} is in progress.`);
    terminal.tell(SCHEDULES);
    return 0;
  }
  for (const { runId, startedAt } of running) {
    terminal.tell(`Run ${runId} has been in progress since ${startedAt.toISOString()}.`);
  }
  const question = `Stop ${running.length === 1 ? 'this run' : 'these runs'} of ${placeOf(deployed)}? What was committed stays, and the next run continues from there.`;
  if (options.yes !== true && !(await terminal.confirm(question))) {
    terminal.tell('Nothing was changed. Use --yes if nobody can answer.');
    return 1;
  }
  for (const { arn, runId } of running) {
    await runs.stop(arn);
    terminal.tell(`Stopped run ${runId}. Its functions end within a minute.`);
  }
  terminal.tell(SCHEDULES);
  return 0;
}
