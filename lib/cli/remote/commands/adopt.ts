/** `adopt`: shows how to deploy a pipeline again over what it left behind. */
import { inspect } from 'node:util';
import { InputError } from '../../../../functions/core/errors.ts';
import { DEFAULT_CONFIG_FILE } from '../../load-config.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { dataStackOf, isDeployed } from '../deployment.ts';
import { keptBy } from '../kept.ts';
import { clientsOf, configOf, deployCommand, type RemoteOptions } from '../remote-pipeline.ts';

export interface AdoptOptions extends RemoteOptions {
  readonly json?: boolean;
}

export async function runAdopt(terminal: Terminal, options: AdoptOptions): Promise<ExitStatus> {
  const { name } = await configOf(options);
  const clients = await clientsOf(terminal, options);
  const stack = dataStackOf(name);
  const deploy = deployCommand(name, options);
  if (await isDeployed(clients.cloudFormation, stack)) {
    throw new InputError(
      `Stack ${stack} is deployed, with its data: there is nothing to adopt. Deploy with '${deploy}'.`,
      { code: 'still_deployed' },
    );
  }
  const kept = await keptBy(clients.cloudFormation, stack);
  if (kept === null) {
    throw new InputError(
      `CloudFormation knows no stack ${stack} that was deleted in region ${clients.region} in the last 90 days and left something behind. Look in the consoles of S3, DynamoDB and Secrets Manager for what has the tag 'pipeline' with the value '${name}', and name it under 'aws' in the configuration.`,
      { code: 'nothing_kept' },
    );
  }
  const { deletedAt, ...settings } = kept;
  const file = options.config ?? DEFAULT_CONFIG_FILE;
  terminal.tell(
    `Stack ${stack} was deleted on ${deletedAt.toISOString().slice(0, 10)} and left this behind. Put it into ${file}, next to the settings that are already there, and deploy with '${deploy}'. Runs then continue where they stopped.`,
  );
  const isJson = options.json === true || file.endsWith('.json');
  terminal.print(
    isJson ? JSON.stringify(settings, null, 2) : inspect(settings, { depth: null, compact: false }),
  );
  return 0;
}
