/** The whole system on one machine: `demo`, `sync`, `status`, `query`, `fields`, `reset`. See `npm run local -- --help`. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { Command } from 'commander';
import { explainDisk } from '../lib/cli/local/output-directory.ts';
import { createTerminal } from '../lib/cli/terminal/terminal.ts';

// Compiled once, in a folder that is the project's alone: starts are a fifth faster.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compile'));

// A command is loaded when it is called: the assembly of AWS takes a second that `--help` need not wait.
const terminal = createTerminal(process, {
  explain: explainDisk,
  onInterrupt:
    'Stopping: what was read is being put away. Press Ctrl-C again to stop at once; nothing is lost either way.',
});

const program = new Command('npm run local --')
  .description('Intercom to NDJSON on this machine: what is deployed to AWS, over embedded AWS endpoints.')
  .helpCommand(false)
  .showHelpAfterError('(add --help for what is allowed)')
  .configureOutput({ writeErr: (text) => process.stderr.write(text) });

program
  .command('demo')
  .description('sync a simulated workspace; every further run finds it one day older')
  .option('--out <dir>', 'output directory', 'out/demo')
  .action((options: { out: string }) =>
    terminal.run(async () => (await import('../lib/cli/local/commands/demo.ts')).runDemo(terminal, options)),
  );

program
  .command('sync')
  .description('sync your workspace, with INTERCOM_ACCESS_TOKEN and optionally INTERCOM_BASE_URL')
  .option('--config <file>', 'configuration, .ts or .json (default: pipeline.config.ts)')
  .option('--pipeline <name>', 'which one, where the configuration has several')
  .option('--out <dir>', 'output directory', 'out/local')
  .option('--objects <names>', 'only these objects, separated by commas')
  .option('--full-refresh', 'read everything again from startFrom')
  .option('--from <time>', 'backfill from this time on, ISO 8601 with its zone; the cursor stays')
  .option('--to <time>', 'end of the backfill, exclusive (default: now)')
  .option('--json', 'print the run summary as JSON on standard output, one line per run')
  .action((options) =>
    terminal.run(async () => (await import('../lib/cli/local/commands/sync.ts')).runSync(terminal, options)),
  );

program
  .command('status')
  .description('last run, cursor, rows, debts and completeness per object')
  .option('--out <dir>', 'output directory', 'out/local')
  .option('--json', 'as JSON')
  .action((options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/status.ts')).runStatus(terminal, options),
    ),
  );

program
  .command('query')
  .description('SQL over what is committed, with DuckDB; a prompt where no SQL is given')
  .argument('[sql]', 'such as "select role, count(*) from contacts group by role"')
  .option('--out <dir>', 'output directory', 'out/local')
  .option('--config <file>', 'configuration, .ts or .json (default: that of the last sync)')
  .option('--pipeline <name>', 'which one, where the configuration has several')
  .option('--format <format>', 'table, csv or json', 'table')
  .action((sql, options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/query.ts')).runQuery(terminal, sql, options),
    ),
  );

program
  .command('fields')
  .description('every column with its type, whether it is personal, and the field rule in force')
  .option('--config <file>', 'configuration, .ts or .json (default: pipeline.config.ts)')
  .option('--pipeline <name>', 'which one, where the configuration has several')
  .option('--json', 'as JSON')
  .action((options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/fields.ts')).runFields(terminal, options),
    ),
  );

program
  .command('reset')
  .description('forget the cursors of objects: the next run reads them from startFrom; files stay')
  .requiredOption('--objects <names>', 'objects to forget, separated by commas')
  .option('--config <file>', 'configuration, .ts or .json (default: pipeline.config.ts)')
  .option('--pipeline <name>', 'which one, where the configuration has several')
  .option('--out <dir>', 'output directory', 'out/local')
  .option('--yes', 'do not ask')
  .action((options) =>
    terminal.run(async () =>
      (await import('../lib/cli/local/commands/reset.ts')).runReset(terminal, options),
    ),
  );

await program.parseAsync();
