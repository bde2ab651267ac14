/** Rows and their cells: `"name":value`, and which columns have one. Pure. */
import type { ColumnType } from '../core/declaration.ts';
import { isRawInteger, type JsonValue, stringifyJson } from '../core/json.ts';
import type { TableName } from '../core/names.ts';
import type { ColumnTreatment } from './field-rules.ts';

/** One line of NDJSON, without its newline, and the table it belongs to. */
export interface Row {
  readonly table: TableName;
  readonly line: string;
}

/** `"name":`, ready to be written. */
export const label = (name: string): string => `${stringifyJson(name)}:`;

/** The JSON text of a value inside a row: nested values, and whatever a `json` column holds, as a string. */
export function cell(value: JsonValue | undefined, type: ColumnType): string {
  if (value === undefined || value === null) return 'null';
  if (type === 'json') return JSON.stringify(stringifyJson(value));
  if (typeof value === 'object' && !isRawInteger(value)) return JSON.stringify(stringifyJson(value));
  return stringifyJson(value);
}

/** What the field rules make of a value; null: nothing. */
export type Treat = Exclude<ColumnTreatment, 'exclude'>;

/** The columns that the field rules leave, each with its treatment. */
export const treated = <C extends { readonly name: string }>(
  columns: readonly C[],
  treatmentOf: (name: string) => ColumnTreatment,
): readonly (C & { readonly treat: Treat })[] =>
  columns.flatMap((column) => {
    const treat = treatmentOf(column.name);
    return treat === 'exclude' ? [] : [{ ...column, treat }];
  });
