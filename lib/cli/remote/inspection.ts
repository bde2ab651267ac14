/** Asks Intercom whether a connection can read everything that is configured. */
import pMap from 'p-map';
import { createDynamoDbRateBudget } from '../../../functions/aws/dynamodb-rate-budget.ts';
import { regionNamed } from '../../../functions/connection/regions.ts';
import type { StoredConnection, Workspace } from '../../../functions/core/authorization.ts';
import { ContractError, RetryableError } from '../../../functions/core/errors.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import { createIntercomClient } from '../../../functions/intercom/http/client.ts';
import { CURIOUS } from '../../../functions/intercom/http/retry.ts';
import { readMe } from '../../../functions/intercom/me.ts';
import { type Access, probeAccess } from '../../../functions/intercom/probe.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { RemotePipeline } from './remote-pipeline.ts';

/** `unknown`: Intercom gave no usable answer. */
export type ObjectAccess = { readonly object: ObjectName } & (
  | Access
  | { readonly status: 'unknown'; readonly message: string }
);

export interface Inspection {
  /** From /me; null if its answer names none. */
  readonly workspace: Workspace | null;
  readonly region: string | null;
  /** Contradictions between token, pipeline and configuration, one sentence each. */
  readonly problems: readonly string[];
  readonly objects: readonly ObjectAccess[];
}

/** Requests at once: a person is waiting, but runs need the allowance too. */
const AT_ONCE = 4;

function problemsOf(
  { config, command }: RemotePipeline,
  workspace: Workspace | null,
  region: string | null,
  owner: string | null,
  replaced: string | null,
): readonly string[] {
  const known = regionNamed(region);
  return [
    ...(workspace !== null && owner !== null && owner !== workspace.id
      ? [
          `The token belongs to workspace ${workspace.id}, but the pipeline holds the data of workspace ${owner}, so every run will fail. Connect workspace ${owner} again, or replace it with '${command('connect --replace-workspace')}'.`,
        ]
      : []),
    ...(replaced !== null
      ? [
          `The replacement of workspace ${replaced} was interrupted, so every run will fail. To finish it: ${command('connect --replace-workspace')}`,
        ]
      : []),
    ...(known !== null && known !== config.region
      ? [
          `The workspace is in Intercom's region ${known}, but the configuration has region: '${config.region}'. Change it and deploy again.`,
        ]
      : []),
  ];
}

/**
 * Asks which workspace the token belongs to and what it may read, within the rate limit that runs share.
 * @throws ConnectionError if the token is dead; RetryableError if Intercom or AWS does not answer
 */
export async function inspect(
  { clock, signal }: Pick<Terminal, 'clock' | 'signal'>,
  pipeline: RemotePipeline,
  { accessToken }: Pick<StoredConnection, 'accessToken'>,
): Promise<Inspection> {
  const { config, clients, deployed, state } = pipeline;
  const client = createIntercomClient({
    baseUrl: config.baseUrl,
    tokens: { connection: async () => ({ accessToken }) },
    budget: createDynamoDbRateBudget(clients.dynamoDb, deployed.table, clock),
    clock,
    object: null,
    reconnect: `connect the workspace again: ${pipeline.command('connect')}`,
  });
  const me = await readMe(client, { signal, patience: CURIOUS });
  const workspace = me.workspaceId === null ? null : { id: me.workspaceId, name: me.workspaceName };
  const [owner, replaced] = await Promise.all([state.claimedWorkspace(), state.replacedWorkspace()]);
  const problems = problemsOf(pipeline, workspace, me.region, owner, replaced);
  const probe = async (object: ObjectName): Promise<ObjectAccess> => {
    try {
      return { object, ...(await probeAccess(client, OBJECTS[object], { now: clock.now(), signal })) };
    } catch (error) {
      if (!(error instanceof RetryableError || error instanceof ContractError)) throw error;
      return { object, status: 'unknown', message: error.message };
    }
  };
  const objects = await pMap(config.objects, probe, { concurrency: AT_ONCE });
  return { workspace, region: me.region, problems, objects };
}
