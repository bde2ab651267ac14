/**
 * `<table>_flat`: a table as a person would make it. Times are timestamps in UTC, the leaves of JSON and the
 * workspace's own attributes are typed columns, and ids have names next to them. The SQL is the same in DuckDB and
 * Athena, except for how it reads the leaves of JSON. A value that does not fit its column's type is NULL; `<table>`
 * has it as it came. Pure.
 */
import type { DeclaredTable, DeclaredTableName } from '../core/declared-tables.ts';
import type { ObjectName, TableName } from '../core/names.ts';
import { parsePath } from '../core/paths.ts';
import type { Attributes, AttributeType } from '../core/ports.ts';
import { columnTree, type FieldRules } from '../rows/field-rules.ts';
import { treatmentAt } from '../rows/field-tree.ts';
import { LEAVES, PREFIXES } from './flat-leaves.ts';
import { list, literal, quoted } from './sql.ts';
import { type CatalogColumn, type CatalogTable, RUN_DATE, referenceOf } from './tables.ts';
import { catalogType } from './types.ts';
import { liveName, type View } from './views.ts';

/** What a flat view is made from. */
export interface FlatContext {
  /** All tables of the pipeline, for the names next to ids. */
  readonly tables: readonly CatalogTable[];
  readonly declared: readonly DeclaredTable[];
  readonly rules: FieldRules;
  readonly attributes: Attributes;
  /** Writes a leaf of a JSON column as text, by its keys. */
  readonly leaf: WriteLeaf;
}

export type WriteLeaf = (column: string, keys: readonly string[]) => string;

/** The JSON column with the workspace's own attributes, their columns' prefix, and the object that defines them. */
export const ATTRIBUTE_COLUMNS: Readonly<
  Partial<
    Record<TableName, { readonly column: string; readonly prefix: string; readonly definedBy: ObjectName }>
  >
> = {
  contacts: { column: 'custom_attributes', prefix: 'custom', definedBy: 'data_attributes' },
  companies: { column: 'custom_attributes', prefix: 'custom', definedBy: 'data_attributes' },
  conversations: { column: 'custom_attributes', prefix: 'custom', definedBy: 'data_attributes' },
  tickets: { column: 'ticket_attributes', prefix: 'attribute', definedBy: 'ticket_types' },
};

/** Small tables, each with the column that names its records. Joining a large one would make every query slow. */
const LABELS: Readonly<Partial<Record<TableName, string>>> = {
  admins: 'name',
  teams: 'name',
  tags: 'name',
  segments: 'name',
  collections: 'name',
  ticket_types: 'name',
  subscription_types: 'name',
  help_centers: 'display_name',
  brands: 'name',
  away_status_reasons: 'label',
};

/** A column of a flat view: its name, its type in Glue, and the expression for it. */
interface FlatColumn {
  readonly name: string;
  readonly type: string;
  readonly sql: string;
}

const ROW = 'live';

const cell = (column: string): string => `${ROW}.${quoted(column)}`;

const TYPES: Readonly<Record<AttributeType, string>> = {
  string: 'string',
  integer: 'bigint',
  number: 'double',
  boolean: 'boolean',
  timestamp: 'timestamp',
};

/** The first and the last second of the years 1 to 9999, which engines can represent. */
const [FIRST_SECOND, LAST_SECOND] = [-62_135_596_800, 253_402_300_799];

/** Unix seconds as a timestamp in UTC; null if engines cannot represent it. */
export const fromUnix = (sql: string): string =>
  `CASE WHEN TRY_CAST(${sql} AS double) BETWEEN ${FIRST_SECOND} AND ${LAST_SECOND} THEN CAST(from_unixtime(TRY_CAST(${sql} AS double)) AT TIME ZONE 'UTC' AS timestamp) END`;

const fromIso = (sql: string): string =>
  `CAST(TRY(from_iso8601_timestamp(${sql})) AT TIME ZONE 'UTC' AS timestamp)`;

/** Casts a value of any type to its column's type. Hashed values and text stay text. */
function typed(sql: string, type: AttributeType): string {
  if (type === 'string') return `CAST(${sql} AS varchar)`;
  return type === 'timestamp' ? fromUnix(sql) : `TRY_CAST(${sql} AS ${TYPES[type]})`;
}

/**
 * The type of each leaf of a column under the field rules: what may be hashed is text; null for what is excluded. The
 * column's rules are worked out once.
 */
function typesUnderRules(
  { declared, rules }: FlatContext,
  table: DeclaredTableName,
  column: string,
): (keys: readonly string[], type: AttributeType) => AttributeType | null {
  const found = declared.find(({ name }) => name === table);
  if (found === undefined) return (_keys, type) => type;
  const tree = columnTree(found, column, rules);
  return (keys, type) => {
    const treatment = treatmentAt(
      tree,
      keys.map((key) => ({ key })),
    );
    if (treatment === 'exclude') return null;
    return treatment === 'hash' ? 'string' : type;
  };
}

/** `source.author.id` becomes `source_author_id`; `statistics.count_reopens`, which needs no prefix, `count_reopens`. */
function leafName(column: string, keys: readonly string[]): string {
  const prefix = PREFIXES[column] ?? column;
  const name = keys.join('_');
  return prefix === '' || name === prefix ? name : `${prefix}_${name}`;
}

function leafColumns(context: FlatContext, table: DeclaredTableName, column: string): readonly FlatColumn[] {
  const typeOf = typesUnderRules(context, table, column);
  return Object.entries(LEAVES[table]?.[column] ?? {}).flatMap(([path, wanted]) => {
    const keys = parsePath(path).map((step) => ('key' in step ? step.key : ''));
    const type = typeOf(keys, wanted);
    if (type === null) return [];
    return [
      { name: leafName(column, keys), type: TYPES[type], sql: typed(context.leaf(cell(column), keys), type) },
    ];
  });
}

/** A name that every engine accepts: lower case, no special characters. `Plan (2024)` becomes `plan_2024`. */
const plainName = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .replaceAll(/^_+|_+$/g, '')
    .slice(0, 60)
    .toWellFormed();

/** The name, or the name with the first number that is free. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  let count = 2;
  while (taken.has(`${name}_${count}`)) count += 1;
  return `${name}_${count}`;
}

/** If the names of several attributes come out the same, the oldest gets the name and the others a number. */
function attributeColumns(context: FlatContext, table: ObjectName): readonly FlatColumn[] {
  const place = ATTRIBUTE_COLUMNS[table];
  if (place === undefined) return [];
  const typeOf = typesUnderRules(context, table, place.column);
  const taken = new Set<string>();
  return (context.attributes[table] ?? []).flatMap(({ name, type: wanted }) => {
    const unique = freeName([place.prefix, plainName(name)].filter((part) => part !== '').join('_'), taken);
    taken.add(unique);
    const type = typeOf([name], wanted);
    if (type === null) return [];
    const value = context.leaf(cell(place.column), [name]);
    return [
      {
        name: unique,
        type: TYPES[type],
        sql: type === 'timestamp' ? `coalesce(${fromUnix(value)}, ${fromIso(value)})` : typed(value, type),
      },
    ];
  });
}

/** Tables that an id may refer to. `type`: only if the column next to the id has this type. */
type Targets = readonly { readonly table: string; readonly type?: string }[];

/** Ids whose description names no table: leaves of JSON, and ids that may refer to several tables. */
const TARGETS: Readonly<Record<string, Targets>> = {
  assigned_to_id: [
    { table: 'admins', type: 'admin' },
    { table: 'teams', type: 'team' },
  ],
  applied_by_id: [{ table: 'admins', type: 'admin' }],
  performed_by_id: [{ table: 'admins', type: 'admin' }],
  rating_teammate_id: [{ table: 'admins' }],
  last_closed_by_id: [{ table: 'admins' }],
};

interface Labelled {
  readonly columns: readonly FlatColumn[];
  readonly joins: readonly string[];
}

/** The columns, with the record's name next to each id that refers to a small table. */
function withLabels({ tables }: FlatContext, table: CatalogTable, columns: readonly FlatColumn[]): Labelled {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const joins: string[] = [];
  const labelsOf = ({ name: id, sql }: FlatColumn): readonly FlatColumn[] => {
    const declared = table.columns.find(({ name }) => name === id);
    const reference = declared && referenceOf(declared);
    const name = id.replace(/_id$/, '_name');
    if (name === id || byName.has(name)) return [];
    const names = (reference ? [reference] : (TARGETS[id] ?? [])).flatMap((target: Targets[number]) => {
      const found = tables.find((one) => one.name === target.table);
      const label = found && LABELS[found.name];
      const isThere = found?.columns.some((column) => column.name === label) ?? false;
      const type = byName.get(id.replace(/_id$/, '_type'));
      if (found === undefined || label === undefined || !isThere) return [];
      if (target.type !== undefined && type === undefined) return [];
      const alias = `label${joins.length}`;
      const isOfType = target.type === undefined ? '' : ` AND ${type?.sql} = ${literal(target.type)}`;
      joins.push(`LEFT JOIN ${found.name} AS ${alias} ON ${alias}."id" = ${sql}${isOfType}`);
      return [`${alias}.${quoted(label)}`];
    });
    if (names.length === 0) return [];
    return [
      { name, type: 'string', sql: names.length === 1 ? names.join('') : `coalesce(${names.join(', ')})` },
    ];
  };
  return { columns: columns.flatMap((column) => [column, ...labelsOf(column)]), joins };
}

/** Beginning of the description of a column that has the same value in every row. */
const OBJECT_TYPE = "Intercom's name for this kind of record";

/** The only one of our own columns that people want: it says how fresh a row is. */
const EXTRACTED_AT = '_extracted_at';

/** Leaves out our own columns, and the type of the record, which is the same in every row. */
const isForPeople = ({ name, description }: CatalogColumn): boolean =>
  (!name.startsWith('_') || name === EXTRACTED_AT) &&
  name !== RUN_DATE &&
  !(name === 'type' && description.startsWith(OBJECT_TYPE));

/** @param table must have a live view */
export function flatView(table: CatalogTable, context: FlatContext): View {
  const name = table.name as DeclaredTableName;
  const known = table.columns.filter(isForPeople).flatMap((column): readonly FlatColumn[] => {
    const { declared } = column;
    if (declared === null) return [];
    if (declared === 'json') {
      const isOfAttributes = column.name === ATTRIBUTE_COLUMNS[name]?.column;
      return isOfAttributes ? [] : leafColumns(context, name, column.name);
    }
    // Ids are text in every table, so that they join, whatever Intercom sends.
    const type = catalogType(column.name, declared, []) === 'string' ? 'string' : declared;
    return [{ name: column.name, type: TYPES[type], sql: typed(cell(column.name), type) }];
  });
  const labelled = withLabels(context, table, known);
  const { joins } = labelled;
  const isOurs = (column: FlatColumn) => column.name === EXTRACTED_AT;
  // Attributes come after all other columns of Intercom's, so that a new one moves none of these.
  const columns = [
    ...labelled.columns.filter((column) => !isOurs(column)),
    ...attributeColumns(context, name as ObjectName),
    ...labelled.columns.filter(isOurs),
  ];
  const selected = columns.map(({ name, sql }) => `${sql} AS ${quoted(name)}`);
  return {
    name: flatName(table.name),
    columns: columns.map(({ name, type }) => ({ name, type })),
    select: [`SELECT\n${list(selected)}\nFROM ${liveName(table.name)} AS ${ROW}`, ...joins].join('\n'),
  };
}

export const flatName = (table: TableName): string => `${table}_flat`;
