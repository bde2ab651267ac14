/** The simulator as its own process. It prints one JSON line {url, token} when it is ready. */

import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { SIZES, startSimulator, type WorkspaceSizes } from './index.ts';

const HELP = `node lib/standins/intercom/serve.ts [options]

  --port N             port on 127.0.0.1 (0: a free one)
  --preset NAME        ${Object.keys(SIZES).join(' | ')} (demo)
  --size OBJECT=N      size of one object; repeatable, e.g. --size contacts=1000000
  --seed N             (1)
  --timezone ZONE      IANA zone of the workspace (America/Los_Angeles)
  --base-time MS       epoch milliseconds at which the history ends (now)
  --rate-limit N       requests per 10 seconds (1666 per app, 4166 per workspace)
  --help

Prints {"url":…,"token":…} when ready; SIGTERM and SIGINT stop it.
`;

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isInteger(value) || value < 0)
    throw new Error(`--${name} takes a whole number, not "${text}"`);
  return value;
}

export function parseSizes(preset: string, sizes: readonly string[]): Partial<WorkspaceSizes> {
  if (preset !== 'demo' && preset !== 'tiny')
    throw new Error(`--preset is one of ${Object.keys(SIZES).join(', ')}`);
  const single = sizes.map((size): [string, number] => {
    const [name = '', count = ''] = size.split('=');
    return [name, numberOf('size', count)];
  });
  return { ...SIZES[preset], ...Object.fromEntries(single) };
}

/** Runs until it is stopped. */
export async function serve(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '0' },
      preset: { type: 'string', default: 'demo' },
      size: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string', default: '1' },
      timezone: { type: 'string' },
      'base-time': { type: 'string' },
      'rate-limit': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const limit = values['rate-limit'];
  const baseTime = values['base-time'];
  const simulator = await startSimulator({
    port: numberOf('port', values.port),
    seed: numberOf('seed', values.seed),
    sizes: parseSizes(values.preset, values.size),
    ...(values.timezone === undefined ? {} : { timezone: values.timezone }),
    ...(baseTime === undefined ? {} : { baseTime: numberOf('base-time', baseTime) }),
    ...(limit === undefined
      ? {}
      : {
          rateLimit: { perApp: numberOf('rate-limit', limit), perWorkspace: numberOf('rate-limit', limit) },
        }),
  });
  const stop = (): void => void simulator.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ url: simulator.url, token: simulator.token })}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  serve(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
