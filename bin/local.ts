/** The whole system on one machine. See `npm run local -- --help`. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { Command } from 'commander';
import { explainDisk } from '../lib/cli/local/output-directory.ts';
import { createTerminal } from '../lib/cli/terminal/terminal.ts';

// Compiled code is cached in a folder of this project: later starts are a fifth faster.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compile'));

const terminal = createTerminal(process, {
  explain: explainDisk,
  onInterrupt: 'Stopping. Press Ctrl-C again to stop at once. Nothing is lost either way.',
});

const program = new Command('npm run local --')
  .description(
    'Syncs Intercom to NDJSON on this machine. Runs the code that is deployed to AWS, over embedded stand-ins for AWS.',
  )
  .helpCommand(false)
  .showHelpAfterError('(add --help to see what is allowed)')
  .configureOutput({ writeErr: (text) => process.stderr.write(text) });

// Options that several commands have.
const OUT = ['--out <dir>', 'output directory', 'out/local'] as const;
const CONFIG = ['--config <file>', 'configuration, .ts or .json (default: pipeline.config.ts)'] as const;
const PIPELINE = ['--pipeline <name>', 'which pipeline, if the configuration has several'] as const;
const WORKERS = [
  '--workers <number>',
  'run functions in at most this many threads (default: one for each core)',
] as const;
const AUDIT_STATUS =
  '\nThe exit status is 0 if everything that can be compared is equal, 1 if something differs,\n2 if something could not be compared.';
const JSON_OUTPUT = ['--json', 'print JSON'] as const;

// Each command is loaded when it is called: loading the AWS parts takes a second that `--help` does not need.
program
  .command('demo')
  .description('sync a simulated workspace; each later run finds it one day older')
  .option('--out <dir>', 'output directory', 'out/demo')
  .option(...WORKERS)
  .action((options: { out: string; workers?: string }) =>
    terminal.run(async () => (await import('../lib/cli/local/commands/demo.ts')).runDemo(terminal, options)),
  );

program
  .command('sync')
  .description('sync your workspace; set INTERCOM_ACCESS_TOKEN, and INTERCOM_BASE_URL to use another server')
  .option(...CONFIG)
  .option(...PIPELINE)
  .option(...OUT)
  .option('--objects <names>', 'only these objects, separated by commas')
  .option('--full-refresh', 'read everything again from startFrom')
  .option('--from <time>', 'backfill from this time on, ISO 8601 with its zone; the cursor does not move')
  .option('--to <time>', 'end of the backfill, exclusive (default: now)')
  .option(...WORKERS)
  .option('--json', 'print the summary of each run as one line of JSON on standard output')
  .action((options) =>
    terminal.run(async () => (await import('../lib/cli/local/commands/sync.ts')).runSync(terminal, options)),
  );

program
  .command('status')
  .description('show the last run, cursor, rows and completeness of each object')
  .option(...OUT)
  .option('--max-age <time>', "exit status 1 if an object has not been read for this long, such as '2 days'")
  .option(...JSON_OUTPUT)
  .action((options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/status.ts')).runStatus(terminal, options),
    ),
  );

program
  .command('verify')
  .description('check that every file in a manifest is there and has the right size; exit status 1 if not')
  .option('--deep', 'read every file, and check checksum, rows, keys and that child rows have a parent')
  .option('--orphans', 'also list files that no manifest lists, left by interrupted attempts')
  .option(...OUT)
  .option(...JSON_OUTPUT)
  .action((options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/verify.ts')).runVerify(terminal, options),
    ),
  );

program
  .command('query')
  .description('run SQL on the committed data, with DuckDB; without SQL it opens a prompt')
  .argument('[sql]', 'such as "select role, count(*) from contacts group by role"')
  .option(...OUT)
  .option('--config <file>', 'configuration, .ts or .json (default: the one of the last sync)')
  .option('--pipeline <name>', 'which pipeline of the configuration; without --config, of pipeline.config.ts')
  .option('--format <format>', 'table, csv, json, ndjson or parquet', 'table')
  .option('--to <file>', 'write the answer to this file; needs --format parquet, ndjson, csv or json')
  .option('--as-of <time>', 'show the state committed at this time: ISO 8601 with its zone, or a run id')
  .action((sql, options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/query.ts')).runQuery(terminal, sql, options),
    ),
  );

program
  .command('export')
  .description(
    'write the current state as a DuckDB database: every table, its flat table, and what is committed',
  )
  .argument('<file>', 'such as lake.duckdb; an existing file is replaced')
  .option(...OUT)
  .action((file, options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/export.ts')).runExport(terminal, file, options),
    ),
  );

program
  .command('report')
  .description(
    'write one HTML page: runs over time, completeness, debts, sizes, and five reports on your data',
  )
  .option('--to <file>', 'file to write; an existing one is replaced', 'report.html')
  .option('--days <number>', 'show the runs of this many days', '30')
  .option('--open', 'open it in the browser')
  .option(...OUT)
  .action((options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/report.ts')).runReport(terminal, options),
    ),
  );

program
  .command('diff')
  .description('show what changed in a table between two states: rows added, changed (by column), vanished')
  .argument('<table>', 'such as contacts')
  .requiredOption('--from <time>', 'the earlier state: ISO 8601 with its zone, or a run id')
  .option('--to <time>', 'the later state (default: now)')
  .option(...OUT)
  .option(...JSON_OUTPUT)
  .action((table, options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/diff.ts')).runDiff(terminal, table, options),
    ),
  );

const WHO = ['<who>', 'an Intercom id or an e-mail address'] as const;

const person = program
  .command('person')
  .description('what the lake holds about a person: all versions in all tables, by id or e-mail address')
  .helpCommand(false);

person
  .command('show')
  .description('list the files that have rows of the person, and how many')
  .argument(...WHO)
  .option(...OUT)
  .option(...JSON_OUTPUT)
  .action((who, options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/person.ts')).runPersonShow(terminal, who, options),
    ),
  );

person
  .command('export')
  .description('print the rows as NDJSON, each with its table and file')
  .argument(...WHO)
  .option(...OUT)
  .action((who, options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/person.ts')).runPersonExport(terminal, who, options),
    ),
  );

person
  .command('erase')
  .description('remove the person from every file, and keep them out of later reads')
  .argument(...WHO)
  .option(...OUT)
  .option('--now', 'remove replaced files at once; queries that are running may fail')
  .option('--allow-return', 'let a later read bring the person back')
  .option('--yes', 'do not ask')
  .option(...JSON_OUTPUT)
  .action((who, options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/person.ts')).runLocalErase(terminal, who, options),
    ),
  );

person
  .command('allow')
  .description('let a person who was erased come back with the next read')
  .argument('<who>', 'the same id or e-mail address that you erased')
  .option(...OUT)
  .action((who, options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/person.ts')).runLocalAllow(terminal, who, options),
    ),
  );

program
  .command('fields')
  .description('list every column: its type, whether it is personal, and the field rule in force')
  .option(...CONFIG)
  .option(...PIPELINE)
  .option(...JSON_OUTPUT)
  .action((options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/fields.ts')).runFields(terminal, options),
    ),
  );

program
  .command('audit')
  .description("compare the directory with Intercom's counts; needs INTERCOM_ACCESS_TOKEN")
  .option(...CONFIG)
  .option(...PIPELINE)
  .option(...OUT)
  .option('--objects <names>', 'only these objects, separated by commas')
  .option('--max-requests <number>', 'send at most this many requests to Intercom (default: 2000)')
  .option('--repair', 'read what differs again, and record what was deleted or merged')
  .option('--yes', 'do not ask')
  .option(...JSON_OUTPUT)
  .addHelpText('after', AUDIT_STATUS)
  .action((options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/audit.ts')).runLocalAudit(terminal, options),
    ),
  );

program
  .command('reset')
  .description('forget the cursors of objects: the next run reads them from startFrom; files stay')
  .requiredOption('--objects <names>', 'objects to forget, separated by commas')
  .option(...CONFIG)
  .option(...PIPELINE)
  .option(...OUT)
  .option('--yes', 'do not ask')
  .action((options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/reset.ts')).runReset(terminal, options),
    ),
  );

await program.parseAsync();
