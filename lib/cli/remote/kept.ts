/** What a data stack left behind when it was deleted. */
import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { deletedStacks, leftBy } from './stacks.ts';

/** In the form in which the configuration takes it over. */
export interface Kept {
  readonly deletedAt: Date;
  readonly encryption?: { readonly keyArn: string };
  readonly aws: {
    readonly bucket?: string;
    readonly table?: string;
    readonly secrets: Readonly<Partial<Record<'connection' | 'oauthClient' | 'hashKey', string>>>;
  };
}

/**
 * What the last deleted data stack of this name left behind.
 * @param stack name of the stack
 * @returns null if no such stack was deleted in the last 90 days, or if it left nothing of these
 */
export async function keptBy(client: CloudFormationClient, stack: string): Promise<Kept | null> {
  const [deleted] = await deletedStacks(client, stack);
  if (deleted === undefined) return null;
  const { StackId = '', DeletionTime = new Date(0) } = deleted;
  const kept = await leftBy(client, StackId);
  // A logical id is the name and eight digits that the CDK adds (test/infra/stateful-resources.json).
  const idOf = (name: string): string | undefined =>
    kept.find(({ LogicalResourceId = '' }) => LogicalResourceId.replace(/[0-9A-F]{8}$/, '') === name)
      ?.PhysicalResourceId;
  const key = idOf('Key');
  const [bucket, table] = [idOf('Lake'), idOf('State')];
  const secrets = {
    connection: idOf('Connection'),
    oauthClient: idOf('OAuthClient'),
    hashKey: idOf('HashKey'),
  };
  if ([key, bucket, table, ...Object.values(secrets)].every((id) => id === undefined)) return null;
  const [, partition, , region, account] = StackId.split(':');
  return {
    deletedAt: DeletionTime,
    ...(key && { encryption: { keyArn: `arn:${partition}:kms:${region}:${account}:key/${key}` } }),
    aws: {
      ...(bucket && { bucket }),
      ...(table && { table }),
      secrets: Object.fromEntries(Object.entries(secrets).filter(([, arn]) => arn !== undefined)),
    },
  };
}
