/** `query`: SQL on the committed data of a directory, once or at a prompt, even while a sync is running. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { quoted } from '../../../../functions/catalog/sql.ts';
import { InputError, isPipelineError } from '../../../../functions/core/errors.ts';
import { DEFAULT_CONFIG_FILE, loadConfig } from '../../load-config.ts';
import type { ExitStatus, PromptHelp, Terminal } from '../../terminal/terminal.ts';
import { type AsOf, parseAsOf } from '../as-of.ts';
import { type LakeDatabase, openLakeDatabase } from '../lake-database.ts';
import { FILE_FORMATS, FORMATS, type Format, resultText, type TextFormat } from '../query-output.ts';

interface QueryOptions {
  readonly out: string;
  readonly format: string;
  readonly config?: string;
  readonly pipeline?: string;
  readonly asOf?: string;
  readonly to?: string;
}

const WELCOME = `Type SQL and end it with ";". The tab key completes names of tables and columns. Leave with Ctrl-D.
  .tables           the tables; each also has <table>_flat, <table>_live and <table>_history
  .schema <table>   its columns
  .exit             leave`;

const ALL_TABLES = `SELECT view_name AS "table" FROM duckdb_views()
  WHERE NOT internal AND NOT regexp_matches(view_name, '_(flat|live|history)$') ORDER BY 1`;

const ALL_NAMES =
  'SELECT table_name FROM duckdb_columns() WHERE NOT internal UNION SELECT column_name FROM duckdb_columns() WHERE NOT internal ORDER BY 1';

const COMMANDS = ['.tables', '.schema', '.exit'] as const;

/** @throws InputError if it is none of our commands */
function commandAsSql(text: string): string {
  if (/^\.tables\s*;?$/.test(text)) return ALL_TABLES;
  const [, table] = /^\.schema\s+"?(\w+)"?\s*;?$/.exec(text) ?? [];
  if (table !== undefined)
    return `SELECT column_name AS "column", column_type AS type FROM (DESCRIBE ${quoted(table)})`;
  throw new InputError(`'${text}' is not a command. The commands are .tables, .schema <table> and .exit.`, {
    code: 'unknown_command',
  });
}

const FILE_ADVICE =
  'To write a file, give the SQL, --to FILE, and --format parquet, ndjson, csv or json. Parquet needs --to FILE.';

const HISTORY_LINES = 1000;

/** The lines typed at earlier prompts on this directory. They may have personal data: only the user may read them. */
function openHistory(out: string): Pick<PromptHelp, 'history' | 'remember'> {
  const file = join(out, 'state', 'query-history');
  return {
    history: existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [],
    remember: (lines) => {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${lines.slice(0, HISTORY_LINES).join('\n')}\n`, { mode: 0o600 });
    },
  };
}

function formatOf(name: string): Format {
  const format = FORMATS.find((one) => one === name);
  if (format !== undefined) return format;
  throw new InputError(`--format: '${name}' is not one of ${FORMATS.join(', ')}.`, {
    code: 'unknown_format',
  });
}

/** The statements in the lines of a prompt: our own commands, one per line, and SQL over any number of lines. */
async function* statementsIn(lines: AsyncIterable<string>, pending: { sql: string }): AsyncIterable<string> {
  for await (const line of lines) {
    const text = line.trim();
    if (pending.sql === '' && /^\.(exit|quit)\s*;?$/.test(text)) return;
    if (pending.sql === '' && text.startsWith('.')) {
      yield text;
      continue;
    }
    if (pending.sql === '' && text === '') continue;
    pending.sql += `${line}\n`;
    if (!text.endsWith(';')) continue;
    const { sql } = pending;
    pending.sql = '';
    yield sql;
  }
  if (pending.sql.trim() !== '') yield pending.sql;
}

/** Answers until the input ends. Reports a mistake and goes on. */
async function converse(
  terminal: Terminal,
  database: LakeDatabase,
  {
    format,
    asOf,
    out,
  }: { readonly format: TextFormat; readonly asOf: AsOf | undefined; readonly out: string },
): Promise<ExitStatus> {
  terminal.tell(WELCOME);
  const names = await database.query(ALL_NAMES, asOf);
  const history = openHistory(out);
  const pending = { sql: '' };
  const help = {
    words: [...COMMANDS, ...names.rows.map(([name]) => String(name))],
    ...history,
    abandon: () => {
      const isBegun = pending.sql !== '';
      pending.sql = '';
      return isBegun;
    },
  };
  let status: ExitStatus = 0;
  const lines = terminal.readLines(() => (pending.sql === '' ? 'sql> ' : '...> '), help);
  for await (const text of statementsIn(lines, pending)) {
    try {
      const sql = text.startsWith('.') ? commandAsSql(text) : text;
      await terminal.page(resultText(await database.query(sql, asOf), format, terminal.width()));
      status = 0;
    } catch (error) {
      if (!isPipelineError(error)) throw error;
      terminal.tell(`error: ${error.message}`);
      status = 1;
    }
  }
  return status;
}

export async function runQuery(
  terminal: Terminal,
  sql: string | undefined,
  options: QueryOptions,
): Promise<ExitStatus> {
  const format = formatOf(options.format);
  const asOf = options.asOf === undefined ? undefined : parseAsOf(options.asOf, '--as-of');
  const { config, pipeline } = options;
  const isNamed = config !== undefined || pipeline !== undefined;
  const rules = isNamed ? await loadConfig(config ?? DEFAULT_CONFIG_FILE, pipeline) : undefined;
  const database = await openLakeDatabase(options.out, { rules, signal: terminal.signal });
  try {
    const { to } = options;
    if (to !== undefined) {
      if (sql === undefined || format === 'table') throw new InputError(FILE_ADVICE, { code: 'bad_input' });
      await database.write(sql, to, FILE_FORMATS[format], asOf);
      terminal.tell(`Wrote ${to}.`);
      return 0;
    }
    if (format === 'parquet') throw new InputError(FILE_ADVICE, { code: 'bad_input' });
    if (sql === undefined) return await converse(terminal, database, { format, asOf, out: options.out });
    await terminal.page(resultText(await database.query(sql, asOf), format, terminal.width()));
    return 0;
  } finally {
    database.close();
  }
}
