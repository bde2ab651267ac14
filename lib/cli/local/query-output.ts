/** The result of a query as text: a table for people, CSV or JSON for programs. Pure. */
import { counted } from '../../../functions/core/counted.ts';
import { stringifyJson } from '../../../functions/core/json.ts';
import { tableText } from '../terminal/table-text.ts';
import type { Cell, QueryResult } from './run-sql.ts';

export const FORMATS = ['table', 'csv', 'json', 'ndjson', 'parquet'] as const;
export type Format = (typeof FORMATS)[number];

/** What DuckDB calls the formats that it writes to a file. */
export const FILE_FORMATS: Readonly<Record<Exclude<Format, 'table'>, string>> = {
  csv: 'csv, header',
  json: 'json, array true',
  ndjson: 'json',
  parquet: 'parquet',
};

const MAX_WIDTH = 60;

const plainText = (cell: Cell): string =>
  cell === null ? '' : typeof cell === 'string' ? cell : JSON.stringify(cell);

/** One line, short enough for a terminal. */
function shortText(cell: Cell): string {
  const text = cell === null ? 'NULL' : plainText(cell);
  const line = text.slice(0, MAX_WIDTH + 1).replaceAll(/\p{Cc}+/gu, ' ');
  return line.length > MAX_WIDTH ? `${line.slice(0, MAX_WIDTH - 1).toWellFormed()}…` : line;
}

function asTable({ columns, rows }: QueryResult): string {
  const table = tableText([columns.map(({ name }) => name), ...rows.map((row) => row.map(shortText))]);
  return `${table}\n(${counted(rows.length, 'row')})`;
}

const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const asCsv = ({ columns, rows }: QueryResult): string =>
  [columns.map(({ name }) => name), ...rows.map((row) => row.map(plainText))]
    .map((fields) => fields.map(csvField).join(','))
    .join('\n');

/** One object per row; numbers keep all their digits. */
const objectsOf = ({ columns, rows }: QueryResult): readonly string[] =>
  rows.map((row) => {
    const cells = columns.map(({ name, isExactNumber }, index) => {
      const cell = row[index] ?? null;
      return `${stringifyJson(name)}:${isExactNumber && cell !== null ? cell : stringifyJson(cell)}`;
    });
    return `{${cells.join(',')}}`;
  });

function asJson(result: QueryResult): string {
  const lines = objectsOf(result);
  return lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n]`;
}

/** Formats of text; Parquet is for files only. */
export type TextFormat = Exclude<Format, 'parquet'>;

const WRITERS: Readonly<Record<TextFormat, (result: QueryResult) => string>> = {
  table: asTable,
  csv: asCsv,
  json: asJson,
  ndjson: (result) => objectsOf(result).join('\n'),
};

export const resultText = (result: QueryResult, format: TextFormat): string => WRITERS[format](result);
