/** `audit` of a deployed pipeline, within the rate limit that its runs share. */
import { createDynamoDbRateBudget } from '../../../../functions/aws/dynamodb-rate-budget.ts';
import { createSecretsHashSource } from '../../../../functions/aws/secrets-hash-source.ts';
import { ConnectionError } from '../../../../functions/core/errors.ts';
import { createIntercomClient } from '../../../../functions/intercom/http/client.ts';
import { type AuditOptions, runAudit } from '../../audit/audit.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { configOf, openRemotePipeline, type RemoteOptions } from '../remote-pipeline.ts';
import { startRun } from '../start.ts';

export const runRemoteAudit = (
  terminal: Terminal,
  options: RemoteOptions & AuditOptions,
): Promise<ExitStatus> =>
  runAudit(terminal, options, async () => {
    const config = await configOf(options);
    const pipeline = await openRemotePipeline(terminal, options, config);
    const { lake, clients, deployed, connections, command } = pipeline;
    const connection = await connections.load();
    if (connection === null) {
      throw new ConnectionError(
        `Pipeline '${config.name}' is not connected to Intercom yet. Connect it with: ${command('connect')}`,
        { code: 'not_connected' },
      );
    }
    const { accessToken } = connection;
    const { clock } = terminal;
    return {
      config,
      lake,
      hashes: createSecretsHashSource(clients.secrets, deployed.hashKeySecret),
      client: createIntercomClient({
        baseUrl: config.baseUrl,
        tokens: { connection: async () => ({ accessToken }) },
        budget: createDynamoDbRateBudget(clients.dynamoDb, deployed.table, clock),
        clock,
        object: null,
        reconnect: `connect the workspace again: ${command('connect')}`,
      }),
      repair: (input) => startRun(terminal, pipeline, input, { json: options.json === true }),
    };
  });
