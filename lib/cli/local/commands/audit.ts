/** `audit` of a directory; with `--repair` it runs a sync of what differs. */
import { resolve } from 'node:path';
import { type AuditOptions, runAudit } from '../../audit/audit.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { createDirectoryLake, requireFolder } from '../output-directory.ts';
import { requireHash } from './person.ts';
import { conclude, intercomClient, syncSession } from './session.ts';
import { configOf, type PipelineOptions, tokenIn } from './sync.ts';

type LocalAuditOptions = AuditOptions & PipelineOptions & { readonly out: string };

export const runLocalAudit = (terminal: Terminal, options: LocalAuditOptions): Promise<ExitStatus> =>
  runAudit(terminal, options, async () => {
    const { environment, clock } = terminal;
    const { out } = options;
    await requireFolder(out, 'lake');
    const config = await configOf(options, environment.INTERCOM_BASE_URL);
    const accessToken = tokenIn(terminal);
    return {
      config,
      lake: createDirectoryLake(resolve(out)),
      hashes: { hashText: () => requireHash(out) },
      client: intercomClient(config, accessToken, clock),
      repair: async (input) => {
        const result = await syncSession(terminal, { out, config, accessToken, input });
        conclude(terminal, result, options.json === true);
      },
    };
  });
