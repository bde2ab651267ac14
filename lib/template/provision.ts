/** Creates the resources of the template that do not exist yet. */
import { randomInt } from 'node:crypto';
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import type { LocalResources, LocalSecret } from './template.ts';

/** The part of the embedded AWS that creates resources. Each call leaves existing ones alone. */
export interface ResourceMaker {
  createBucket(name: string): Promise<void>;
  createTable(input: CreateTableCommandInput): Promise<void>;
  createSecret(name: string, initialValue: string): Promise<void>;
  createDatabase(name: string): Promise<void>;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Like a value that Secrets Manager generates without punctuation. */
const randomText = (length: number): string =>
  Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

const firstValue = (secret: LocalSecret): string =>
  'initialValue' in secret ? secret.initialValue : randomText(secret.randomCharacters);

/** Provisions the resources of the template. It changes nothing that exists. */
export async function provision(
  maker: ResourceMaker,
  resources: Pick<LocalResources, 'buckets' | 'tables' | 'secrets' | 'databases'>,
): Promise<void> {
  for (const bucket of resources.buckets) await maker.createBucket(bucket);
  for (const table of resources.tables) await maker.createTable(table);
  for (const database of resources.databases) await maker.createDatabase(database);
  for (const secret of resources.secrets) await maker.createSecret(secret.name, firstValue(secret));
}
