/** `demo`: everything, with nothing but this machine: a simulated workspace and embedded AWS. */
import { relative, resolve } from 'node:path';
import { parseConfig } from '../../../../functions/config/config.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { startDemo } from '../demo.ts';
import { conclude, syncSession } from './session.ts';

function nextSteps(out: string): string {
  const lake = relative('.', resolve(out, 'lake'));
  return `
Your data:  ${lake}/tables/<table>/run_date=…/run_id=…/*.ndjson.gz, listed by ${lake}/manifests/<object>/*.json
Look:       zcat ${lake}/tables/contacts/*/*/*.gz | head -1
Query:      npm run local -- query "select role, count(*) from contacts group by role" --out ${out}
Again:      npm start                       a simulated day later, incremental
Status:     npm run local -- status --out ${out}
Your own:   INTERCOM_ACCESS_TOKEN=… npm run local -- sync`;
}

export async function runDemo(terminal: Terminal, { out }: { out: string }): Promise<ExitStatus> {
  const demo = await startDemo(resolve(out), terminal.clock);
  try {
    const { simulator, clock, day } = demo;
    const config = parseConfig({ name: 'demo', baseUrl: simulator.url });
    const age = day === 0 ? 'new' : `${day} simulated day(s) old`;
    terminal.tell(
      `A simulated Intercom workspace (${age}) at ${simulator.url}, AWS embedded, output in ${out}\n`,
    );
    const accessToken = simulator.token;
    const result = await syncSession(terminal, { out, config, clock, accessToken, input: {} });
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
