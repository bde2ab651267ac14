/** The result of a query as text: a table for people, CSV or JSON for programs. Pure. */
import { counted } from '../../../functions/core/counted.ts';
import { stringifyJson } from '../../../functions/core/json.ts';
import { tableText } from '../terminal/table-text.ts';
import type { Cell, QueryResult } from './run-sql.ts';

export const FORMATS = ['table', 'csv', 'json'] as const;
export type Format = (typeof FORMATS)[number];

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

/** A list with one object per line; numbers keep all their digits. */
function asJson({ columns, rows }: QueryResult): string {
  const lines = rows.map((row) => {
    const cells = columns.map(({ name, isExactNumber }, index) => {
      const cell = row[index] ?? null;
      return `${stringifyJson(name)}:${isExactNumber && cell !== null ? cell : stringifyJson(cell)}`;
    });
    return `{${cells.join(',')}}`;
  });
  return lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n]`;
}

const WRITERS: Readonly<Record<Format, (result: QueryResult) => string>> = {
  table: asTable,
  csv: asCsv,
  json: asJson,
};

export const resultText = (result: QueryResult, format: Format): string => WRITERS[format](result);
