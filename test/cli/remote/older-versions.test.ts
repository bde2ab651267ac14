/** What a versioned bucket keeps of an erased person's files goes, as far as rights allow. */
import { afterAll, beforeEach, expect, test } from 'vitest';
import { type AwsClients, createAwsClients } from '../../../lib/cli/remote/aws-clients.ts';
import { removeOlderVersions } from '../../../lib/cli/remote/older-versions.ts';
import { type Account, startAccount, type Version } from '../../support/remote/account.ts';

const before = { ...process.env };
let account: Account;
let clients: AwsClients;

const version = (key: string, id: string, isMarker = false): Version => ({ key, id, bytes: 10, isMarker });
const ids = (): readonly string[] => (account.buckets.get('lake') ?? []).map(({ key, id }) => `${key} ${id}`);

beforeEach(async () => {
  await account?.close();
  account = await startAccount();
  process.env = {
    ...before,
    AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'key',
    AWS_REGION: 'eu-west-1',
    AWS_ENDPOINT_URL: account.url,
  };
  clients = await createAwsClients({ signal: new AbortController().signal });
  account.buckets.set('lake', [
    version('tables/contacts/a', 'v1'),
    version('tables/contacts/a', 'v2'),
    version('tables/contacts/a', 'm1', true),
    version('tables/contacts/neighbour', 'v1'),
    version('tables/contacts/neighbour', 'm1', true),
    version('manifests/contacts/1.json', 'v1'),
    version('manifests/contacts/1.json', 'm1', true),
    version('manifests/contacts/1_eabc.json', 'v1'),
    version('runs/1.json', 'v1'),
    version('runs/1.json', 'v2'),
  ]);
});
afterAll(async () => {
  process.env = before;
  await account.close();
});

const PREFIXES = ['tables/contacts/a', 'manifests/contacts/1', 'runs/1.json'];

test('older versions of these files go, current ones and neighbours stay', async () => {
  expect(await removeOlderVersions(clients.s3, 'lake', PREFIXES)).toEqual({ removed: 4, left: 0 });
  expect(ids()).toEqual([
    'tables/contacts/a m1',
    'tables/contacts/neighbour v1',
    'tables/contacts/neighbour m1',
    'manifests/contacts/1.json m1',
    'manifests/contacts/1_eabc.json v1',
    'runs/1.json v2',
  ]);
});

test('what S3 refuses to delete is counted', async () => {
  account.locked.add('tables/contacts/a');
  expect(await removeOlderVersions(clients.s3, 'lake', PREFIXES)).toEqual({ removed: 2, left: 2 });
});

test('without the right to look, nothing is known', async () => {
  account.locked.add('*');
  expect(await removeOlderVersions(clients.s3, 'lake', PREFIXES)).toEqual({ removed: 0, left: null });
});
