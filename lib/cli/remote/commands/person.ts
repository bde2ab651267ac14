/** `person` of a deployed pipeline: what its bucket holds about one person, and removing them from it. */
import { createS3Lake } from '../../../../functions/aws/s3-lake.ts';
import { createSecretsHashSource } from '../../../../functions/aws/secrets-hash-source.ts';
import { NONCURRENT_DAYS } from '../../../../functions/config/deployment.ts';
import { InputError } from '../../../../functions/core/errors.ts';
import { DAY_SECONDS, isoTime } from '../../../../functions/core/time.ts';
import { DEFAULT_CONFIG_FILE, loadPipeline } from '../../load-config.ts';
import { type EraseOptions, type ErasureSite, runPersonAllow, runPersonErase } from '../../person/erase.ts';
import { personRows } from '../../person/person.ts';
import { printRows, showFiles } from '../../person/show.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { removeOlderVersions } from '../older-versions.ts';
import { openRemotePipeline, type RemoteOptions, type RemotePipeline } from '../remote-pipeline.ts';
import { startRun } from '../start.ts';

const open = async (
  terminal: Terminal,
  options: RemoteOptions,
): Promise<{ readonly pipeline: RemotePipeline; readonly site: ErasureSite }> => {
  const { config, deployment } = await loadPipeline(options.config ?? DEFAULT_CONFIG_FILE, options.pipeline);
  const pipeline = await openRemotePipeline(terminal, options, config);
  const { clients, deployed } = pipeline;
  const site: ErasureSite = {
    lake: createS3Lake(clients.s3, deployed.lake),
    hash: await createSecretsHashSource(clients.secrets, deployed.hashKeySecret).hashText(),
    notErased:
      'An object does its part only after it has committed in the same run. Here it failed, is unavailable or no longer configured, another run holds it, or the pipeline is not connected. The report of the run says why. Remove the cause; if you cannot, see docs/privacy.md.',
    async work() {
      // The run's report is not the result of this command. Objects that fail are named afterwards.
      await startRun({ ...terminal, print: terminal.tell }, pipeline, {}, {});
    },
    async removeOlderVersions(prefixes) {
      const { removed, left } = await removeOlderVersions(
        clients.s3,
        deployed.lake.bucket,
        prefixes.map((prefix) => deployed.lake.prefix + prefix),
      );
      const isOwn = deployment.aws.bucket === null;
      const end = terminal.clock.now() + NONCURRENT_DAYS * DAY_SECONDS * 1_000;
      return { removed, left, until: isOwn && left !== 0 ? isoTime(end) : null };
    },
  };
  return { pipeline, site };
};

/** Lists the files, with how many of their rows belong to the person. */
export async function runPersonShow(
  terminal: Terminal,
  who: string,
  options: RemoteOptions & { readonly json?: boolean },
): Promise<ExitStatus> {
  const { site } = await open(terminal, options);
  return showFiles(terminal, who, personRows(site.lake, who, site.hash), options.json === true);
}

/** Prints the rows as NDJSON, each as it is in its file. */
export async function runPersonExport(
  terminal: Terminal,
  who: string,
  options: RemoteOptions,
): Promise<ExitStatus> {
  const { site } = await open(terminal, options);
  return printRows(terminal, personRows(site.lake, who, site.hash));
}

/**
 * Erases the person from the bucket: the functions do it in a run, which this command starts.
 * @throws InputError if a run is in progress
 */
export async function runRemoteErase(
  terminal: Terminal,
  who: string,
  options: RemoteOptions & EraseOptions,
): Promise<ExitStatus> {
  const { pipeline, site } = await open(terminal, options);
  const [running] = await pipeline.runs.running();
  if (running !== undefined) {
    throw new InputError(
      `Run ${running.runId} is in progress and may have read the person. Wait until it has ended, or stop it: ${pipeline.command('stop')}`,
      { code: 'run_in_progress' },
    );
  }
  return runPersonErase(terminal, who, site, options);
}

/** Lets a person who was erased come back. */
export async function runRemoteAllow(
  terminal: Terminal,
  who: string,
  options: RemoteOptions,
): Promise<ExitStatus> {
  const { site } = await open(terminal, options);
  return runPersonAllow(terminal, who, site);
}
