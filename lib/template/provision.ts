/** Makes what the template asks for, unless it is there. */
import { randomInt } from 'node:crypto';
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import type { LocalResources, LocalSecret } from './template.ts';

/** The part of the embedded AWS that makes resources; each call leaves alone what exists. */
export interface ResourceMaker {
  createBucket(name: string): Promise<void>;
  createTable(input: CreateTableCommandInput): Promise<void>;
  createSecret(name: string, initialValue: string): Promise<void>;
  createDatabase(name: string): Promise<void>;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** As Secrets Manager generates one without punctuation. */
const randomText = (length: number): string =>
  Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

const firstValue = (secret: LocalSecret): string =>
  'initialValue' in secret ? secret.initialValue : randomText(secret.randomCharacters);

/** Provisions the resources of the template; on an existing directory it changes nothing. */
export async function provision(
  maker: ResourceMaker,
  resources: Pick<LocalResources, 'buckets' | 'tables' | 'secrets' | 'databases'>,
): Promise<void> {
  for (const bucket of resources.buckets) await maker.createBucket(bucket);
  for (const table of resources.tables) await maker.createTable(table);
  for (const database of resources.databases) await maker.createDatabase(database);
  for (const secret of resources.secrets) await maker.createSecret(secret.name, firstValue(secret));
}
