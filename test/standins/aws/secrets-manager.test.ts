import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { expect, test } from 'vitest';
import { OutputDirectoryError } from '../../../lib/standins/aws/index.ts';
import { start, startForAllTests } from '../../support/aws/harness.ts';

const started = startForAllTests();

const read = (client: SecretsManagerClient, SecretId: string) =>
  client.send(new GetSecretValueCommand({ SecretId }));

test('a secret is created once, read, replaced and described, by name and by ARN', async () => {
  const { aws } = started();
  const client = new SecretsManagerClient({});
  await aws.createSecret('intercom/token', '{}');
  const { ARN = '', SecretString } = await read(client, 'intercom/token');
  expect(SecretString).toBe('{}');

  const { VersionId } = await client.send(
    new PutSecretValueCommand({ SecretId: ARN, SecretString: '{"access_token":"ü"}' }),
  );
  await aws.createSecret('intercom/token', '{}');
  for (const id of ['intercom/token', ARN, ARN.slice(0, -7)]) {
    expect(await read(client, id)).toMatchObject({
      Name: 'intercom/token',
      SecretString: '{"access_token":"ü"}',
      VersionId,
      VersionStages: ['AWSCURRENT'],
      CreatedDate: expect.any(Date),
    });
  }
  expect(await client.send(new DescribeSecretCommand({ SecretId: ARN }))).toMatchObject({
    Name: 'intercom/token',
    CreatedDate: expect.any(Date),
    VersionIdsToStages: { [VersionId ?? '']: ['AWSCURRENT'] },
  });
});

test('a secret without a value yet cannot be read', async () => {
  const client = new SecretsManagerClient({});
  await client.send(new CreateSecretCommand({ Name: 'later' }));
  await expect(read(client, 'later')).rejects.toBeInstanceOf(ResourceNotFoundException);
  await expect(
    client.send(new CreateSecretCommand({ Name: 'later', SecretString: 'x' })),
  ).rejects.toBeInstanceOf(ResourceExistsException);
  await client.send(new PutSecretValueCommand({ SecretId: 'later', SecretString: 'now' }));
  expect((await read(client, 'later')).SecretString).toBe('now');
  const previous = new GetSecretValueCommand({ SecretId: 'later', VersionStage: 'AWSPREVIOUS' });
  await expect(client.send(previous)).rejects.toBeInstanceOf(ResourceNotFoundException);
});

test('missing secrets, and features that are not implemented', async () => {
  const client = new SecretsManagerClient({});
  for (const id of ['nothing', 'toString', '__proto__']) {
    await expect(read(client, id)).rejects.toBeInstanceOf(ResourceNotFoundException);
  }
  const binary = new PutSecretValueCommand({ SecretId: 'nothing', SecretBinary: Buffer.from('x') });
  await expect(client.send(binary)).rejects.toMatchObject({ name: 'InvalidRequestException' });
  await expect(client.send(new ListSecretsCommand({}))).rejects.toMatchObject({
    name: 'UnknownOperationException',
    message: expect.stringContaining('secretsmanager.ListSecrets'),
  });
});

test('one file, readable by its owner only, keeps them across restarts; a value may be filled in by hand', async () => {
  const first = await start();
  const file = join(first.directory, 'state/secrets.json');
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => first.createSecret(`secret-${index}`, String(index))),
  );
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await writeFile(file, (await readFile(file, 'utf8')).replace('"value": "19"', '"value": "by hand"'));
  await first.close();

  const second = await start({ directory: first.directory });
  const client = new SecretsManagerClient({});
  await second.createSecret('secret-7', 'other');
  expect((await read(client, 'secret-7')).SecretString).toBe('7');
  expect((await read(client, 'secret-19')).SecretString).toBe('by hand');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test.each(['', 'null', '[]', '{"HashKey":5}', '{"HashKey":{"value":7}}'])(
  'a file that holds %j is refused, and no new secret takes its place',
  async (text) => {
    const { directory, createSecret } = await start();
    const file = join(directory, 'state/secrets.json');
    await writeFile(file, text);
    await expect(createSecret('HashKey', 'another')).rejects.toBeInstanceOf(OutputDirectoryError);
    expect(await readFile(file, 'utf8')).toBe(text);
  },
);

test('a file that is not JSON is reported without quoting it', async () => {
  const { directory, createSecret } = await start();
  await writeFile(join(directory, 'state/secrets.json'), '{"token": hunter2');
  await expect(createSecret('x', 'y')).rejects.toThrow(
    /secrets\.json is damaged: it is not valid JSON.*Repair/,
  );
  const client = new SecretsManagerClient({ maxAttempts: 1 });
  const failure = await read(client, 'x').catch((error: unknown) => String(error));
  expect(failure).toContain('not valid JSON');
  expect(failure).not.toContain('hunter2');
});
