/** Runs SQL with DuckDB; DuckDB's errors become InputErrors. */
import { type DuckDBConnection, DuckDBTimestampTZValue, DuckDBTypeId, StatementType } from '@duckdb/node-api';
import { InputError } from '../../../functions/core/errors.ts';

// Times are shown in UTC, in which DuckDB computes, and not in the zone of this machine.
DuckDBTimestampTZValue.timezoneOffsetInMinutes = 0;

/** A value that JSON can hold; integers and decimals that do not fit a double are text. */
export type Cell = ReturnType<Awaited<ReturnType<DuckDBConnection['runAndReadAll']>>['getRowsJson']>[0][0];

export interface QueryResult {
  readonly columns: readonly {
    readonly name: string;
    /** True for a number that comes as text, to keep all its digits. */
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

/** DuckDB's errors have no class of their own; all are about the SQL or the files. */
async function orInputError<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    throw new InputError(message, { code: 'query_failed', cause: error });
  });
}

/** @throws InputError with DuckDB's message */
export async function runAll(connection: DuckDBConnection, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await orInputError(connection.run(statement));
}

/** Statements without an answer; DuckDB itself puts a CREATE before a PIVOT. */
const SILENT: ReadonlySet<StatementType> = new Set([StatementType.CREATE, StatementType.SET]);

/** True for SQL with several answers, of which DuckDB would return only the first. */
async function hasSeveralAnswers(connection: DuckDBConnection, sql: string): Promise<boolean> {
  // SQL that cannot be parsed is reported when it runs.
  const statements = await connection.extractStatements(sql).catch(() => null);
  for (let index = 0; index < (statements?.count ?? 0) - 1; index += 1) {
    // A statement that needs an earlier one cannot be prepared yet.
    const prepared = await statements?.prepare(index).catch(() => null);
    if (prepared == null || !SILENT.has(prepared.statementType)) return true;
  }
  return false;
}

/** @throws InputError with DuckDB's message, or if there is more than one answer */
export async function runSql(connection: DuckDBConnection, sql: string): Promise<QueryResult> {
  if (await hasSeveralAnswers(connection, sql)) {
    throw new InputError('Give one statement at a time: DuckDB would answer only the first.', {
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
