/** `query`: SQL on the committed data of a directory, once or at a prompt, even while a sync is running. */
import { InputError, isPipelineError } from '../../../../functions/core/errors.ts';
import { loadConfig } from '../../load-config.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { type AsOf, parseAsOf } from '../as-of.ts';
import { type LakeDatabase, openLakeDatabase } from '../lake-database.ts';
import { FORMATS, type Format, resultText } from '../query-output.ts';

interface QueryOptions {
  readonly out: string;
  readonly format: string;
  readonly config?: string;
  readonly pipeline?: string;
  readonly asOf?: string;
}

const WELCOME = `Type SQL and end it with ";". Tables: contacts, conversations, … (.tables lists them all), each with a
<table>_history; the table manifests lists what is committed. Leave with .exit or Ctrl-D.`;

const ALL_TABLES = 'SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY view_name';

function formatOf(name: string): Format {
  const format = FORMATS.find((one) => one === name);
  if (format !== undefined) return format;
  throw new InputError(`--format: '${name}' is not one of ${FORMATS.join(', ')}.`, {
    code: 'unknown_format',
  });
}

/** The SQL statements in the lines of a prompt: our own commands, and SQL over any number of lines. */
async function* statementsIn(lines: AsyncIterable<string>, pending: { sql: string }): AsyncIterable<string> {
  for await (const line of lines) {
    const text = line.trim();
    if (pending.sql === '' && (text === '.exit' || text === '.quit')) return;
    if (pending.sql === '' && text === '.tables') {
      yield ALL_TABLES;
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

/** Answers until the input ends; after a mistake, it reports it and goes on. */
async function converse(
  terminal: Terminal,
  database: LakeDatabase,
  { format, asOf }: { readonly format: Format; readonly asOf: AsOf | undefined },
): Promise<ExitStatus> {
  terminal.tell(WELCOME);
  const pending = { sql: '' };
  let status: ExitStatus = 0;
  const lines = terminal.readLines(() => (pending.sql === '' ? 'sql> ' : '...> '));
  for await (const sql of statementsIn(lines, pending)) {
    try {
      terminal.print(resultText(await database.query(sql, asOf), format));
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
  const rules = options.config === undefined ? undefined : await loadConfig(options.config, options.pipeline);
  const database = await openLakeDatabase(options.out, { rules, signal: terminal.signal });
  try {
    if (sql === undefined) return await converse(terminal, database, { format, asOf });
    terminal.print(resultText(await database.query(sql, asOf), format));
    return 0;
  } finally {
    database.close();
  }
}
