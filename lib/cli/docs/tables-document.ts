/** docs/tables.md, made from the declarations: every table with its columns, key and joins. Pure. */
import {
  type CatalogColumn,
  type CatalogTable,
  catalogTables,
  referenceOf,
} from '../../../functions/catalog/tables.ts';
import { TIMELINE, TIMELINE_COLUMNS } from '../../../functions/catalog/timeline.ts';
import type { ObjectDeclaration } from '../../../functions/core/declaration.ts';
import { isOptional, type ObjectName } from '../../../functions/core/names.ts';

type Declarations = Readonly<Record<ObjectName, ObjectDeclaration>>;

interface Join {
  readonly table: string;
  readonly column: string;
  readonly target: string;
  readonly targetColumn: string;
}

const INTRODUCTION = `# Tables

Generated from the declarations in \`functions/objects\` by \`npm run docs:tables\`; do not edit.

Every table has a view \`<table>\` with the current state and a \`<table>_history\` with every version of every
row, in DuckDB (\`npm run local -- query\`) and in Athena. The view \`<table>_live\` is \`<table>\` without the records
that \`deletions\` names. \`<table>_flat\` is \`<table>_live\` for people: times as timestamps in UTC, custom attributes and
the leaves of JSON as typed columns, names next to ids ([queries.md](queries.md#tables-for-people)). \`deletions\` and
\`rejects\` have neither.

Types are those of the catalog. Times are Unix seconds. *JSON* is JSON text in a string: read it with
\`json_extract_scalar(column, '$.path')\`, or \`'$["any name"]'\`. Any column may be null, except those of the primary
key and our own, which begin with \`_\`; \`_unknown\` may be null too. If Intercom sends more than it documents, a
type widens to \`double\` or \`string\`, and new fields become new columns. Manifests record both.

Both hold committed rows only. Athena also has a table \`<table>_files\`, which the history is made from: every row
of every file as text, including those of interrupted attempts. Query the history instead.

| also available | one row per |
|---|---|
| \`manifests\` | committed run of an object: window, files, proof of completeness, schema drift |
| \`manifest_runs\` | manifest that counts: \`object\`, \`run_id\`. In Athena a manifest counts after a minute |
| \`manifest_files\` | committed file of these: \`object\`, \`run_id\`, \`table_name\`, \`path\`, \`rows\`, \`bytes\`, \`sha256\` |
`;

/** References from scalar columns to columns of other tables. */
function joinsOf(tables: readonly CatalogTable[]): readonly Join[] {
  const known = new Set<string>(tables.map(({ name }) => name));
  return tables.flatMap(({ name, columns }) =>
    columns.flatMap((column) => {
      const target = referenceOf(column);
      if (target === null || !known.has(target.table) || column.declared === 'json') return [];
      return [{ table: name, column: column.name, target: target.table, targetColumn: target.column }];
    }),
  );
}

function diagram(joins: readonly Join[]): string {
  const lines = joins.map(({ table, column, target }) => `  ${target} ||--o{ ${table} : ${column}`);
  return ['```mermaid', 'erDiagram', ...lines, '```'].join('\n');
}

const typeText = ({ type, declared }: CatalogColumn): string => {
  if (declared === 'json') return 'string, JSON';
  return declared === 'timestamp' ? 'bigint, time' : type;
};

const cell = (text: string): string => text.replaceAll('|', '\\|');

function columnRows({ columns, primaryKey }: CatalogTable): readonly string[] {
  const rows = columns.map((column) => {
    const key = primaryKey.includes(column.name) ? ' (key)' : '';
    return `| \`${column.name}\`${key} | ${typeText(column)} | ${cell(column.description)} |`;
  });
  return ['| column | type | meaning |', '|---|---|---|', ...rows];
}

/** Where the table's rows come from, in a sentence. */
function originText({ current, object }: CatalogTable, declarations: Declarations): string {
  if (object === null) return 'Written with the object that noticed it.';
  if (current.kind === 'child') {
    const key = current.on.map(({ column }) => `\`${column}\``).join(', ');
    return `Child of [${current.parent}](#${current.parent}), by ${key}; its rows are those of the parent's newest version in which the list was known.`;
  }
  const { sync, permission } = declarations[object];
  const how =
    sync.kind === 'incremental' ? `Incremental by \`${sync.cursor}\`.` : 'Read in full by every run.';
  const without = isOptional(object) ? ', optional' : '';
  return permission === null ? how : `${how} Permission: *${permission}*${without}.`;
}

function joinLines({ name }: CatalogTable, joins: readonly Join[]): readonly string[] {
  const out = joins
    .filter(({ table }) => table === name)
    .map(({ column, target, targetColumn }) => `\`${column}\` = \`${target}.${targetColumn}\``);
  return out.length === 0 ? [] : [`Joins: ${out.join(', ')}.`, ''];
}

function section(table: CatalogTable, joins: readonly Join[], declarations: Declarations): string {
  const key = table.primaryKey.map((name) => `\`${name}\``).join(', ');
  return [
    `## ${table.name}`,
    '',
    table.description,
    `${originText(table, declarations)} Primary key: ${key}.`,
    '',
    ...joinLines(table, joins),
    ...columnRows(table),
  ].join('\n');
}

const TIMELINE_SECTION = `## ${TIMELINE}

What held for a conversation from when to when, out of its parts: a view on \`conversations_live\` and
\`conversation_parts_live\`, if both are read ([queries.md](queries.md#conversations-over-time)).

| column | type | meaning |
|---|---|---|
${TIMELINE_COLUMNS.map(({ name, type, description }) => `| \`${name}\` | ${type} | ${cell(description)} |`).join('\n')}`;

export function tablesDocument(declarations: Declarations): string {
  const tables = catalogTables(Object.values(declarations), {});
  const joins = joinsOf(tables);
  const contents = tables.map(({ name, description }) => `| [${name}](#${name}) | ${cell(description)} |`);
  return [
    INTRODUCTION,
    ['| table | |', '|---|---|', ...contents].join('\n'),
    '',
    '## How they join',
    '',
    diagram(joins),
    '',
    [...tables.map((table) => section(table, joins, declarations)), TIMELINE_SECTION].join('\n\n'),
    '',
  ].join('\n');
}
