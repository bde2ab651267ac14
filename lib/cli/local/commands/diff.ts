/** `diff`: what changed in a table between two runs or times. */
import { InputError } from '../../../../functions/core/errors.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { parseAsOf } from '../as-of.ts';
import { difference } from '../diff.ts';
import { openLakeDatabase } from '../lake-database.ts';
import { resultText } from '../query-output.ts';

export interface DiffOptions {
  readonly out: string;
  readonly from: string;
  readonly to?: string;
  readonly json?: boolean;
}

export async function runDiff(
  terminal: Terminal,
  name: string,
  { out, from, to, json = false }: DiffOptions,
): Promise<ExitStatus> {
  const range = {
    from: parseAsOf(from, '--from'),
    to: to === undefined ? undefined : parseAsOf(to, '--to'),
  };
  const database = await openLakeDatabase(out, { signal: terminal.signal });
  try {
    const tables = await database.tables();
    const table = tables.find((one) => one.name === name);
    if (table === undefined) {
      throw new InputError(
        `'${name}' is not a table of this lake. Its tables: ${tables.map((one) => one.name).join(', ')}.`,
        { code: 'unknown_table' },
      );
    }
    const { rows, ...counts } = await difference(database, table, range);
    if (json) {
      const changes = JSON.parse(resultText(rows, 'json', null)) as unknown;
      terminal.print(JSON.stringify({ table: name, from, to: to ?? null, ...counts, changes }));
    } else {
      const { added, changed, vanished } = counts;
      terminal.print(`${name}: ${added} added, ${changed} changed, ${vanished} vanished`);
      if (rows.rows.length > 0) terminal.print(resultText(rows, 'table', terminal.width()));
    }
    return 0;
  } finally {
    database.close();
  }
}
