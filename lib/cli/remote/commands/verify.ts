/** `verify` of a deployed pipeline: whether the bucket holds what its manifests list. */
import { OBJECT_NAMES } from '../../../../functions/core/names.ts';
import { OBJECTS } from '../../../../functions/objects/index.ts';
import { verifyObject } from '../../../../functions/sync/verify.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { hasProblems, verificationText } from '../../terminal/verify-text.ts';
import { configOf, openRemotePipeline, type RemoteOptions } from '../remote-pipeline.ts';

/** @returns 1 if a file is not what its manifest says */
export async function runVerify(
  terminal: Terminal,
  options: RemoteOptions & { readonly deep?: boolean; readonly orphans?: boolean; readonly json?: boolean },
): Promise<ExitStatus> {
  const { lake } = await openRemotePipeline(terminal, options, await configOf(options));
  const all = [];
  for (const name of OBJECT_NAMES) {
    terminal.signal.throwIfAborted();
    all.push(await verifyObject(lake, OBJECTS[name], { deep: options.deep === true }));
  }
  terminal.print(
    options.json === true ? JSON.stringify(all) : verificationText(all, options.orphans === true),
  );
  return hasProblems(all) ? 1 : 0;
}
