/** SQL at DuckDB: the answer, or what DuckDB has to say. */
import { type DuckDBConnection, DuckDBTypeId, StatementType } from '@duckdb/node-api';
import { InputError } from '../../../functions/core/errors.ts';

/** A value as JSON can hold it; integers and decimals that a double cannot hold are their own text. */
export type Cell = ReturnType<Awaited<ReturnType<DuckDBConnection['runAndReadAll']>>['getRowsJson']>[0][0];

export interface QueryResult {
  readonly columns: readonly {
    readonly name: string;
    /** A number that came as text, to lose none of its digits. */
    readonly isExactNumber: boolean;
  }[];
  readonly rows: readonly (readonly Cell[])[];
}

const EXACT_NUMBERS: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.DECIMAL,
]);

/** DuckDB's errors have no class of their own; whatever it says is about the SQL or the files. */
async function orInputError<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    throw new InputError(message, { code: 'query_failed', cause: error });
  });
}

/** @throws InputError with DuckDB's words */
export async function runAll(connection: DuckDBConnection, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await orInputError(connection.run(statement));
}

/** Statements without an answer; DuckDB itself puts a CREATE before what is written as one PIVOT. */
const SILENT: ReadonlySet<StatementType> = new Set([StatementType.CREATE, StatementType.SET]);

/** DuckDB runs them all, and gives the first answer alone. */
async function hasSeveralAnswers(connection: DuckDBConnection, sql: string): Promise<boolean> {
  // What cannot be parsed is told when it is run.
  const statements = await connection.extractStatements(sql).catch(() => null);
  for (let index = 0; index < (statements?.count ?? 0) - 1; index += 1) {
    // One that rests on another before it cannot be looked at yet.
    const prepared = await statements?.prepare(index).catch(() => null);
    if (prepared == null || !SILENT.has(prepared.statementType)) return true;
  }
  return false;
}

/** @throws InputError with DuckDB's words, or where there is more than one answer */
export async function runSql(connection: DuckDBConnection, sql: string): Promise<QueryResult> {
  if (await hasSeveralAnswers(connection, sql)) {
    throw new InputError('One statement at a time: of several, only the first would be answered.', {
      code: 'several_statements',
    });
  }
  const reader = await orInputError(connection.runAndReadAll(sql));
  const types = reader.columnTypes();
  const columns = reader.deduplicatedColumnNames().map((name, index) => {
    const type = types[index];
    return { name, isExactNumber: type !== undefined && EXACT_NUMBERS.has(type.typeId) };
  });
  return { columns, rows: reader.getRowsJson() };
}
