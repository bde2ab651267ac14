/** The same rows on Trino and on DuckDB, and where they differ. */
import type { LakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { canonical, type Exact, isExactObject } from '../support/local/lossless-json.ts';
import { rowsOf } from '../support/local/sql-tables.ts';
import type { Trino, TrinoAnswer, TypeSignature } from './trino-server.ts';

export interface Engines {
  readonly trino: Trino;
  readonly duckdb: LakeDatabase;
  /** How the addresses of files begin: on Trino, and on DuckDB. */
  readonly roots: readonly [trino: string, duckdb: string];
}

interface Field {
  readonly fieldName: { readonly name: string };
  readonly typeSignature: TypeSignature;
}

/** A value of Trino's in the form of DuckDB's JSON: rows as objects, maps as lists of entries. */
function asDuckdb(value: Exact, { rawType, arguments: inner }: TypeSignature): Exact {
  const typeOf = (index: number) => inner[index]?.value as TypeSignature;
  if (rawType === 'array' && Array.isArray(value)) {
    return value.map((item: Exact) => asDuckdb(item, typeOf(0)));
  }
  if (rawType === 'map' && isExactObject(value)) {
    return Object.entries(value).map(([key, item]) => ({ key, value: asDuckdb(item, typeOf(1)) }));
  }
  if (rawType === 'row' && Array.isArray(value)) {
    const cells: readonly Exact[] = value;
    return Object.fromEntries(
      cells.map((cell, index) => {
        const field = inner[index]?.value as Field;
        return [field.fieldName.name, asDuckdb(cell, field.typeSignature)];
      }),
    );
  }
  return value;
}

const isTime = (rawType: string): boolean => rawType.startsWith('timestamp');

/** `2026-11-23 00:00:00.000 UTC` of Trino, `2026-11-23 00:00:00+00` of DuckDB. */
const asInstant = (text: string): string =>
  new Date(text.replace(/ UTC$|\+00$/, 'Z').replace(' ', 'T')).toISOString();

/** Numbers inside of nested values are text on DuckDB; maps have no order. */
function asText(value: Exact): Exact {
  if (value === null) return null;
  if (Array.isArray(value)) {
    const items = value.map((item: Exact) => asText(item));
    const isMap = items.every((item) => isExactObject(item) && Object.keys(item).join() === 'key,value');
    return isMap ? items.sort((a, b) => (canonical(a) < canonical(b) ? -1 : 1)) : items;
  }
  if (!isExactObject(value)) return String(value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asText(inner)]));
}

/** At most this many rows of each side are shown. */
const SHOWN = 3;

/** Rows that one side has more often than the other. */
function surplus(of: readonly string[], beyond: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const row of beyond) left.set(row, (left.get(row) ?? 0) + 1);
  return of.filter((row) => {
    const count = left.get(row) ?? 0;
    left.set(row, count - 1);
    return count <= 0;
  });
}

async function compare(
  { duckdb, roots: [trinoRoot, duckdbRoot] }: Engines,
  { columns, rows }: TrinoAnswer,
  sql: string,
): Promise<readonly string[]> {
  const onTrino = rows.map((row) =>
    columns.map(({ typeSignature }, index) => {
      const value = asDuckdb(row[index] ?? null, typeSignature);
      return typeof value === 'string' && isTime(typeSignature.rawType) ? asInstant(value) : value;
    }),
  );
  const onDuckdb = (await rowsOf(duckdb, sql)).map((row) =>
    columns.map(({ name, typeSignature }) => {
      const value = row[name] ?? null;
      if (typeof value !== 'string') return value;
      if (isTime(typeSignature.rawType)) return asInstant(value);
      return value.startsWith(duckdbRoot) ? trinoRoot + value.slice(duckdbRoot.length) : value;
    }),
  );
  const [trinoTexts, duckdbTexts] = [onTrino, onDuckdb].map((side) =>
    side.map((row) => canonical(asText(row))),
  );
  return [
    ...surplus(trinoTexts ?? [], duckdbTexts ?? [])
      .slice(0, SHOWN)
      .map((row) => `only Trino has ${row}`),
    ...surplus(duckdbTexts ?? [], trinoTexts ?? [])
      .slice(0, SHOWN)
      .map((row) => `only DuckDB has ${row}`),
  ];
}

/** Every difference between the rows of a table or view, in the columns that Trino has. */
export async function tableDifferences(engines: Engines, name: string): Promise<readonly string[]> {
  const answer = await engines.trino.query(`SELECT * FROM ${name}`);
  const columns = answer.columns.map((column) => `"${column.name}" AS "${column.name}"`);
  return compare(engines, answer, `SELECT ${columns.join(', ')} FROM ${name}`);
}

/** Every difference between the answers to one query. */
export const queryDifferences = async (engines: Engines, sql: string): Promise<readonly string[]> =>
  compare(engines, await engines.trino.query(sql), sql);
