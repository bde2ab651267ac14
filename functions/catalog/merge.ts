/**
 * Merges our table into one that Glue already has. Our part is updated, and its types only widen. What a user
 * has added or written stays. Pure.
 */
import { type GlueColumn, type GlueTable, UNDECIDED } from './glue.ts';
import type { CatalogType } from './types.ts';

type Optional<T> = T | undefined;

/** A column as Glue returns it. */
export interface StoredColumn {
  readonly Name: Optional<string>;
  readonly Type?: Optional<string>;
  readonly Comment?: Optional<string>;
  readonly Parameters?: Optional<Readonly<Record<string, string>>>;
}

/** The part of Glue's `TableInput` that we look at. Everything else stays unchanged. */
export interface StoredTable {
  readonly Description?: Optional<string>;
  readonly TableType?: Optional<string>;
  readonly Parameters?: Optional<Readonly<Record<string, string>>>;
  readonly StorageDescriptor?: Optional<{
    readonly Columns?: Optional<readonly StoredColumn[]>;
    readonly Location?: Optional<string>;
    readonly InputFormat?: Optional<string>;
    readonly OutputFormat?: Optional<string>;
    readonly SerdeInfo?: Optional<{ readonly SerializationLibrary?: Optional<string> }>;
  }>;
  readonly ViewOriginalText?: Optional<string>;
  readonly ViewExpandedText?: Optional<string>;
}

const SCALARS: readonly CatalogType[] = ['string', 'bigint', 'double', 'boolean'];

const isScalar = (type: Optional<string>): type is CatalogType => SCALARS.some((one) => one === type);

const [[MARK = '', MARKED = ''] = []] = Object.entries(UNDECIDED);

const isUndecided = ({ Parameters }: StoredColumn): boolean => Parameters?.[MARK] === MARKED;

/** The narrowest type that reads what both types read. If the stored type is not one of ours, our type. */
function widened(stored: Optional<string>, wanted: string): string {
  if (stored === wanted || !isScalar(stored) || !isScalar(wanted)) return wanted;
  return [stored, wanted].every((type) => type === 'bigint' || type === 'double') ? 'double' : 'string';
}

function withoutMark({ Parameters = {}, ...column }: StoredColumn): StoredColumn {
  const { [MARK]: _mark, ...rest } = Parameters;
  return Object.keys(rest).length === 0 ? column : { ...column, Parameters: rest };
}

function mergedColumn(stored: Optional<StoredColumn>, wanted: GlueColumn): StoredColumn {
  if (stored === undefined) return wanted;
  if (isUndecided(wanted)) return stored;
  if (isUndecided(stored)) return { ...withoutMark(stored), Type: wanted.Type };
  return { ...stored, Type: widened(stored.Type, wanted.Type) };
}

const nameOf = ({ Name = '' }: StoredColumn): string => Name.toLowerCase();

function mergedColumns(
  stored: readonly StoredColumn[],
  wanted: readonly GlueColumn[],
  excluded: readonly string[],
): readonly StoredColumn[] {
  const before = new Map(stored.map((column) => [nameOf(column), column]));
  const names = new Set(wanted.map(nameOf));
  const left = new Set(excluded.map((name) => name.toLowerCase()));
  const others = stored.filter((column) => !names.has(nameOf(column)) && !left.has(nameOf(column)));
  return [...wanted.map((column) => mergedColumn(before.get(nameOf(column)), column)), ...others];
}

const RANGE = 'projection.run_date.range';

/** Each day before the first one with data costs every query an empty listing. A month of these is negligible. */
const SLACK_DAYS = 31;
const DAY_MS = 86_400_000;

/**
 * The first day of the partitions. It is never after the first committed file, and it does not change every day.
 * When old files are removed, it moves forward.
 * @param isWhole false if other objects may have files of an earlier day
 */
function mergedRange(stored: string, wanted: string, isWhole: boolean): string {
  const [, before = ''] = /^(\d{4}-\d\d-\d\d),NOW$/.exec(stored) ?? [];
  if (before === '' || before > wanted) return wanted;
  const days = (Date.parse(wanted.slice(0, before.length)) - Date.parse(before)) / DAY_MS;
  return isWhole && days > SLACK_DAYS ? wanted : stored;
}

function mergedParameters(
  stored: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
  isWhole: boolean,
): Readonly<Record<string, string>> {
  const range = wanted[RANGE];
  return {
    ...stored,
    ...wanted,
    ...(range !== undefined && { [RANGE]: mergedRange(stored[RANGE] ?? '', range, isWhole) }),
  };
}

/** Only the members that are set, so that undefined never replaces a stored value. */
const given = <T extends object>(members: T): Partial<T> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>;

/**
 * The columns of both histories. We did not write columns of types that we never give, so they are left out.
 * @param stored the view of the history, if there is one
 */
export const mergedHistoryColumns = (
  stored: StoredTable | null,
  wanted: readonly GlueColumn[],
  excluded: readonly string[],
): readonly GlueColumn[] =>
  mergedColumns(stored?.StorageDescriptor?.Columns ?? [], wanted, excluded).flatMap((column) => {
    const { Name, Type, Comment, Parameters } = column;
    if (Name === undefined || !isScalar(Type)) return [];
    return [{ Name, Type, ...(Comment !== undefined && { Comment }), ...(Parameters && { Parameters }) }];
  });

/** The table of files, or of manifests, with the columns and parameters of both. */
export function mergedTable<T extends StoredTable>(
  stored: T,
  wanted: GlueTable,
  {
    excluded = [],
    isWhole = true,
  }: { readonly excluded?: readonly string[]; readonly isWhole?: boolean } = {},
): T {
  const { Columns, SerdeInfo, ...storage } = wanted.StorageDescriptor;
  const before = stored.StorageDescriptor ?? {};
  return {
    ...stored,
    TableType: wanted.TableType,
    Parameters: mergedParameters(stored.Parameters ?? {}, wanted.Parameters, isWhole),
    StorageDescriptor: {
      ...before,
      ...given(storage),
      SerdeInfo: { ...before.SerdeInfo, ...SerdeInfo },
      Columns: mergedColumns(before.Columns ?? [], Columns, excluded),
    },
  };
}

/** The view selects what ours selects. Only descriptions may come from the user. */
export function mergedView<T extends StoredTable>(stored: T, wanted: GlueTable): T {
  const before = new Map(stored.StorageDescriptor?.Columns?.map((column) => [nameOf(column), column]));
  const Columns = wanted.StorageDescriptor.Columns.map((column) => ({
    ...withoutMark(before.get(nameOf(column)) ?? column),
    ...column,
  }));
  return {
    ...stored,
    TableType: wanted.TableType,
    Parameters: { ...stored.Parameters, ...wanted.Parameters },
    StorageDescriptor: { ...stored.StorageDescriptor, Columns },
    ViewOriginalText: wanted.ViewOriginalText,
    ViewExpandedText: wanted.ViewExpandedText,
  };
}
