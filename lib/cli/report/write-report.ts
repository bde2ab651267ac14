/** `report`: writes the page to a file, and opens it if asked to. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import openInBrowser from 'open';
import { InputError } from '../../../functions/core/errors.ts';
import type { ExitStatus, Terminal } from '../terminal/terminal.ts';
import { makeReport, type ReportSources } from './make-report.ts';

export interface ReportOptions {
  readonly to: string;
  readonly days: string;
  readonly open?: boolean;
}

const MAX_DAYS = 3660;

function daysOf(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= MAX_DAYS) return days;
  throw new InputError(`--days: '${text}' is not a whole number from 1 to ${MAX_DAYS}.`, {
    code: 'bad_input',
  });
}

/** @throws InputError if the file cannot be written */
export async function writeReport(
  { clock, tell, print }: Terminal,
  sources: Omit<ReportSources, 'tell'>,
  { to, days, open = false }: ReportOptions,
): Promise<ExitStatus> {
  const file = resolve(to);
  const page = await makeReport({ ...sources, tell }, daysOf(days), clock.now());
  await writeFile(file, page).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`Cannot write ${file}: ${error.message}. Name another file with --to.`, {
      code: 'unwritable_file',
      cause: error,
    });
  });
  print(`Wrote ${file}.`);
  if (open && (await openInBrowser(pathToFileURL(file).href).catch(() => null)) === null) {
    tell(`No browser could be opened. Open ${file} yourself.`);
  }
  return 0;
}
