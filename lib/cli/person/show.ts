/** What the lake holds about a person, as a list of files and as the rows themselves. */
import { counted } from '../../../functions/core/counted.ts';
import { tableText } from '../terminal/table-text.ts';
import type { ExitStatus, Terminal } from '../terminal/terminal.ts';
import type { PersonRow } from './person.ts';

interface FileOfPerson {
  readonly table: string;
  readonly file: string;
  /** Rows that name the person. */
  readonly named: number;
  /** Other rows of their conversations. */
  readonly conversation: number;
}

/** Lists the files, with how many of their rows belong to the person. */
export async function showFiles(
  terminal: Terminal,
  who: string,
  rows: AsyncIterable<PersonRow>,
  json: boolean,
): Promise<ExitStatus> {
  const found = new Map<string, FileOfPerson>();
  for await (const { table, file, because } of rows) {
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
  const total = files.reduce((sum, { named, conversation }) => sum + named + conversation, 0);
  terminal.print(`(${counted(total, 'row')} in ${counted(files.length, 'file')})`);
  return 0;
}

/** Prints the rows as NDJSON, each as it is in its file. */
export async function printRows(terminal: Terminal, rows: AsyncIterable<PersonRow>): Promise<ExitStatus> {
  for await (const { table, file, because, line } of rows) {
    const facts = JSON.stringify({ table, file, because }).slice(0, -1);
    terminal.print(`${facts},"row":${line}}`);
  }
  return 0;
}
