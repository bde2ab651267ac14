/**
 * `npm run bench`: how fast and how large on this machine, each figure next to what could be: Intercom's own client,
 * the floor of the machine, or arithmetic, in the same run. Machines are noisy: compare ratios, never figures of two
 * runs. docs/performance.md says how to read it.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { benchBundles, coldStartLine } from './bundles.ts';
import { benchLake } from './lake.ts';
import {
  activityLine,
  allowanceLine,
  capLine,
  contactLines,
  conversationLines,
  extractorLine,
  idleLine,
  type Line,
  largeLine,
  latencyLine,
  smallLine,
} from './lines.ts';
import { plannerLine } from './planner.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    conversations: { type: 'string', default: '200000' },
    runs: { type: 'string', default: '8760' },
    changes: { type: 'string', default: '26280' },
    help: { type: 'boolean', default: false },
  },
});

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const HELP = `npm run bench                what takes about half an hour
npm run bench -- quick       two minutes: the table
npm run bench -- bundles     only the sizes and starts of the functions
npm run bench -- backfill [--conversations 200000]        a whole backfill against requests ÷ rate
npm run bench -- lake [--runs 8760] [--changes 26280]     a year of runs, before and after compaction`;

type Lines = () => Promise<readonly Line[]>;

const alone =
  (measure: () => Promise<Line> | Line): Lines =>
  async () => [await measure()];

const QUICK: readonly Lines[] = [
  alone(() => smallLine(5_000)),
  () => contactLines(30_000),
  () => conversationLines(2_500, 19),
  alone(() => allowanceLine(4_000, 1_666, 200)),
  alone(() => capLine(200, 4, 200)),
  alone(() => activityLine(181, 15)),
  alone(() => extractorLine('contacts', 30_000, { contacts: 30_000 })),
  alone(() => plannerLine(10_000_000)),
  alone(() => coldStartLine(7)),
];

const FULL: readonly Lines[] = [
  alone(() => smallLine(5_000)),
  () => contactLines(200_000),
  () => conversationLines(10_000, 19),
  alone(() => allowanceLine(8_000, 1_666, 200)),
  alone(() => allowanceLine(8_000, 1_666, 1_000)),
  alone(() => allowanceLine(1_500, 167, 200)),
  alone(() => allowanceLine(4_000, 1_666, 200, 800)),
  alone(() => capLine(600, 4, 200)),
  alone(() => latencyLine(10_000, 1_666, 1_000)),
  alone(() => latencyLine(100_000, 1_666, 200)),
  alone(() => activityLine(181, 15)),
  alone(() => idleLine()),
  alone(() => extractorLine('contacts', 10_000, { contacts: 10_000 })),
  alone(() => extractorLine('contacts', 100_000, { contacts: 100_000 })),
  alone(() => extractorLine('contacts', 1_000_000, { contacts: 1_000_000 })),
  alone(() => largeLine(400, 2)),
  alone(() => plannerLine(10_000_000)),
  alone(() => coldStartLine(15)),
];

async function table(groups: readonly Lines[]): Promise<void> {
  print(`node ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores`);
  print('The simulator is a process of its own and shares the cores.\n');
  print('| | product | ideal | ratio | wanted |\n|---|---|---|---|---|');
  for (const lines of groups) {
    for (const { what, product, ideal, ratio, wanted } of await lines())
      print(`| ${what} | ${product} | ${ideal} | ${ratio?.toFixed(2) ?? ''} | ${wanted} |`);
  }
}

if (values.help) print(HELP);
else if (positionals.includes('lake'))
  await benchLake(print, { runs: Number(values.runs), changes: Number(values.changes) });
else if (positionals.includes('backfill'))
  await table([alone(() => allowanceLine(Number(values.conversations), 1_666, 200))]);
else if (positionals.includes('bundles')) benchBundles(print);
else await table(positionals.includes('quick') ? QUICK : FULL);
