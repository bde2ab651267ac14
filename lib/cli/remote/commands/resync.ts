/** `resync`: forgets how far an object was read and reads all of it again. */
import { InputError } from '../../../../functions/core/errors.ts';
import type { ObjectName } from '../../../../functions/core/names.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { placeOf } from '../deployment.ts';
import { forgetObjects, requireFree } from '../forget.ts';
import { configOf, openRemotePipeline, type RemoteOptions } from '../remote-pipeline.ts';
import { type FollowOptions, startRun } from '../start.ts';

function objectIn(name: string, configured: readonly ObjectName[]): ObjectName {
  const object = configured.find((one) => one === name);
  if (object !== undefined) return object;
  throw new InputError(
    `<object>: '${name}' is not one of the configured objects: ${configured.join(', ')}.`,
    {
      code: 'unknown_object',
    },
  );
}

export async function runResync(
  terminal: Terminal,
  name: string,
  options: RemoteOptions & FollowOptions & { readonly yes?: boolean },
): Promise<ExitStatus> {
  const config = await configOf(options);
  const object = objectIn(name, config.objects);
  const pipeline = await openRemotePipeline(terminal, options, config);
  await requireFree(pipeline, [object]);
  const question = `Forget how far ${object} of ${placeOf(pipeline.deployed)} was read, and read all of it again now? Existing files stay.`;
  if (options.yes !== true && !(await terminal.confirm(question))) {
    terminal.tell('Nothing was changed. Use --yes if nobody can answer.');
    return 1;
  }
  await forgetObjects(pipeline, [object]);
  terminal.tell(`Forgotten: ${object}.`);
  return startRun(terminal, pipeline, { objects: [object] }, options);
}
