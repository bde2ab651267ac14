/** The schema of an object, recorded from run to run, and its drift. Pure. */
import type { ColumnType, ObjectDeclaration } from './declaration.ts';
import type { TableName } from './names.ts';
import { ofColumn, type SeenColumns, type SeenTables, type SeenType, unionSeen } from './sightings.ts';

/** What we know about an object's columns after a run; kept in its manifest. */
export interface RecordedSchema {
  /** Grows by one with every run that changes columns or types. */
  readonly version: number;
  /** Every column that was ever seen. */
  readonly columns: SeenTables;
  /** Columns seen before but not recently, as `table.column`, with the number of records read since then. */
  readonly missing: Readonly<Record<string, number>>;
}

/** What a run changed, for people: each as `table.column: change`. */
export interface SchemaDrift {
  /** New columns: `contacts.plan: string`. */
  readonly added: readonly string[];
  /** Types not seen in a column before: `companies.size: integer -> number`. */
  readonly changed: readonly string[];
  /** Left out (`contacts.plan: blocked`) or no longer sent (`contacts.plan: no longer sent`). */
  readonly dropped: readonly string[];
}

/** Types that we expect in a column of each declared type. Ids come as integers or as text. */
const EXPECTED: Readonly<Record<ColumnType, readonly SeenType[]>> = {
  boolean: ['boolean'],
  timestamp: ['integer'],
  integer: ['integer', 'long'],
  number: ['integer', 'number'],
  string: ['string', 'integer', 'long', 'huge'],
  json: ['boolean', 'integer', 'long', 'huge', 'number', 'string', 'json'],
};

type DeclaredTypes = Readonly<Partial<Record<TableName, Readonly<Record<string, ColumnType>>>>>;

const typesOf = (columns: readonly { readonly name: string; readonly type: ColumnType }[]) =>
  Object.fromEntries(columns.map(({ name, type }) => [name, type]));

const declaredTypes = ({ name, columns, children }: ObjectDeclaration): DeclaredTypes => ({
  [name]: typesOf(columns),
  ...Object.fromEntries(children.map((child) => [child.table, typesOf(child.columns)])),
});

/** Whether an undeclared field becomes a column. `block` admits only what the first run had. */
export function admits(
  schemaChanges: 'auto-sync' | 'block',
  recorded: RecordedSchema | null,
  table: TableName,
): (column: string) => boolean {
  if (schemaChanges === 'auto-sync' || recorded === null) return () => true;
  return (column) => ofColumn(recorded.columns[table], column) !== undefined;
}

const text = (types: readonly string[]): string => (types.length === 0 ? 'null' : types.join('|'));

/** `before -> new types`; null if every type was expected or seen before. */
function change(
  before: readonly SeenType[],
  now: readonly SeenType[],
  declared: ColumnType | undefined,
): string | null {
  const expected = declared === undefined ? [] : EXPECTED[declared];
  const isSurprise = (type: SeenType): boolean => !expected.includes(type);
  const fresh = now.filter((type) => isSurprise(type) && !before.includes(type));
  if (fresh.length === 0) return null;
  const known = declared === undefined ? before : [declared, ...before.filter(isSurprise)];
  return `${text(known)} -> ${text(fresh)}`;
}

/** A field counts as gone after this many records without it. For an object that is read whole, one is enough. */
const ENOUGH_RECORDS = 200;

export interface RunSight {
  /** The declaration as its rows are written: a hashed column has the type of the hash. */
  readonly declaration: ObjectDeclaration;
  /** True for columns of the object's own table that field rules exclude: they are not missing. */
  readonly isExcluded: (column: string) => boolean;
  readonly schemaChanges: 'auto-sync' | 'block';
  readonly seen: SeenTables;
  /** Records of the object that the run read. */
  readonly records: number;
  /** True if the run read all of the object's records. */
  readonly isWhole: boolean;
}

/** The object's own columns that were seen before but not in this run, with the number of records read since. */
function stillMissing(before: RecordedSchema, run: RunSight) {
  const { declaration, isExcluded, seen, records, isWhole } = run;
  if (records === 0) return before.missing;
  const { name } = declaration;
  const absent = Object.keys(before.columns[name] ?? {}).filter(
    (column) => ofColumn(seen[name], column) === undefined && !isExcluded(column),
  );
  return Object.fromEntries(
    absent.map((column) => {
      const since = (ofColumn(before.missing, `${name}.${column}`) ?? 0) + records;
      return [`${name}.${column}`, isWhole ? Math.max(since, ENOUGH_RECORDS) : since];
    }),
  );
}

/** Recorded columns that count as gone, as `table.column`. */
export const goneColumns = ({ missing }: Pick<RecordedSchema, 'missing'>): readonly string[] =>
  Object.keys(missing).filter((name) => (missing[name] ?? 0) >= ENOUGH_RECORDS);

/** Adds what a run saw to the recorded schema. Types only widen, and a column once seen stays. */
export function recordSchema(before: RecordedSchema | null, run: RunSight): RecordedSchema & SchemaDrift {
  const { declaration, schemaChanges, seen } = run;
  const known = before ?? { version: 0, columns: {}, missing: {} };
  const wereGone = goneColumns(known);
  const declared = declaredTypes(declaration);
  const added: string[] = [];
  const changed: string[] = [];
  const blocked: string[] = [];
  const admitted: Partial<Record<TableName, SeenColumns>> = {};
  for (const table of Object.keys(seen) as TableName[]) {
    const isAdmitted = admits(schemaChanges, before, table);
    const columns = Object.entries(seen[table] ?? {}).filter(([column, now]) => {
      const name = `${table}.${column}`;
      const type = ofColumn(declared[table], column);
      const earlier = ofColumn(known.columns[table], column);
      if (type === undefined && !isAdmitted(column)) {
        blocked.push(`${name}: blocked`);
        return false;
      }
      const isNew = type === undefined && earlier === undefined;
      const difference = isNew ? null : change(earlier ?? [], now, type);
      if (isNew || wereGone.includes(name)) added.push(`${name}: ${text(now)}`);
      if (difference !== null) changed.push(`${name}: ${difference}`);
      return true;
    });
    admitted[table] = Object.fromEntries(columns);
  }
  const missing = stillMissing(known, run);
  const vanished = goneColumns({ missing }).filter((name) => !wereGone.includes(name));
  const isChanged = added.length + changed.length + vanished.length > 0;
  return {
    version: before === null ? 1 : before.version + (isChanged ? 1 : 0),
    added: added.sort(),
    changed: changed.sort(),
    dropped: [...blocked, ...vanished.map((name) => `${name}: no longer sent`)].sort(),
    columns: unionSeen(known.columns, admitted),
    missing,
  };
}
