/** `status`: what a directory has committed; works while a sync is running. */
import { resolve } from 'node:path';
import { OBJECT_NAMES } from '../../../../functions/core/names.ts';
import { readStatus } from '../../../../functions/sync/status.ts';
import { statusText } from '../../terminal/report.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { createDirectoryLake, requireFolder } from '../output-directory.ts';

export async function runStatus(
  terminal: Terminal,
  { out, json }: { readonly out: string; readonly json?: boolean },
): Promise<ExitStatus> {
  await requireFolder(out);
  const lake = createDirectoryLake(resolve(out));
  const status = await readStatus(lake, OBJECT_NAMES, terminal.clock.now());
  terminal.print(json === true ? JSON.stringify(status) : statusText(status));
  return 0;
}
