/** What a deployed pipeline costs per month, for workspaces of given sizes. See `npm run cost -- --help`. */
import { Command, InvalidArgumentError } from 'commander';
import { choosePipeline } from '../functions/config/pipelines.ts';
import { costReport } from '../lib/cli/cost/report.ts';
import { runGroups } from '../lib/cli/cost/run-groups.ts';
import { inDetailOf, standingOf } from '../lib/cli/cost/standing.ts';
import { IDLE, SIZES, type Volumes } from '../lib/cli/cost/usage.ts';
import { DEFAULT_CONFIG_FILE, loadPipelines } from '../lib/cli/load-config.ts';
import { createTerminal } from '../lib/cli/terminal/terminal.ts';
import { synthesize } from '../lib/template/template.ts';

const VOLUMES = {
  contacts: 'contacts in the workspace',
  companies: 'companies in the workspace',
  conversations: 'conversations in the workspace',
  tickets: 'tickets in the workspace',
  partsPerConversation: 'parts per conversation',
  changedContactsPerDay: 'contacts that change per day',
  changedConversationsPerDay: 'conversations that change per day',
  changedTicketsPerDay: 'tickets that change per day',
} as const satisfies Readonly<Record<keyof Volumes, string>>;

const optionOf = (name: string): string =>
  `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} <n>`;

const terminal = createTerminal(process);
const program = new Command('npm run cost --')
  .description(
    'Estimates the monthly AWS bill of your configured pipeline from list prices: for your volumes, or, if you give none, for an idle workspace and three larger ones.',
  )
  .option('--config <file>', `configuration, .ts or .json (default: ${DEFAULT_CONFIG_FILE})`)
  .option('--pipeline <name>', 'which pipeline, if the configuration has several');

function numberOf(text: string): number {
  if (/^[0-9]{1,12}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number, such as 10000.');
}

for (const [name, what] of Object.entries(VOLUMES)) program.option(optionOf(name), what, numberOf);

program.option(
  '--queries-per-day <n>',
  'Athena queries a day on each of contacts, conversations and conversation_parts',
  numberOf,
  20,
);

interface Options extends Partial<Volumes> {
  readonly config?: string;
  readonly pipeline?: string;
  readonly queriesPerDay: number;
}

program.action((options: Options) =>
  terminal.run(async () => {
    const { config: file = DEFAULT_CONFIG_FILE, pipeline: name, queriesPerDay, ...volumes } = options;
    const { config, deployment } = choosePipeline(await loadPipelines(file), name);
    const groups = runGroups(config.objects, deployment);
    const inDetail = deployment.monitoring === 'detailed' ? inDetailOf(config.objects) : 0;
    const standing = standingOf(synthesize(config, deployment), inDetail);
    const isCustom = Object.keys(volumes).length > 0;
    const sizes = isCustom ? { yours: { ...IDLE, ...volumes } } : SIZES;
    terminal.print(
      costReport(sizes, groups, standing, { queriesPerDay, isCapped: config.concurrency !== null }),
    );
    return 0;
  }),
);

await program.parseAsync();
