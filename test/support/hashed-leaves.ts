/** Finds the leaves of a record that hashing changes although they are not declared personal. */
import type { Column, ObjectDeclaration } from '../../functions/core/declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../functions/core/json.ts';
import { parsePath, pathFrom, type Step, takesIn } from '../../functions/core/paths.ts';
import { createTreatments, type FieldRules } from '../../functions/rows/field-rules.ts';
import { createShaper } from '../../functions/rows/rows.ts';
import { testHash } from './dependencies.ts';

interface Written {
  readonly rows: readonly { readonly table: string; readonly line: string }[];
  /** The columns and types that the shaper saw. */
  readonly observed: unknown;
}

/** The rows of a record under `sensitiveFields`. */
export function written(
  declaration: ObjectDeclaration,
  record: JsonObject,
  sensitiveFields: FieldRules['sensitiveFields'],
): Written {
  const treatments = createTreatments(declaration, { fields: {}, sensitiveFields }, testHash);
  const shaper = createShaper(declaration, { runId: 'r', slice: '0001' }, treatments);
  const rows = shaper.shape({ record, stampedAt: 1, receivedAtMs: 1 }, 1);
  return { rows, observed: shaper.observed() };
}

type Place = readonly Step[];
type Leaf = readonly [place: Place, value: JsonValue];

export function leavesOf(value: JsonValue | undefined, place: Place = []): readonly Leaf[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) {
    return value.flatMap((item: JsonValue) => leavesOf(item, [...place, { every: 'item' }]));
  }
  if (!isJsonObject(value)) return [[place, value]];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...place, { key }]));
}

export const isWithin = (place: Place, path: string): boolean => takesIn(parsePath(path), place);

const isPersonal = ({ name, personal }: Omit<Column, 'from'>, place: Place): boolean =>
  personal === true ||
  (personal ?? []).some((path) => isWithin([{ key: name }, ...place], pathFrom(name, path)));

/** The place as a path, with every key quoted. */
export const textOf = (place: Place): string =>
  place.map((step) => ('key' in step ? `[${JSON.stringify(step.key)}]` : '[]')).join('');

const cellOf = (line: string, { name, type }: Omit<Column, 'from'>): JsonValue => {
  const value = (JSON.parse(line) as JsonObject)[name] ?? null;
  return type === 'json' && typeof value === 'string' ? (JSON.parse(value) as JsonValue) : value;
};

/** Leaves that hashing changes although no declaration marks them as personal, as `table.column.path`. */
export function wronglyHashed(declaration: ObjectDeclaration, record: JsonObject): readonly string[] {
  const hashed = written(declaration, record, 'hash').rows;
  const tables = [
    { table: declaration.name as string, columns: declaration.columns as readonly Omit<Column, 'from'>[] },
    ...declaration.children,
  ];
  const found = written(declaration, record, 'replicate').rows.flatMap(({ table, line }, row) =>
    (tables.find((one) => one.table === table)?.columns ?? []).flatMap((column) => {
      const after = leavesOf(cellOf(hashed[row]?.line ?? '{}', column));
      return leavesOf(cellOf(line, column)).flatMap(([place, value], index) =>
        value === after[index]?.[1] || isPersonal(column, place)
          ? []
          : [`${table}.${column.name}${textOf(place)}`],
      );
    }),
  );
  return [...new Set(found)];
}
