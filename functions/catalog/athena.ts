/**
 * The catalog for Athena: Glue's tables as data, and the same as text. Nothing is registered per run:
 * partitions are projected, and views keep what manifests list. Pure.
 */
import { OBJECT_NAMES } from '../core/names.ts';
import { createTable, type GlueColumn, type GlueTable, glueView } from './glue.ts';
import { MANIFEST_COLUMNS, MANIFEST_FILE_COLUMNS, type NestedType } from './manifests.ts';
import { literal } from './sql.ts';
import type { CatalogTable } from './tables.ts';
import { createView, currentView, historyName, MANIFEST_FILES, MANIFESTS, type View } from './views.ts';

export interface AthenaLake {
  readonly bucket: string;
  /** Glue database of the pipeline. */
  readonly database: string;
  /** `2026-11-22`: day of the first run, where the partitions begin. */
  readonly firstRunDate: string;
}

const JSON_SERDE = 'org.apache.hive.hcatalog.data.JsonSerDe';
const TEXT_INPUT = 'org.apache.hadoop.mapred.TextInputFormat';
const TEXT_OUTPUT = 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat';

/** Longest comment that Glue takes. */
const MAX_COMMENT = 255;

function hiveType(type: NestedType): string {
  if (typeof type === 'string') return type;
  if ('array' in type) return `array<${hiveType(type.array)}>`;
  if ('map' in type) return `map<string,${hiveType(type.map)}>`;
  const fields = Object.entries(type.struct).map(([name, inner]) => `${name}:${hiveType(inner)}`);
  return `struct<${fields.join(',')}>`;
}

/** A table over JSON files, partitioned by a key whose values are computed, not registered. */
function jsonTable(table: {
  readonly name: string;
  readonly description: string;
  readonly location: string;
  readonly columns: readonly GlueColumn[];
  readonly partition: string;
  readonly projection: Readonly<Record<string, string>>;
  /** Of a partition's folder, before its value. */
  readonly folder: string;
}): GlueTable {
  const { name, description, location, columns, partition, projection, folder } = table;
  const settings = Object.entries(projection).map(([key, value]) => [
    `projection.${partition}.${key}`,
    value,
  ]);
  return {
    Name: name,
    Description: description,
    TableType: 'EXTERNAL_TABLE',
    Parameters: {
      EXTERNAL: 'TRUE',
      classification: 'json',
      'projection.enabled': 'true',
      ...Object.fromEntries(settings),
      'storage.location.template': `${location}${folder}\${${partition}}/`,
    },
    PartitionKeys: [{ Name: partition, Type: 'string' }],
    StorageDescriptor: {
      Columns: columns,
      Location: location,
      InputFormat: TEXT_INPUT,
      OutputFormat: TEXT_OUTPUT,
      SerdeInfo: { SerializationLibrary: JSON_SERDE },
    },
  };
}

const historyTable = (table: CatalogTable, { bucket, firstRunDate }: AthenaLake): GlueTable =>
  jsonTable({
    name: historyName(table.name),
    description: `${table.description} Every row of every file, left-overs of attempts that were cut off included.`,
    location: `s3://${bucket}/tables/${table.name}/`,
    columns: table.columns.map(({ name, type, description }) => ({
      Name: name.toLowerCase(),
      Type: type,
      Comment: description.slice(0, MAX_COMMENT),
    })),
    partition: 'run_date',
    projection: {
      type: 'date',
      format: 'yyyy-MM-dd',
      range: `${firstRunDate},NOW`,
      interval: '1',
      'interval.unit': 'DAYS',
    },
    folder: 'run_date=',
  });

const manifestsTable = ({ bucket }: AthenaLake): GlueTable =>
  jsonTable({
    name: MANIFESTS,
    description:
      'A row for each committed run of an object: what it wrote, and the proof that it is complete.',
    location: `s3://${bucket}/manifests/`,
    columns: Object.entries(MANIFEST_COLUMNS).map(([name, type]) => ({ Name: name, Type: hiveType(type) })),
    partition: 'object',
    projection: { type: 'enum', values: OBJECT_NAMES.join(',') },
    folder: '',
  });

const manifestFilesView = ({ bucket }: AthenaLake): View => ({
  name: MANIFEST_FILES,
  description: 'A row for each file that is committed.',
  columns: MANIFEST_FILE_COLUMNS,
  select: `SELECT
  object, run_id, table_name, ${literal(`s3://${bucket}/`)} || file_key AS path, file_rows AS "rows", bytes, sha256
FROM ${MANIFESTS}
CROSS JOIN UNNEST(tables) AS entries (table_name, content)
CROSS JOIN UNNEST(content.files) AS files (file_key, file_rows, bytes, sha256)`,
});

const viewsOf = (tables: readonly CatalogTable[], lake: AthenaLake): readonly View[] => [
  manifestFilesView(lake),
  ...tables.map(currentView),
];

/** Everything Glue has to hold, tables before the views that read them, parents before their children. */
export const glueTables = (tables: readonly CatalogTable[], lake: AthenaLake): readonly GlueTable[] => [
  manifestsTable(lake),
  ...tables.map((table) => historyTable(table, lake)),
  ...viewsOf(tables, lake).map((view) => glueView(view, lake.database)),
];

/** Athena's own text: DDL in the dialect of Hive for tables, of Trino for views. */
export function athenaStatements(
  tables: readonly CatalogTable[],
  lake: AthenaLake,
): { readonly tables: readonly string[]; readonly views: readonly string[] } {
  const external = [manifestsTable(lake), ...tables.map((table) => historyTable(table, lake))];
  return { tables: external.map(createTable), views: viewsOf(tables, lake).map(createView) };
}
