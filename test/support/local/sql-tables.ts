/** The tables of a lake as SQL shows them, compared with what they must hold. */
import type { LakeDatabase } from '../../../lib/cli/local/lake-database.ts';
import { deletionProblems } from './expectation.ts';
import { type Tables, tableProblems } from './expected-tables.ts';
import type { Exact, ExactObject } from './lossless-json.ts';
import { factsOf, isShared, keyText, TABLE_NAMES, type Table } from './tables.ts';

const exactNumber = (digits: string): Exact =>
  Number.isSafeInteger(Number(digits)) ? Number(digits) : BigInt(digits);

/** Rows of a query; integers are exact. */
export async function rowsOf(database: LakeDatabase, sql: string): Promise<readonly ExactObject[]> {
  const { columns, rows } = await database.query(sql);
  return rows.map((row) =>
    Object.fromEntries(
      columns.map(({ name, isExactNumber }, index) => {
        const cell = row[index] ?? null;
        return [name, isExactNumber && typeof cell === 'string' ? exactNumber(cell) : (cell as Exact)];
      }),
    ),
  );
}

/** A column of text shows a number or a truth value as its own text: ids, and what had two types. */
function inTypesOf(expected: ExactObject | undefined, row: ExactObject): ExactObject {
  if (expected === undefined) return row;
  const cells = Object.entries(row).map(([name, cell]) => {
    const wanted = expected[name];
    const isText = typeof cell === 'string' && wanted !== null && typeof wanted !== 'object';
    return [name, isText && cell === String(wanted) ? wanted : cell] as const;
  });
  return Object.fromEntries(cells) as ExactObject;
}

async function problemsOf(
  database: LakeDatabase,
  table: Table,
  expected: Tables,
): Promise<readonly string[]> {
  const rows = await rowsOf(database, `SELECT * FROM ${table}`);
  const wanted = expected[table];
  const found = new Map<string, ExactObject>();
  const twice: string[] = [];
  for (const row of rows) {
    const key = keyText(factsOf(table).key.map((name) => row[name]));
    if (found.has(key)) twice.push(`${table} ${key} is there twice`);
    found.set(key, inTypesOf(wanted.get(key), row));
  }
  return [...twice, ...tableProblems(table, wanted, found)];
}

/** Every difference between the views and what they must hold. */
export async function viewProblems(database: LakeDatabase, expected: Tables): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const table of TABLE_NAMES.filter((name) => !isShared(name))) {
    problems.push(...(await problemsOf(database, table, expected)));
  }
  const deletions = await rowsOf(database, 'SELECT * FROM deletions');
  const found = new Map(deletions.map((row) => [keyText([row.object, row.id]), row]));
  if (found.size < deletions.length) problems.push('a deletion is there twice');
  return [...problems, ...deletionProblems(expected.deletions, found)];
}
