/** `report`: runs, completeness and the five questions of a directory as one page, even while a sync is running. */
import { resolve } from 'node:path';
import { type ReportOptions, writeReport } from '../../report/write-report.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { openLakeDatabase } from '../lake-database.ts';
import { createDirectoryLake, requireFolder } from '../output-directory.ts';

export async function runReport(
  terminal: Terminal,
  { out, ...options }: ReportOptions & { readonly out: string },
): Promise<ExitStatus> {
  await requireFolder(out);
  const open = () => openLakeDatabase(out, { signal: terminal.signal });
  let database: ReturnType<typeof open> | undefined;
  try {
    return await writeReport(
      terminal,
      {
        name: out,
        lake: createDirectoryLake(resolve(out)),
        ask: async (sql) => {
          database ??= open();
          const { columns, rows } = await (await database).query(sql);
          return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index]])));
        },
      },
      options,
    );
  } finally {
    (await database)?.close();
  }
}
