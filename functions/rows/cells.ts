/** Rows and their cells, `"name":value`. Pure. */
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

/** The cell of a value that is not there. */
export const NULL = 'null';

/** The JSON text of a value in a row. Nested values, and all values of a `json` column, become strings. */
export function cell(value: JsonValue | undefined, type: ColumnType): string {
  if (value === undefined || value === null) return NULL;
  const isText = type === 'json' || (typeof value === 'object' && !isRawInteger(value));
  return isText ? JSON.stringify(stringifyJson(value)) : stringifyJson(value);
}

/** How the field rules change a value; null if they do not. */
export type Treat = Exclude<ColumnTreatment, 'exclude'>;

/** The columns that the field rules do not exclude, each with its treatment. */
export const treated = <C extends { readonly name: string }>(
  columns: readonly C[],
  treatmentOf: (name: string) => ColumnTreatment,
): readonly (C & { readonly treat: Treat })[] =>
  columns.flatMap((column) => {
    const treat = treatmentOf(column.name);
    return treat === 'exclude' ? [] : [{ ...column, treat }];
  });
