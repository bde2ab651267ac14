/** Turns a record into the lines of its tables. Pure. */

import type { Column, ColumnType, ObjectDeclaration } from '../core/declaration.ts';
import type { JsonObject } from '../core/json.ts';
import type { TableName } from '../core/names.ts';
import { parsePath, valueAt, without } from '../core/paths.ts';
import type { ReadRecord } from '../core/reading.ts';
import { createSightings, type SeenTables } from '../core/sightings.ts';
import { toSeconds } from '../core/time.ts';
import { cell, label, type Row, type Treat, treated } from './cells.ts';
import { childRows, shapedChild } from './child-rows.ts';
import { type Treatments, UNTREATED } from './field-rules.ts';
import { versionOf } from './version.ts';

export type { Row } from './cells.ts';

export interface Shaper {
  /** Rows of a record: its own first, then those of its children. */
  readonly shape: (record: Omit<ReadRecord, 'id'>, ordinal: number) => readonly Row[];
  /** Types of the values seen so far, for every column that a record had. */
  readonly observed: () => SeenTables;
}

type Steps = ReturnType<typeof parsePath>;

interface ShapedColumn {
  readonly name: string;
  /** `"name":`, ready to write. */
  readonly label: string;
  readonly type: ColumnType;
  readonly keys: readonly string[];
  /** Paths to remove from the column's value, relative to it. */
  readonly omit: readonly Steps[];
  readonly treat: Treat;
}

function shapedColumns(declaration: ObjectDeclaration): readonly Omit<ShapedColumn, 'treat'>[] {
  const omitted = declaration.omit.map((path) => ({ path, steps: parsePath(path) }));
  return declaration.columns.map((column: Column) => {
    const keys = (column.from ?? column.name).split('.');
    const omit = omitted
      .filter(({ path }) => keys.length === 1 && path.startsWith(`${column.name}.`))
      .map(({ steps }) => steps.slice(1));
    return { name: column.name, label: label(column.name), type: column.type, keys, omit };
  });
}

/** Our own columns. A field of the same name in a record does not overwrite them. */
const OWN_COLUMNS = ['_run_id', '_extracted_at', '_version'];

/**
 * Creates the shaper of one object for one attempt on one slice.
 * Every row has every declared column, in the declared order. Then come the undeclared top-level fields that
 * are admitted, in the order of the record, and last our own columns. A column that the field rules exclude is
 * in no row and is not reported as seen.
 */
export function createShaper(
  declaration: ObjectDeclaration,
  origin: { readonly runId: string; readonly slice: string },
  treatments: Treatments = UNTREATED,
  isAdmitted: (column: string) => boolean = () => true,
): Shaper {
  const treatmentOf = (name: string) => treatments(declaration.name, name);
  const columns = treated(shapedColumns(declaration), treatmentOf);
  const children = declaration.children.map((child) => shapedChild(child, treatments));
  const known = new Set([
    ...declaration.columns.map((column) => column.name),
    ...declaration.omit.filter((path) => !path.includes('.')),
    ...OWN_COLUMNS,
  ]);
  const seen = createSightings();

  function columnText(column: ShapedColumn, record: JsonObject): string {
    const [first] = column.keys;
    let value = column.keys.length === 1 ? record[first ?? ''] : valueAt(record, column.keys);
    if (value === undefined) return `${column.label}null`;
    for (const steps of column.omit) value = without(value, steps);
    if (column.treat !== null && value !== null) value = column.treat(value);
    seen.see(column.name, value);
    return column.label + cell(value, column.type);
  }

  function undeclared(record: JsonObject): string {
    let text = '';
    for (const name of Object.keys(record)) {
      if (known.has(name)) continue;
      const treat = treatmentOf(name);
      if (treat === 'exclude') continue;
      const found = record[name] ?? null;
      const value = treat === null ? found : treat(found);
      seen.see(name.toWellFormed(), value);
      if (isAdmitted(name.toWellFormed())) text += `,${label(name)}${cell(value, 'string')}`;
    }
    return text;
  }

  return {
    shape({ record, stampedAt, receivedAtMs }, ordinal) {
      const version = versionOf({ stampedAt, receivedAtMs, ...origin, ordinal });
      const own = `"_run_id":"${origin.runId}","_extracted_at":${toSeconds(receivedAtMs)}`;
      const cells = columns.map((column) => columnText(column, record)).join(',');
      const line = `{${cells}${undeclared(record)},${own},"_version":"${version}"}`;
      const tail = `${own},"_parent_version":"${version}"`;
      return [
        { table: declaration.name, line },
        ...children.flatMap((child) => childRows(child, record, tail)),
      ];
    },
    observed: () => ({
      [declaration.name]: seen.columns(),
      ...Object.fromEntries(children.map(({ table, seen: ofChild }) => [table, ofChild.columns()])),
    }),
  };
}

/** The row for a deleted record. */
export function deletionRow(
  deleted: { readonly object: TableName; readonly id: string; readonly how: string },
  origin: { readonly runId: string; readonly slice: string; readonly ordinal: number },
  detectedAtMs: number,
): Row {
  const detectedAt = toSeconds(detectedAtMs);
  const version = versionOf({ stampedAt: detectedAt, receivedAtMs: detectedAtMs, ...origin });
  const row = {
    ...deleted,
    detected_at: detectedAt,
    _run_id: origin.runId,
    _extracted_at: detectedAt,
    _version: version,
  };
  return { table: 'deletions', line: JSON.stringify(row) };
}
