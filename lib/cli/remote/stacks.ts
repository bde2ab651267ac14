/** Stacks as CloudFormation knows them, including deleted ones. */
import {
  type CloudFormationClient,
  DescribeStacksCommand,
  paginateDescribeStacks,
  paginateListStackResources,
  paginateListStacks,
  type Stack,
  type StackResourceSummary,
  type StackSummary,
} from '@aws-sdk/client-cloudformation';

/** Null if there is no such stack. @param StackName its name, or its id, which also finds a deleted stack */
export async function describeStack(client: CloudFormationClient, StackName: string): Promise<Stack | null> {
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName }));
    return Stacks?.[0] ?? null;
  } catch (error) {
    if (error instanceof Error && /does not exist/.test(error.message)) return null;
    throw error;
  }
}

/** Every stack in the region that is not deleted. */
export async function allStacks(client: CloudFormationClient): Promise<readonly Stack[]> {
  const found: Stack[] = [];
  for await (const { Stacks } of paginateDescribeStacks({ client }, {})) found.push(...(Stacks ?? []));
  return found;
}

/** Stacks with this name that were deleted, last one first. CloudFormation lists them for 90 days. */
export async function deletedStacks(
  client: CloudFormationClient,
  name: string,
): Promise<readonly StackSummary[]> {
  const found: StackSummary[] = [];
  const query = { StackStatusFilter: ['DELETE_COMPLETE' as const] };
  for await (const { StackSummaries } of paginateListStacks({ client }, query)) {
    found.push(...(StackSummaries ?? []).filter(({ StackName }) => StackName === name));
  }
  const time = ({ DeletionTime }: StackSummary) => DeletionTime?.getTime() ?? 0;
  return found.toSorted((a, b) => time(b) - time(a));
}

/** The resources of a stack. @param StackName the id, if the stack was deleted */
export async function resourcesOf(
  client: CloudFormationClient,
  StackName: string,
): Promise<readonly StackResourceSummary[]> {
  const found: StackResourceSummary[] = [];
  for await (const { StackResourceSummaries } of paginateListStackResources({ client }, { StackName })) {
    found.push(...(StackResourceSummaries ?? []));
  }
  return found;
}

/** What a deleted stack left behind. */
export const leftBy = async (
  client: CloudFormationClient,
  stackId: string,
): Promise<readonly StackResourceSummary[]> =>
  (await resourcesOf(client, stackId)).filter(({ ResourceStatus }) => ResourceStatus === 'DELETE_SKIPPED');
