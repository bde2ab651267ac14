/** `demo`: the whole system on this machine alone, with a simulated workspace and embedded AWS. */
import { join, resolve } from 'node:path';
import { parseConfig } from '../../../../functions/config/config.ts';
import { counted } from '../../../../functions/core/counted.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { startDemo } from '../demo.ts';
import { conclude, syncSession, workersOf } from './session.ts';

/** The directory of `npm start`. */
const DEFAULT_OUT = 'out/demo';

function nextSteps(out: string): string {
  const lake = join(out, 'lake');
  const again = out === DEFAULT_OUT ? 'npm start' : `npm run local -- demo --out ${out}`;
  return `
Your data:  ${lake}/tables/<table>/run_date=…/run_id=…/*.ndjson.gz, listed by ${lake}/manifests/<object>/*.json
Look:       gzip -dc ${lake}/tables/contacts/*/*/*.gz | head -1
Query:      npm run local -- query "select role, count(*) from contacts group by role" --out ${out}
Again:      ${again}   (incremental: one simulated day later)
Status:     npm run local -- status --out ${out}
Your own:   INTERCOM_ACCESS_TOKEN=… npm run local -- sync`;
}

interface DemoOptions {
  readonly out: string;
  readonly workers?: string;
}

export async function runDemo(terminal: Terminal, { out, workers }: DemoOptions): Promise<ExitStatus> {
  const demo = await startDemo(resolve(out));
  try {
    const { simulator, day, aheadMs } = demo;
    const config = parseConfig({ name: 'demo', baseUrl: simulator.url });
    const age = day === 0 ? 'new' : `${counted(day, 'simulated day')} old`;
    terminal.tell(
      `A simulated Intercom workspace (${age}) at ${simulator.url}, with embedded AWS; output in ${out}\n`,
    );
    const result = await syncSession(terminal, {
      out,
      config,
      aheadMs,
      workers: workersOf(workers),
      accessToken: simulator.token,
      input: {},
    });
    const status = conclude(terminal, result, false);
    if (result.status === 'finished' && status === 0) {
      await demo.endDay();
      terminal.tell(nextSteps(out));
    }
    return status;
  } finally {
    await demo.close();
  }
}
