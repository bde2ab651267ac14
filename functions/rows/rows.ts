/** Turns a record into the lines of its tables. Pure. */

import type { Column, ColumnType, ObjectDeclaration } from '../core/declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue, stringifyJson } from '../core/json.ts';
import { DELETIONS, REJECTS, type TableName } from '../core/names.ts';
import { parsePath, valueAt, without } from '../core/paths.ts';
import type { DeletionHow, ReadRecord, Reject } from '../core/reading.ts';
import { listFields, listPaths, recordLists } from '../core/relationship.ts';
import { idText } from '../core/scalars.ts';
import { createSightings, type See, type SeenTables } from '../core/sightings.ts';
import { type EpochMs, toSeconds } from '../core/time.ts';
import { cell, label, NULL, type Row, type Treat, treated } from './cells.ts';
import { addChildRows, shapedChild } from './child-rows.ts';
import { type Treatments, UNTREATED } from './field-rules.ts';
import { createSpellings } from './spellings.ts';
import { type VersionAt, versionOf, versionsOf } from './version.ts';

export type { Row } from './cells.ts';

export interface Shaper {
  /** Rows of a record: its own first, then those of its children. */
  readonly shape: (record: Omit<ReadRecord, 'id'>, ordinal: number) => readonly Row[];
  /** The row for what cannot be a row of its table. */
  readonly reject: (reject: Reject, ordinal: number) => Row;
  /** Types of the values seen so far, for every column that a record had. */
  readonly observed: () => SeenTables;
}

type Steps = ReturnType<typeof parsePath>;

interface DeclaredColumn {
  readonly name: string;
  /** `"name":`, ready to write. */
  readonly label: string;
  readonly type: ColumnType;
  /** Field of the record. */
  readonly field: string;
  /** Further keys, inside that field. */
  readonly inside: readonly string[];
  /** Part of the primary key: written as text, in the same form as in child tables. */
  readonly isKey: boolean;
  /** Paths to remove from the column's value, relative to it. */
  readonly omit: readonly Steps[];
}

type ShapedColumn = DeclaredColumn & { readonly treat: Treat; readonly see: See };

function declaredColumns(declaration: ObjectDeclaration): readonly DeclaredColumn[] {
  const omitted = declaration.omit.map((path) => ({ path, steps: parsePath(path) }));
  return declaration.columns.map((column: Column) => {
    const [field = '', ...inside] = (column.from ?? column.name).split('.');
    const omit = omitted
      .filter(({ path }) => inside.length === 0 && path.startsWith(`${column.name}.`))
      .map(({ steps }) => steps.slice(1));
    const isKey = column.type === 'string' && declaration.primaryKey.includes(column.name);
    const { name, type } = column;
    return { name, label: label(name), type, isKey, field, inside, omit };
  });
}

/** Our own columns. A field of the same name in a record does not overwrite them. */
const OWN_COLUMNS = ['_run_id', '_extracted_at', '_unknown', '_version'];

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
  const seen = createSightings();
  const columns = treated(declaredColumns(declaration), treatmentOf).map(
    (column): ShapedColumn => ({ ...column, see: seen.of(column.name) }),
  );
  const children = declaration.children.map((child) => shapedChild(child, treatments));
  const known = new Set([
    ...declaration.columns.map((column) => column.name),
    ...declaration.omit.filter((path) => !path.includes('.')),
    ...OWN_COLUMNS,
  ]);
  const relations = declaration.children.flatMap(listPaths);
  const notSynced = declaration.omit.filter((path) => !relations.includes(path)).map(parsePath);
  const ownCells = (receivedAtMs: EpochMs): string =>
    `"_run_id":"${origin.runId}","_extracted_at":${toSeconds(receivedAtMs)}`;

  /** What all records of an answer have in common. */
  let answer = answerAt(0);
  function answerAt(receivedAtMs: EpochMs): {
    readonly receivedAtMs: EpochMs;
    readonly own: string;
    readonly versionAt: VersionAt;
  } {
    return { receivedAtMs, own: ownCells(receivedAtMs), versionAt: versionsOf({ receivedAtMs, ...origin }) };
  }

  function columnText(column: ShapedColumn, record: JsonObject): string {
    const { field, inside, omit, treat, type } = column;
    let value = record[field];
    if (inside.length > 0) value = valueAt(value, inside);
    if (value === undefined) return NULL;
    for (const steps of omit) value = without(value, steps);
    if (column.isKey) value = idText(value) ?? value;
    if (treat !== null && value !== null) value = treat(value);
    column.see(value);
    return cell(value, type);
  }

  const spelled = createSpellings(known);

  function undeclared(record: JsonObject): string {
    let text = '';
    for (const name of Object.keys(record)) {
      if (known.has(name)) continue;
      const treat = treatmentOf(spelled.sameAs(name));
      if (treat === 'exclude') continue;
      const found = record[name] ?? null;
      const value = treat === null ? found : treat(found);
      const column = spelled.columnOf(name, record).toWellFormed();
      seen.see(column, value);
      if (isAdmitted(column)) text += `,${label(column)}${cell(value, 'string')}`;
    }
    return text;
  }

  /**
   * Whether we can apply the field rules to a reject of this table. What is no row has no columns, so we can only if it is
   * the object's own, or nothing about its list is hashed or excluded.
   */
  function canTreat(table: TableName | null): boolean {
    if (table === declaration.name) return true;
    const child = children.find((one) => one.declaration.table === table);
    return (
      child !== undefined &&
      child.columns.length === child.declaration.columns.length &&
      child.columns.every(({ treat }) => treat === null) &&
      listFields(child.declaration).every((field) => treatmentOf(field) === null)
    );
  }

  /** The value under the field rules. Without a rule it is treated like an undeclared field. */
  function treatReject(value: JsonValue, path: string): JsonValue {
    if (!isJsonObject(value)) {
      const treat = treatmentOf(path);
      return treat === null ? value : treat === 'exclude' ? null : treat(value);
    }
    let kept: JsonValue = value;
    for (const steps of notSynced) kept = without(kept, steps);
    return Object.fromEntries(
      Object.entries(kept as JsonObject).flatMap(([name, inner = null]) => {
        const treat = treatmentOf(name);
        return treat === 'exclude' ? [] : [[name, treat === null ? inner : treat(inner)]];
      }),
    );
  }

  return {
    shape({ record, stampedAt, receivedAtMs, unknown, lists }, ordinal) {
      if (receivedAtMs !== answer.receivedAtMs) answer = answerAt(receivedAtMs);
      const { own } = answer;
      const version = answer.versionAt(stampedAt, ordinal);
      let line = '{';
      for (const column of columns) {
        if (line.length > 1) line += ',';
        line += column.label;
        line += columnText(column, record);
      }
      const names = unknown === undefined ? NULL : JSON.stringify(JSON.stringify(unknown));
      const relations = children.length === 0 ? '' : `,"_unknown":${names}`;
      line += `${undeclared(record)},${own}${relations},"_version":"${version}"}`;
      const rows: Row[] = [{ table: declaration.name, line }];
      const tail = `${own},"_parent_version":"${version}"}`;
      const { found } = lists ?? recordLists(declaration, record);
      for (const [index, child] of children.entries())
        addChildRows(child, found[index]?.items ?? [], record, tail, rows);
      return rows;
    },
    reject({ table, path, reason, value, receivedAtMs }, ordinal) {
      const version = versionOf({ stampedAt: toSeconds(receivedAtMs), receivedAtMs, ...origin, ordinal });
      const record = canTreat(table) ? stringifyJson(treatReject(value, path)) : null;
      const cells = JSON.stringify({ object: declaration.name, reason, path, record }).slice(1, -1);
      return { table: REJECTS, line: `{${cells},${ownCells(receivedAtMs)},"_version":"${version}"}` };
    },
    observed: () => ({
      [declaration.name]: seen.columns(),
      ...Object.fromEntries(children.map((child) => [child.declaration.table, child.seen.columns()])),
    }),
  };
}

export function deletionRow(
  deleted: {
    readonly object: TableName;
    readonly id: string;
    readonly how: DeletionHow;
    readonly merged_into: string | null;
  },
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
  return { table: DELETIONS, line: JSON.stringify(row) };
}
