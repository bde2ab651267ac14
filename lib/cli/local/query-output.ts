/** The result of a query as text: a table for people, CSV or JSON for programs. Pure. */
import { counted } from '../../../functions/core/counted.ts';
import { stringifyJson } from '../../../functions/core/json.ts';
import { tableText } from '../terminal/table-text.ts';
import type { Cell, QueryResult } from './run-sql.ts';

export const FORMATS = ['table', 'csv', 'json', 'ndjson', 'parquet'] as const;
export type Format = (typeof FORMATS)[number];

/** DuckDB's names for the formats that it writes to a file. */
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

/** A table, or one record below the other if a line would not fit on the screen. */
function asTable({ columns, rows }: QueryResult, width: number | null): string {
  const names = columns.map(({ name }) => name);
  const cells = rows.map((row) => row.map(shortText));
  const table = tableText([names, ...cells]);
  const isTooWide =
    width !== null && cells.length > 0 && table.split('\n').some((line) => line.length > width);
  return `${isTooWide ? records(names, cells) : table}\n(${counted(rows.length, 'row')})`;
}

function records(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const longest = Math.max(...names.map(({ length }) => length));
  return rows
    .map((cells, index) => {
      const lines = names.map((name, column) => `${name.padEnd(longest)}  ${cells[column] ?? ''}`.trimEnd());
      return [`-- ${index + 1} of ${rows.length} --`, ...lines].join('\n');
    })
    .join('\n');
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

export type TextFormat = Exclude<Format, 'parquet'>;

const WRITERS: Readonly<Record<TextFormat, (result: QueryResult, width: number | null) => string>> = {
  table: asTable,
  csv: asCsv,
  json: asJson,
  ndjson: (result) => objectsOf(result).join('\n'),
};

/** @param width characters in a line of the screen; null if nobody reads it on one */
export const resultText = (result: QueryResult, format: TextFormat, width: number | null): string =>
  WRITERS[format](result, width);
