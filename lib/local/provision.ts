/** Makes what the template asks for, unless it is there. */
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import type { LocalResources } from './template.ts';

/** The part of the embedded AWS that makes resources; each call leaves alone what exists. */
export interface ResourceMaker {
  createBucket(name: string): Promise<void>;
  createTable(input: CreateTableCommandInput): Promise<void>;
  createSecret(name: string, initialValue: string): Promise<void>;
}

/** Provisions the resources of the template; on an existing directory it changes nothing. */
export async function provision(
  maker: ResourceMaker,
  resources: Pick<LocalResources, 'buckets' | 'tables' | 'secrets'>,
): Promise<void> {
  for (const bucket of resources.buckets) await maker.createBucket(bucket);
  for (const table of resources.tables) await maker.createTable(table);
  for (const { name, initialValue } of resources.secrets) await maker.createSecret(name, initialValue);
}
