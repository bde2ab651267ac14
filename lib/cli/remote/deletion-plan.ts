/** What there is to delete of a pipeline: its stacks, what outlives them, and what must stay. */
import type { Stack, StackResourceSummary, StackSummary } from '@aws-sdk/client-cloudformation';
import type { ResolvedPipeline } from '../../../functions/config/config.ts';
import type { Deployment } from '../../../functions/config/deployment.ts';
import type { LakeRoot } from '../../../functions/core/lake-keys.ts';
import type { AwsClients } from './aws-clients.ts';
import { accountIn, accountOf, dataStackOf } from './deployment.ts';
import { type Found, type Removal, removals } from './removal.ts';
import { allStacks, deletedStacks, leftBy, resourcesOf } from './stacks.ts';

export interface Remaining extends Found {
  readonly id: string;
  readonly removal: Removal;
}

export interface DeletionPlan {
  /** Null if it is unknown. */
  readonly accountId: string | null;
  /** The stack with what can be made again; null if it is not deployed. */
  readonly pipeline: Stack | null;
  /** The stack with the data; null if it is not deployed. */
  readonly data: Stack | null;
  /** True if neither stack exists and CloudFormation remembers none. */
  readonly isUnknown: boolean;
  /** Resources of data stacks that still exist, in the order of removal. */
  readonly remaining: readonly Remaining[];
  /** What such a stack created, but the configuration or another stack has taken over. */
  readonly staying: readonly string[];
  /** True if outputs of another stack name the bucket, and the prefix too if there is one. */
  isUsedElsewhere(lake: LakeRoot): boolean;
}

/** What one stack with data created. */
interface Made {
  readonly resources: readonly StackResourceSummary[];
  /** True for an id that somebody else uses now. */
  readonly isTaken: (id: string) => boolean;
}

/** What the configuration names as the user's own. A key's id is the end of its ARN. */
function namedBy({ aws, encryption }: Deployment): ReadonlySet<string> {
  const { bucket, table, secrets } = aws;
  const key = typeof encryption === 'object' ? encryption.keyArn.split(':key/')[1] : null;
  return new Set([bucket, table, ...Object.values(secrets), key].filter((one) => one != null));
}

const outputsOf = (stacks: readonly Stack[]): ReadonlySet<string> =>
  new Set(stacks.flatMap(({ Outputs }) => (Outputs ?? []).flatMap(({ OutputValue }) => OutputValue ?? [])));

/** S3 writes logs to this bucket as long as the others exist. */
const comesLast = ({ LogicalResourceId = '' }: StackResourceSummary): boolean =>
  LogicalResourceId.startsWith('AccessLogs');

/** True if something of it stays, which nobody could read without its key. */
const hasTaken = ({ resources, isTaken }: Made): boolean =>
  resources.some(({ PhysicalResourceId = '' }) => isTaken(PhysicalResourceId));

interface Known {
  readonly live: readonly Stack[];
  readonly data: Stack | null;
  readonly deleted: readonly StackSummary[];
}

/** The generations of the data: what the deployed stack created, and what stacks deleted earlier left behind. */
async function generationsOf(
  client: AwsClients['cloudFormation'],
  { data, deleted, live, deployment }: Known & { readonly deployment: Deployment },
): Promise<readonly Made[]> {
  const named = namedBy(deployment);
  const inUse = outputsOf(live);
  const inUseByOthers = outputsOf(live.filter((stack) => stack !== data));
  const deployed = data?.StackId === undefined ? [] : await resourcesOf(client, data.StackId);
  const generations: Made[] = [
    { resources: deployed, isTaken: (id) => named.has(id) || inUseByOthers.has(id) },
  ];
  for (const { StackId = '' } of deleted) {
    const resources = await leftBy(client, StackId);
    generations.push({ resources, isTaken: (id) => named.has(id) || inUse.has(id) });
  }
  return generations;
}

/** The resources of one type in all generations, the bucket for logs last. */
const ofType = (generations: readonly Made[], type: string) =>
  generations
    .flatMap((made) => made.resources.map((resource) => ({ made, resource })))
    .filter(({ resource }) => resource.ResourceType === type)
    .toSorted((a, b) => Number(comesLast(a.resource)) - Number(comesLast(b.resource)));

/**
 * Looks at everything that the stacks of a pipeline created, including stacks deleted in the last 90 days.
 * @param keepData true: looks at the stacks only
 */
export async function planDeletion(
  clients: AwsClients,
  waiting: Parameters<typeof removals>[1],
  { config: { name }, deployment }: ResolvedPipeline,
  { keepData }: { readonly keepData: boolean },
): Promise<DeletionPlan> {
  const { cloudFormation } = clients;
  const dataName = dataStackOf(name);
  const live = await allStacks(cloudFormation);
  const stackNamed = (wanted: string) => live.find(({ StackName }) => StackName === wanted) ?? null;
  const [pipeline, data] = [stackNamed(name), stackNamed(dataName)];
  const deleted = await deletedStacks(cloudFormation, dataName);
  const generations = keepData
    ? []
    : await generationsOf(cloudFormation, { data, deleted, live, deployment });
  const staying = new Set<string>();
  const found = new Map<string, Remaining>();
  for (const [type, removal] of removals(clients, waiting)) {
    for (const { made, resource } of ofType(generations, type)) {
      const id = resource.PhysicalResourceId ?? '';
      const seen = id === '' || found.has(id) ? null : await removal.look(id);
      if (seen === null) continue;
      const stays = made.isTaken(id) || (removal.noun === 'key' && hasTaken(made));
      if (stays) staying.add(`${removal.noun} ${id}`);
      else found.set(id, { id, removal, ...seen });
    }
  }
  const known = [data, pipeline, deleted[0]].find((stack) => stack?.StackId !== undefined);
  const others = live
    .filter((stack) => stack !== data && stack !== pipeline)
    .map((stack) => outputsOf([stack]));
  return {
    accountId: accountIn(known?.StackId) ?? (await accountOf(clients)),
    pipeline,
    data,
    isUnknown: known === undefined,
    remaining: [...found.values()],
    staying: [...staying],
    isUsedElsewhere: ({ bucket, prefix }) =>
      others.some((outputs) => outputs.has(bucket) && (prefix === '' || outputs.has(prefix))),
  };
}
