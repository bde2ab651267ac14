/** `verify`: whether the lake holds what its manifests list. */
import { resolve } from 'node:path';
import { OBJECT_NAMES } from '../../../../functions/core/names.ts';
import { OBJECTS } from '../../../../functions/objects/index.ts';
import { verifyObject } from '../../../../functions/sync/verify.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { hasProblems, verificationText } from '../../terminal/verify-text.ts';
import { createDirectoryLake, requireFolder } from '../output-directory.ts';

export interface VerifyOptions {
  readonly deep?: boolean;
  readonly orphans?: boolean;
  readonly json?: boolean;
}

/** @returns 1 if a file is not what its manifest says */
export async function runVerify(
  terminal: Terminal,
  { out, deep = false, orphans = false, json = false }: VerifyOptions & { readonly out: string },
): Promise<ExitStatus> {
  await requireFolder(out, 'lake');
  const lake = createDirectoryLake(resolve(out));
  const all = [];
  for (const name of OBJECT_NAMES) {
    terminal.signal.throwIfAborted();
    all.push(await verifyObject(lake, OBJECTS[name], { deep }));
  }
  terminal.print(json ? JSON.stringify(all) : verificationText(all, orphans));
  return hasProblems(all) ? 1 : 0;
}
