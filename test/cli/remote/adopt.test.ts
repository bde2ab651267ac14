/** How `adopt` shows what a deleted stack left behind; that a pipeline runs over it is in test/e2e/journey.test.ts. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { parseDeployment } from '../../../functions/config/config.ts';
import { type DeletedStack, startCloudFormation } from '../../support/remote/cloudformation.ts';
import { pipelineCommand, temporaryDirectory } from '../../support/remote/deployed.ts';

const cloudFormation = await startCloudFormation();
afterAll(() => cloudFormation.close());

const secret = (name: string) => `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}-1a2b-AbCdEf`;

const stackOf = (name: string, deletedAt: string, bucket: string): DeletedStack => ({
  name,
  id: `arn:aws:cloudformation:eu-west-1:123456789012:stack/${name}/${deletedAt}`,
  deletedAt,
  resources: [
    ['Lake5F1B88EA', bucket, 'DELETE_SKIPPED'],
    ['LakePolicy7B545488', bucket, 'DELETE_SKIPPED'],
    ['State1C20CC9A', 'shop-data-State1C20CC9A-XYZ', 'DELETE_SKIPPED'],
    ['Connection89AD5CF5', secret('Connection'), 'DELETE_SKIPPED'],
    ['OAuthClient40BCA208', secret('OAuthClient'), 'DELETE_SKIPPED'],
    ['HashKeyEC50E6F3', secret('HashKey'), 'DELETE_SKIPPED'],
    ['Key961B73FD', '1234abcd-12ab-34cd-56ef-1234567890ab', 'DELETE_SKIPPED'],
    ['CatalogWorkgroup', 'shop', 'DELETE_COMPLETE'],
  ],
});

beforeEach(() => {
  cloudFormation.stacks.clear();
  cloudFormation.deleted.splice(0);
});

async function adopt() {
  const config = join(await temporaryDirectory(), 'pipeline.json');
  await writeFile(config, JSON.stringify({ name: 'shop' }));
  return pipelineCommand(['adopt', '--config', config], {
    environment: {
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'key',
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
    },
  });
}

it('shows settings that the configuration takes, of the stack that was deleted last', async () => {
  cloudFormation.deleted.push(
    stackOf('shop-data', '2026-10-01T00:00:00Z', 'older'),
    stackOf('shop-data', '2026-11-01T00:00:00Z', 'shop-data-lake5f1b88ea-xyz'),
    stackOf('other-data', '2026-11-20T00:00:00Z', 'of-another'),
  );
  const { status, stdout, stderr } = await adopt();
  expect(stderr).toMatch(
    /^Stack shop-data was deleted on 2026-11-01 and left this behind\. Put it into \S+pipeline\.json, .* deploy with 'npx cdk deploy shop -c config=/,
  );
  expect(status).toBe(0);
  const { aws, encryption } = parseDeployment(JSON.parse(stdout));
  expect(encryption).toEqual({
    keyArn: 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
  });
  expect(aws).toMatchObject({
    bucket: 'shop-data-lake5f1b88ea-xyz',
    table: 'shop-data-State1C20CC9A-XYZ',
    secrets: {
      connection: secret('Connection'),
      oauthClient: secret('OAuthClient'),
      hashKey: secret('HashKey'),
    },
  });
});

it('has nothing to show if no stack was deleted', async () => {
  const { status, stdout, stderr } = await adopt();
  expect(stderr).toMatch(
    /CloudFormation knows no stack shop-data that was deleted in region eu-west-1 .*'pipeline' with the value 'shop'/,
  );
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
});

it('has nothing to show while the stack is there', async () => {
  cloudFormation.stacks.set('shop-data', { name: 'shop-data', status: 'UPDATE_COMPLETE', outputs: {} });
  const { status, stderr } = await adopt();
  expect(stderr).toMatch(
    /Stack shop-data is deployed, with its data: there is nothing to adopt\. Deploy with/,
  );
  expect(status).toBe(1);
});
