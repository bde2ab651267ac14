/** `export`: the current state as a DuckDB database, for dbt, notebooks and BI tools. */
import { counted } from '../../../../functions/core/counted.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { openLakeDatabase } from '../lake-database.ts';

export async function runExport(
  terminal: Terminal,
  file: string,
  { out }: { readonly out: string },
): Promise<ExitStatus> {
  const database = await openLakeDatabase(out, { signal: terminal.signal });
  try {
    const tables = await database.export(file);
    terminal.print(`Wrote ${counted(tables.length, 'table')} to ${file}.`);
    return 0;
  } finally {
    database.close();
  }
}
