/** How each warehouse writes types and names, and reads a list of files. Pure. */
import { literal, quoted } from '../../../functions/catalog/sql.ts';
import type { CatalogType } from '../../../functions/catalog/types.ts';

export const WAREHOUSES = ['redshift', 'snowflake', 'bigquery', 'spark'] as const;
export type Warehouse = (typeof WAREHOUSES)[number];

/** The list of files for one COPY of Redshift, which `load-sql` stores in the bucket. */
export interface LoadManifest {
  readonly entries: readonly {
    readonly url: string;
    readonly mandatory: true;
    readonly meta: { readonly content_length: number };
  }[];
}

export interface LoadedFile {
  /** Key in the lake, such as `tables/contacts/run_date=…/0001-a-0001.ndjson.gz`. */
  readonly key: string;
  readonly bytes: number;
}

/** The files of one statement. */
export interface Copy {
  /** The staging table. */
  readonly into: string;
  /** Columns with their types, as in CREATE TABLE. */
  readonly columns: string;
  readonly files: readonly LoadedFile[];
  readonly isGzip: boolean;
  /** Where the warehouse finds the lake: `s3://bucket/`, or what the user named, with a slash at the end. */
  readonly from: string;
  /** Address of the list of files, for a warehouse that reads one. */
  readonly manifestUrl: string;
}

export interface Dialect {
  readonly types: Readonly<Record<CatalogType, string>>;
  quoted(name: string): string;
  /** Files that one statement can name. */
  readonly filesPerCopy: number;
  /** Whether a staging table is in the schema. Temporary tables are not. */
  readonly stagesInSchema: boolean;
  /** Whether the statement reads a list that is stored next to the files. */
  readonly needsManifest: boolean;
  /** Statements that make an empty staging table; none if `copy` makes it. */
  staging(table: string, columns: string): readonly string[];
  copy(copy: Copy): string;
  dropStaging(table: string): string;
  /** What the user must set up first. */
  readonly note: string;
}

const backticks = (name: string): string => `\`${name.replaceAll('`', '')}\``;

const redshift: Dialect = {
  types: { string: 'VARCHAR(MAX)', bigint: 'BIGINT', double: 'DOUBLE PRECISION', boolean: 'BOOLEAN' },
  quoted,
  filesPerCopy: 10_000,
  stagesInSchema: false,
  needsManifest: true,
  staging: (table, columns) => [
    `DROP TABLE IF EXISTS ${table}`,
    `CREATE TEMP TABLE ${table} (\n${columns}\n)`,
  ],
  copy: ({ into, isGzip, manifestUrl }) =>
    `COPY ${into} FROM ${literal(manifestUrl)} IAM_ROLE default FORMAT AS JSON 'auto ignorecase'${isGzip ? ' GZIP' : ''} MANIFEST`,
  dropStaging: (table) => `DROP TABLE ${table}`,
  note: "The cluster's default IAM role must be able to read the bucket. Redshift refuses text of more than 65,535 bytes: add TRUNCATECOLUMNS to COPY if you would rather cut it.",
};

const snowflake: Dialect = {
  types: { string: 'VARCHAR', bigint: 'BIGINT', double: 'DOUBLE', boolean: 'BOOLEAN' },
  // Names without quotes are upper case there, so that `SELECT id` finds "ID".
  quoted: (name) => quoted(name.toUpperCase()),
  filesPerCopy: 1_000,
  stagesInSchema: false,
  needsManifest: false,
  staging: (table, columns) => [`CREATE OR REPLACE TEMPORARY TABLE ${table} (\n${columns}\n)`],
  copy: ({ into, files, from }) =>
    `COPY INTO ${into} FROM ${literal(from)}\n  FILES = (\n${files.map(({ key }) => `    ${literal(key)}`).join(',\n')}\n  )\n  FILE_FORMAT = (TYPE = JSON) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE FORCE = TRUE`,
  dropStaging: (table) => `DROP TABLE ${table}`,
  note: 'Create a stage for the bucket and name it with --from, such as --from @intercom/ .',
};

const bigquery: Dialect = {
  types: { string: 'STRING', bigint: 'INT64', double: 'FLOAT64', boolean: 'BOOL' },
  quoted: backticks,
  filesPerCopy: 5_000,
  stagesInSchema: true,
  needsManifest: false,
  staging: (table, columns) => [`CREATE OR REPLACE TABLE ${table} (\n${columns}\n)`],
  copy: ({ into, files, from, isGzip }) =>
    `LOAD DATA INTO ${into}\nFROM FILES (\n  format = 'JSON',${isGzip ? "\n  compression = 'GZIP'," : ''}\n  ignore_unknown_values = true,\n  uris = [\n${files.map(({ key }) => `    ${literal(from + key)}`).join(',\n')}\n  ]\n)`,
  dropStaging: (table) => `DROP TABLE ${table}`,
  note: 'Name the dataset with --schema. BigQuery reads s3:// only through a connection (add WITH CONNECTION to LOAD DATA). Otherwise copy the bucket with Storage Transfer and name the copy: --from gs://bucket/ .',
};

const spark: Dialect = {
  types: { string: 'STRING', bigint: 'BIGINT', double: 'DOUBLE', boolean: 'BOOLEAN' },
  quoted: backticks,
  filesPerCopy: 500,
  stagesInSchema: false,
  needsManifest: false,
  staging: () => [],
  copy: ({ into, columns, files, from }) =>
    `CREATE OR REPLACE TEMPORARY VIEW ${into} (\n${columns}\n) USING json OPTIONS (\n  path ${literal(`${from}{${files.map(({ key }) => key).join(',')}}`)},\n  recursiveFileLookup 'true',\n  mode 'FAILFAST'\n)`,
  dropStaging: (table) => `DROP VIEW ${table}`,
  note: 'For Spark SQL, EMR and Databricks. The tables have the default format of your catalog, unless you set another.',
};

export const DIALECTS: Readonly<Record<Warehouse, Dialect>> = { redshift, snowflake, bigquery, spark };
