/** `report`: runs, completeness and the five questions of a directory as one page, even while a sync is running. */
import { resolve } from 'node:path';
import { type ReportOptions, writeReport } from '../../report/write-report.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { type LakeDatabase, openLakeDatabase } from '../lake-database.ts';
import { createDirectoryLake, requireFolder } from '../output-directory.ts';

export async function runReport(
  terminal: Terminal,
  { out, ...options }: ReportOptions & { readonly out: string },
): Promise<ExitStatus> {
  await requireFolder(out);
  let database: LakeDatabase | undefined;
  try {
    return await writeReport(
      terminal,
      {
        name: out,
        lake: createDirectoryLake(resolve(out)),
        ask: async (sql) => {
          database ??= await openLakeDatabase(out, { signal: terminal.signal });
          const { columns, rows } = await database.query(sql);
          return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index]])));
        },
      },
      options,
    );
  } finally {
    database?.close();
  }
}
