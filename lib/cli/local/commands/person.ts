/** `person show` and `person export`: what the lake holds of one person. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { hashWith } from '../../../../functions/aws/secrets-hash-source.ts';
import { counted } from '../../../../functions/core/counted.ts';
import { InputError } from '../../../../functions/core/errors.ts';
import type { HashText } from '../../../../functions/core/ports.ts';
import { tableText } from '../../terminal/table-text.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { createDirectoryLake, requireFolder } from '../output-directory.ts';
import { type PersonRow, personRows } from '../person.ts';

export interface PersonOptions {
  readonly out: string;
  readonly json?: boolean;
}

/** Where the local Secrets Manager keeps the pipeline's hash key. */
const SECRETS = 'state/secrets.json';

/** The pipeline's hash; null for a lake without its key, such as a copy. */
async function hashOf(out: string): Promise<HashText | null> {
  const file = join(resolve(out), SECRETS);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    const { HashKey } = JSON.parse(text) as { readonly HashKey?: { readonly value?: string } };
    return HashKey?.value === undefined ? null : hashWith(HashKey.value);
  } catch (cause) {
    throw new InputError(`${file} is not valid JSON. Restore it from a copy.`, {
      code: 'state_damaged',
      cause,
    });
  }
}

async function rowsOf(terminal: Terminal, who: string, out: string): Promise<AsyncIterable<PersonRow>> {
  await requireFolder(out, 'lake');
  const hash = await hashOf(out);
  if (hash === null) terminal.tell('There is no hash key here: hashed values of the person cannot be found.');
  return personRows(createDirectoryLake(resolve(out)), who, hash);
}

interface FileOfPerson {
  readonly table: string;
  readonly file: string;
  /** Rows that name the person. */
  readonly named: number;
  /** Other rows of their conversations. */
  readonly conversation: number;
}

/** Lists the files, with how many of their rows belong to the person. */
export async function runPersonShow(
  terminal: Terminal,
  who: string,
  { out, json = false }: PersonOptions,
): Promise<ExitStatus> {
  const found = new Map<string, FileOfPerson>();
  for await (const { table, file, because } of await rowsOf(terminal, who, out)) {
    const before = found.get(file) ?? { table, file, named: 0, conversation: 0 };
    found.set(file, { ...before, [because]: before[because] + 1 });
  }
  const files = [...found.values()].toSorted((a, b) => (a.file < b.file ? -1 : 1));
  if (json) {
    terminal.print(JSON.stringify(files));
    return 0;
  }
  if (files.length === 0) {
    terminal.print(`The lake holds nothing of ${who}.`);
    return 0;
  }
  const cells = files.map(({ table, file, named, conversation }) => [
    table,
    String(named),
    String(conversation),
    file,
  ]);
  terminal.print(tableText([['table', 'rows', 'of their conversations', 'file'], ...cells]));
  const rows = files.reduce((sum, { named, conversation }) => sum + named + conversation, 0);
  terminal.print(`(${counted(rows, 'row')} in ${counted(files.length, 'file')})`);
  return 0;
}

/** Prints the rows as NDJSON, each as it is in its file. */
export async function runPersonExport(
  terminal: Terminal,
  who: string,
  { out }: PersonOptions,
): Promise<ExitStatus> {
  for await (const { table, file, because, line } of await rowsOf(terminal, who, out)) {
    const facts = JSON.stringify({ table, file, because }).slice(0, -1);
    terminal.print(`${facts},"row":${line}}`);
  }
  return 0;
}
