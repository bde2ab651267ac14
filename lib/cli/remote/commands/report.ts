/** `report` of a deployed pipeline: one page with its runs, from the bucket, and the five questions, from Athena. */
import { type ReportOptions, writeReport } from '../../report/write-report.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { openAthena } from '../athena.ts';
import { configOf, openRemotePipeline, type RemoteOptions } from '../remote-pipeline.ts';

export async function runReport(
  terminal: Terminal,
  options: RemoteOptions & ReportOptions,
): Promise<ExitStatus> {
  const pipeline = await openRemotePipeline(terminal, options, await configOf(options));
  return writeReport(
    terminal,
    {
      name: pipeline.deployed.name,
      lake: pipeline.lake,
      ask: openAthena(pipeline, terminal),
    },
    options,
  );
}
