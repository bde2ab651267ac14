/** Whether a connection is good for all that is configured, asked of Intercom. */
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

/** `unknown`: Intercom gave no answer that tells. */
export type ObjectAccess = { readonly object: ObjectName } & (
  | Access
  | { readonly status: 'unknown'; readonly message: string }
);

export interface Inspection {
  /** As /me has it now; null where it does not say. */
  readonly workspace: Workspace | null;
  readonly region: string | null;
  /** What does not fit together, one sentence each. */
  readonly problems: readonly string[];
  readonly objects: readonly ObjectAccess[];
}

/** Requests at once: a person waits, and runs want the allowance too. */
const AT_ONCE = 4;

async function inTurns<In, Out>(items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  const open = items.entries();
  const worker = async () => {
    for (const [index, item] of open) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

function problemsOf(
  { config }: RemotePipeline,
  workspace: Workspace | null,
  region: string | null,
  owner: string | null,
): readonly string[] {
  const known = regionNamed(region);
  return [
    ...(workspace !== null && owner !== null && owner !== workspace.id
      ? [
          `The token is of workspace ${workspace.id}, but the pipeline holds the data of workspace ${owner}: runs are refused.`,
        ]
      : []),
    ...(known !== null && known !== config.region
      ? [
          `The workspace lies in Intercom's region ${known}, but the configuration says region: '${config.region}'. Change it and deploy again.`,
        ]
      : []),
  ];
}

/**
 * Asks who the token is and what it may read, within the allowance that runs share.
 * @throws ConnectionError where the token is dead; RetryableError where Intercom or AWS does not answer
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
  });
  const me = await readMe(client, { signal, patience: CURIOUS });
  const workspace = me.workspaceId === null ? null : { id: me.workspaceId, name: me.workspaceName };
  const problems = problemsOf(pipeline, workspace, me.region, await state.claimedWorkspace());
  const objects = await inTurns(config.objects, async (object): Promise<ObjectAccess> => {
    try {
      return { object, ...(await probeAccess(client, OBJECTS[object], { now: clock.now(), signal })) };
    } catch (error) {
      if (!(error instanceof RetryableError || error instanceof ContractError)) throw error;
      return { object, status: 'unknown', message: error.message };
    }
  });
  return { workspace, region: me.region, problems, objects };
}
