/** Operates a deployed pipeline with your AWS credentials. See `npm run pipeline -- --help`. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { Command, type OptionValues } from 'commander';
import { unexpectedAws } from '../lib/cli/remote/aws-trouble.ts';
import { createTerminal, type ExitStatus } from '../lib/cli/terminal/terminal.ts';

// Compiled code is cached in a folder of this project: later starts are a fifth faster.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compile'));

const terminal = createTerminal(process, { explain: unexpectedAws });

const program = new Command('npm run pipeline --')
  .description(
    'Operates a pipeline that `npx cdk deploy` put into your AWS account: connects it to Intercom, starts and watches runs. Uses your own AWS credentials.',
  )
  .option('--profile <name>', 'profile in ~/.aws/config (default: the credentials the AWS CLI would use)')
  .option('--region <region>', 'AWS region of the pipeline (default: from the environment or the profile)')
  .option('--pipeline <name>', 'which pipeline, if the configuration has several')
  .option('--config <file>', 'configuration, .ts or .json (default: pipeline.config.ts)')
  .helpCommand(false)
  .configureHelp({
    showGlobalOptions: true,
    optionTerm: ({ flags }) => flags.replace(' [never]', ''),
  })
  .showHelpAfterError('(add --help to see what is allowed)')
  .configureOutput({
    // A value given to an option that does not exist may be a secret.
    outputError: (text, write) => write(text.replace(/(unknown option '[^=']+)=[^']*/, '$1')),
  });

/**
 * A command with the options that all commands have; each checks its own input. It is loaded when it is
 * called: loading the AWS clients takes a second that `--help` does not need.
 */
function command(
  name: string,
  description: string,
  run: (options: OptionValues, argument: string) => Promise<ExitStatus>,
  parent: Command = program,
): Command {
  const added = parent.command(name).description(description);
  return added.action(() => terminal.run(() => run(added.optsWithGlobals(), added.args[0] ?? '')));
}

/** Adds the options of a command that starts a run. */
const startsRun = (starter: Command): Command =>
  starter
    .option('--no-wait', 'only start the run; it continues by itself')
    .option('--json', 'print the summary of each run as one line of JSON on standard output')
    .addHelpText(
      'after',
      '\nThe exit status is 0 only if no object failed. Ctrl-C stops watching, not the run.',
    );

const JSON_OUTPUT = ['--json', 'print JSON'] as const;
const YES = ['--yes', 'do not ask'] as const;
const EXAMPLE_TIME = '2025-01-01T00:00:00Z';

command(
  'connect',
  'connect it to your Intercom workspace: shows each step, waits for you, checks, and starts the first run',
  async (options) => (await import('../lib/cli/remote/commands/connect.ts')).runConnect(terminal, options),
)
  .option('--no-open', 'do not open a browser, only print the address')
  // It takes a value only to refuse it without showing it.
  .option(
    '--access-token [never]',
    "use your own app's access token instead of OAuth: read from standard input or asked for, never an argument",
  )
  .option('--replace-workspace', 'replace the connected workspace with another one, after a warning')
  .option('--no-run', 'do not offer to start the first run; it starts on schedule')
  .option(...YES);

command('check', 'check the token, its workspace and every permission', async (options) =>
  (await import('../lib/cli/remote/commands/check.ts')).runCheck(terminal, options),
)
  .option(...JSON_OUTPUT)
  .addHelpText('after', '\nThe exit status is 1 if something is missing that your Intercom plan includes.');

startsRun(
  command('run', 'start a run now and follow it to its end', async (options) =>
    (await import('../lib/cli/remote/commands/run.ts')).runRun(terminal, options),
  )
    .option('--objects <names>', 'only these objects, separated by commas (default: all configured)')
    .option('--full-refresh', 'read everything again, not only what changed'),
);

command(
  'status',
  'show connection and runs in progress, and for each object its last run, rows and completeness',
  async (options) => (await import('../lib/cli/remote/commands/status.ts')).runStatus(terminal, options),
)
  .option('--max-age <time>', "exit status 1 if an object has not been read for this long, such as '2 days'")
  .option(...JSON_OUTPUT);

command('verify', 'check that the bucket holds every file that a manifest lists', async (options) =>
  (await import('../lib/cli/remote/commands/verify.ts')).runVerify(terminal, options),
)
  .option('--deep', 'read every file, and check checksum, rows, keys and that child rows have a parent')
  .option('--orphans', 'also list files that no manifest lists, left by interrupted attempts')
  .option(...JSON_OUTPUT)
  .addHelpText('after', '\nThe exit status is 1 if a file is missing or is not what its manifest says.');

command(
  'report',
  'write one HTML page: runs over time, completeness, debts, sizes, and five reports on your data by Athena',
  async (options) =>
    (await import('../lib/cli/remote/commands/report.ts')).runReport(terminal, {
      ...options,
      to: options.to,
      days: options.days,
    }),
)
  .option('--to <file>', 'file to write; an existing one is replaced', 'report.html')
  .option('--days <number>', 'show the runs of this many days', '30')
  .option('--open', 'open it in the browser');

command('load-sql', 'print SQL that loads the committed files into a warehouse', async (options) =>
  (await import('../lib/cli/remote/commands/load-sql.ts')).runLoadSql(terminal, options),
)
  .requiredOption('--for <warehouse>', 'redshift, snowflake, bigquery or spark')
  .option('--table <table>', 'only this table, such as contacts; a child table comes with its parent')
  .option('--schema <schema>', 'schema or dataset for the tables (default: that of the connection)')
  .option('--since <time>', "only what was committed since the last load: its SQL's last line has the time")
  .option('--from <place>', 'where the warehouse finds the files: a Snowflake stage, or a copy of the bucket')
  .addHelpText(
    'after',
    '\nYou can repeat a load: rows that are already there are not inserted again. See docs/queries.md.',
  );

command('stop', 'stop the runs in progress; what they committed stays', async (options) =>
  (await import('../lib/cli/remote/commands/stop.ts')).runStop(terminal, options),
).option(...YES);

startsRun(
  command('resync', 'forget how far an object was read and read all of it again', async (options, object) =>
    (await import('../lib/cli/remote/commands/resync.ts')).runResync(terminal, object, options),
  )
    .argument('<object>', 'such as contacts')
    .option(...YES),
);

startsRun(
  command(
    'backfill',
    'read one object again for a range of time; later syncs are not affected',
    async (options, object) =>
      (await import('../lib/cli/remote/commands/backfill.ts')).runBackfill(terminal, object, {
        ...options,
        from: options.from,
      }),
  )
    .argument('<object>', 'such as conversations; only objects that Intercom can search by time')
    .requiredOption(
      '--from <time>',
      `records changed from this time on, ISO 8601 with its zone: ${EXAMPLE_TIME}`,
    )
    .option('--to <time>', 'records changed before this time (default: now)'),
);

command(
  'audit',
  "compare the bucket with Intercom's counts; reads every file of the objects from S3",
  async (options) => (await import('../lib/cli/remote/commands/audit.ts')).runRemoteAudit(terminal, options),
)
  .option('--objects <names>', 'only these objects, separated by commas (default: all configured)')
  .option('--max-requests <number>', 'send at most this many requests to Intercom (default: 2000)')
  .option('--repair', 'start a run that reads what differs again, and records what was deleted or merged')
  .option(...YES)
  .option(...JSON_OUTPUT)
  .addHelpText(
    'after',
    '\nThe exit status is 0 if everything that can be compared is equal, 1 if something differs,\n2 if something could not be compared.',
  );

command(
  'disconnect',
  'uninstall the app for the whole workspace at Intercom, and forget the connection',
  async (options) =>
    (await import('../lib/cli/remote/commands/disconnect.ts')).runDisconnect(terminal, options),
)
  .option('--keep-app', 'only forget the connection; the app stays installed')
  .option(...YES);

const person = program
  .command('person')
  .description('what the bucket holds about a person: all versions in all tables, by id or e-mail address')
  .helpCommand(false);

const WHO = ['<who>', 'an Intercom id or an e-mail address'] as const;

command(
  'show',
  'list the files that have rows of the person, and how many',
  async (options, who) =>
    (await import('../lib/cli/remote/commands/person.ts')).runPersonShow(terminal, who, options),
  person,
)
  .argument(...WHO)
  .option(...JSON_OUTPUT);

command(
  'export',
  'print the rows as NDJSON, each with its table and file',
  async (options, who) =>
    (await import('../lib/cli/remote/commands/person.ts')).runPersonExport(terminal, who, options),
  person,
).argument(...WHO);

command(
  'erase',
  'remove the person from every file, and keep them out of later reads; starts a run that does it',
  async (options, who) =>
    (await import('../lib/cli/remote/commands/person.ts')).runRemoteErase(terminal, who, options),
  person,
)
  .argument(...WHO)
  .option('--now', 'remove replaced files at once; queries that are running may fail')
  .option('--allow-return', 'let a later read bring the person back')
  .option(...YES)
  .option(...JSON_OUTPUT);

command(
  'allow',
  'let a person who was erased come back with the next read',
  async (options, who) =>
    (await import('../lib/cli/remote/commands/person.ts')).runRemoteAllow(terminal, who, options),
  person,
).argument('<who>', 'the same id or e-mail address that you erased');

command(
  'adopt',
  'show how to deploy again over the bucket, table and secrets that a deleted stack left behind',
  async (options) => (await import('../lib/cli/remote/commands/adopt.ts')).runAdopt(terminal, options),
).option(...JSON_OUTPUT);

command(
  'delete',
  'delete the pipeline and its data, after showing what there is and asking twice; if interrupted, run it again',
  async (options) => (await import('../lib/cli/remote/commands/delete.ts')).runDelete(terminal, options),
)
  .option('--keep-data', 'delete only what can be made again; bucket, table and secrets stay')
  .option('--own-bucket', "also delete what it wrote to your own bucket ('aws.bucket'); the bucket stays")
  .option('--yes <name>', 'do not ask; the value is the name of the pipeline');

await program.parseAsync();
