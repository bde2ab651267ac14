/** Tables and views in the format of Glue, and a table as SQL text. Pure. */
import type { View } from './views.ts';

export interface GlueColumn {
  readonly Name: string;
  readonly Type: string;
  readonly Comment?: string;
  readonly Parameters?: Readonly<Record<string, string>>;
}

/** The part of Glue's `TableInput` that we fill in. */
export interface GlueTable {
  readonly Name: string;
  /** Not for views: Trino would read it instead of the comment that marks a view, and find no view. */
  readonly Description?: string;
  readonly TableType: 'EXTERNAL_TABLE' | 'VIRTUAL_VIEW';
  readonly Parameters: Readonly<Record<string, string>>;
  readonly PartitionKeys: readonly GlueColumn[];
  readonly StorageDescriptor: {
    readonly Columns: readonly GlueColumn[];
    readonly Location?: string;
    readonly InputFormat?: string;
    readonly OutputFormat?: string;
    readonly SerdeInfo: { readonly SerializationLibrary?: string };
  };
  readonly ViewOriginalText?: string;
  readonly ViewExpandedText?: string;
}

/** Marks a column that has no value yet. Its type is provisional, and the first value decides. */
export const UNDECIDED: Readonly<Record<string, string>> = { 'intercom.values': 'none yet' };

/** Names of types that differ in a view's definition. */
const TRINO: Readonly<Record<string, string>> = { string: 'varchar', timestamp: 'timestamp(3)' };

const trinoType = (type: string): string => TRINO[type] ?? type;

/** A view in the format in which Athena stores it in Glue: JSON in base64, in a comment. */
export function glueView({ name, columns, select }: View, database: string): GlueTable {
  const definition = {
    originalSql: select,
    catalog: 'awsdatacatalog',
    schema: database,
    columns: columns.map(({ name, type }) => ({ name, type: trinoType(type) })),
    // Trino refuses a view whose owner it does not know.
    runAsInvoker: true,
  };
  const encoded = Buffer.from(JSON.stringify(definition)).toString('base64');
  return {
    Name: name,
    TableType: 'VIRTUAL_VIEW',
    Parameters: { presto_view: 'true', comment: 'Presto View' },
    PartitionKeys: [],
    StorageDescriptor: {
      Columns: columns.map(({ name, type }) => ({ Name: name, Type: type })),
      SerdeInfo: {},
    },
    ViewOriginalText: `/* Presto View: ${encoded} */`,
    ViewExpandedText: '/* Presto View */',
  };
}

/** Hive escapes with backslashes. */
const literal = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&')}'`;

/** A struct's field may have the name of a keyword. */
const ddlType = (type: string): string => type.replaceAll(/(\w+):/g, '`$1`:');

const ddlColumn = ({ Name, Type, Comment }: GlueColumn): string =>
  `  \`${Name}\` ${ddlType(Type)}${Comment === undefined ? '' : ` COMMENT ${literal(Comment)}`}`;

/** The statement that creates the same table in Athena's console. */
export function createTable({ Name, StorageDescriptor, PartitionKeys, Parameters }: GlueTable): string {
  const { Columns, SerdeInfo, Location = '', InputFormat = '', OutputFormat = '' } = StorageDescriptor;
  const properties = Object.entries(Parameters)
    .filter(([key]) => key !== 'EXTERNAL')
    .map(([key, value]) => `  ${literal(key)} = ${literal(value)}`);
  return `CREATE EXTERNAL TABLE IF NOT EXISTS \`${Name}\` (
${Columns.map(ddlColumn).join(',\n')}
)
PARTITIONED BY (
${PartitionKeys.map(ddlColumn).join(',\n')}
)
ROW FORMAT SERDE ${literal(SerdeInfo.SerializationLibrary ?? '')}
STORED AS INPUTFORMAT ${literal(InputFormat)}
OUTPUTFORMAT ${literal(OutputFormat)}
LOCATION ${literal(Location)}
TBLPROPERTIES (
${properties.join(',\n')}
)`;
}
