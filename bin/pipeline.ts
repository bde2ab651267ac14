/** Operates a deployed pipeline with your AWS credentials. See `npm run pipeline -- --help`. */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { Command, type OptionValues } from 'commander';
import { createTerminal, type ExitStatus } from '../lib/cli/terminal/terminal.ts';

// Compiled once, in a folder that is the project's alone: starts are a fifth faster.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compile'));

// A command is loaded when it is called: the clients of AWS take a second that `--help` need not wait.
const terminal = createTerminal(process);

const program = new Command('npm run pipeline --')
  .description(
    'Operates a pipeline that `npx cdk deploy` has put into your AWS account: connects it to Intercom, starts and watches runs. Uses your own AWS credentials.',
  )
  .option('--profile <name>', 'profile of ~/.aws/config (default: the credentials the AWS CLI would use)')
  .option('--region <region>', 'AWS region it is deployed in (default: of the environment or the profile)')
  .option('--pipeline <name>', 'which pipeline, where the configuration file has several')
  .option('--config <file>', 'configuration, .ts or .json (default: pipeline.config.ts)')
  .helpCommand(false)
  .configureHelp({
    showGlobalOptions: true,
    optionTerm: ({ flags }) => flags.replace(' [never]', ''),
  })
  .showHelpAfterError('(add --help for what is allowed)')
  .configureOutput({
    // What was given to an option that does not exist may be a secret.
    outputError: (text, write) => write(text.replace(/(unknown option '[^=']+)=[^']*/, '$1')),
  });

/** A command with the options that all have; what it is given is checked where it is used. */
function command(
  name: string,
  description: string,
  run: (options: OptionValues, argument: string) => Promise<ExitStatus>,
): Command {
  const added = program.command(name).description(description);
  return added.action(() => terminal.run(() => run(added.optsWithGlobals(), added.args[0] ?? '')));
}

const EXAMPLE_TIME = '2025-01-01T00:00:00Z';

command(
  'connect',
  'connect it to your Intercom workspace: tells every step, waits, then checks',
  async (options) => (await import('../lib/cli/remote/commands/connect.ts')).runConnect(terminal, options),
)
  .option('--no-open', 'do not open a browser, only print the address')
  // A value is taken so that it can be refused without being shown.
  .option(
    '--access-token [never]',
    'instead of OAuth: an access token of an app of your own, read from standard input or asked for; never an argument',
  )
  .option('--replace-workspace', 'let another workspace take the place of the present one, after a warning')
  .option('--yes', 'do not ask');

command(
  'check',
  'is the token alive, of the right workspace, and is every permission there?',
  async (options) => (await import('../lib/cli/remote/commands/check.ts')).runCheck(terminal, options),
)
  .option('--json', 'as JSON')
  .addHelpText(
    'after',
    '\nThe exit status is 1 if anything is missing. What your plan does not include is not counted.',
  );

command('run', 'start a run now and follow it to its end', async (options) =>
  (await import('../lib/cli/remote/commands/run.ts')).runRun(terminal, options),
)
  .option('--objects <names>', 'only these objects, separated by commas (default: all configured)')
  .option('--full-refresh', 'read everything again, not only what changed')
  .option('--no-wait', 'only start it; it goes on by itself')
  .option('--json', 'print the summary of each run as one line of JSON on standard output')
  .addHelpText(
    'after',
    '\nThe exit status is 0 only if no object failed. Ctrl-C stops watching, not the run.',
  );

command(
  'status',
  'connection, runs at work, and per object: last run, rows, debts, completeness',
  async (options) => (await import('../lib/cli/remote/commands/status.ts')).runStatus(terminal, options),
).option('--json', 'as JSON');

command('resync', 'forget how far an object was read and read all of it again', async (options, object) =>
  (await import('../lib/cli/remote/commands/resync.ts')).runResync(terminal, object, options),
)
  .argument('<object>', 'such as contacts')
  .option('--yes', 'do not ask')
  .option('--no-wait', 'only start the run; it goes on by itself')
  .option('--json', 'print the summary of each run as one line of JSON on standard output');

command(
  'backfill',
  'read a range of time of one object again; what is synced next does not change',
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
  .option('--to <time>', 'records changed before this time (default: now)')
  .option('--no-wait', 'only start the run; it goes on by itself')
  .option('--json', 'print the summary of each run as one line of JSON on standard output');

command(
  'disconnect',
  'uninstall the app for the whole workspace at Intercom, and forget the connection',
  async (options) =>
    (await import('../lib/cli/remote/commands/disconnect.ts')).runDisconnect(terminal, options),
)
  .option('--keep-app', 'only forget the connection; the app stays installed')
  .option('--yes', 'do not ask');

await program.parseAsync();
