/** `status`: what a directory has committed; works while a sync is running. */
import { resolve } from 'node:path';
import { OBJECT_NAMES } from '../../../../functions/core/names.ts';
import { readStatus } from '../../../../functions/sync/status.ts';
import { judgeFreshness } from '../../terminal/freshness.ts';
import { statusText } from '../../terminal/report.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { createDirectoryLake, requireFolder } from '../output-directory.ts';

export async function runStatus(
  terminal: Terminal,
  { out, json, maxAge }: { readonly out: string; readonly json?: boolean; readonly maxAge?: string },
): Promise<ExitStatus> {
  await requireFolder(out);
  const lake = createDirectoryLake(resolve(out));
  const now = terminal.clock.now();
  const status = await readStatus(lake, OBJECT_NAMES, now);
  const freshness = judgeFreshness(status, maxAge, now);
  terminal.print(
    json === true ? JSON.stringify(status) : [statusText(status), ...freshness.lines].join('\n'),
  );
  return freshness.exitStatus;
}
