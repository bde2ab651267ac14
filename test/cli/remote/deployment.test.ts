/** How a deployed pipeline is found, and the one clear message for each reason why it is not. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Ended } from '../../support/ended.ts';
import { ACCOUNT, startCloudFormation } from '../../support/remote/cloudformation.ts';
import { pipelineCommand, temporaryDirectory } from '../../support/remote/deployed.ts';

const cloudFormation = await startCloudFormation();
afterAll(() => cloudFormation.close());

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'SECRET-KEY-77ab' };
const ENDPOINTS = {
  AWS_ENDPOINT_URL_CLOUDFORMATION: cloudFormation.url,
  AWS_ENDPOINT_URL_EVENTBRIDGE: cloudFormation.url,
};
const ENVIRONMENT = { ...KEYS, ...ENDPOINTS, AWS_REGION: 'eu-west-1' };

const OUTPUTS = {
  'intercom-data': {
    BucketName: 'lake',
    TableName: 'State',
    ConnectionSecretArn: 'Connection',
    HashKeySecretArn: 'HashKey',
    OAuthClientSecretArn: 'OAuthClient',
  },
  intercom: {
    CallbackUrl: 'https://callback.example',
    StateMachineArn: 'arn:aws:states:eu-west-1:000000000000:stateMachine:M',
  },
};

beforeEach(() => {
  cloudFormation.refusal = null;
  cloudFormation.stacks.clear();
  for (const [name, outputs] of Object.entries(OUTPUTS)) {
    cloudFormation.stacks.set(name, { name, status: 'CREATE_COMPLETE', outputs });
  }
});

function setStatus(name: keyof typeof OUTPUTS, status: string): void {
  cloudFormation.stacks.set(name, { name, status, outputs: {} });
}

/** One message, no stack, a failure, and no secret. */
function expectOneMessage({ status, stdout, stderr }: Ended, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect(stderr.match(/^error: /gm)).toHaveLength(1);
  expect(stderr).not.toMatch(/\n\s+at |SECRET-KEY/);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
}

const status = (environment: Readonly<Record<string, string>>, ...args: readonly string[]) =>
  pipelineCommand(['status', ...args], { environment });

describe('credentials', () => {
  it('are missing', async () => {
    const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _key, ...rest } = ENVIRONMENT;
    expectOneMessage(await status(rest), /No AWS credentials were found: log in .*--profile/);
  });

  it('a profile that does not exist, even if the environment has keys', async () => {
    expectOneMessage(
      await status(ENVIRONMENT, '--profile', 'nope'),
      /Profile 'nope' gives no AWS credentials .*--profile/,
    );
  });

  it('a login that has expired', async () => {
    const config = join(await temporaryDirectory(), 'config');
    await writeFile(
      config,
      '[profile work]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = R\nregion = eu-west-1\n[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://x.example/start\n',
    );
    expectOneMessage(
      await status({ ...ENDPOINTS, AWS_CONFIG_FILE: config }, '--profile', 'work'),
      /The AWS login of profile 'work' has expired: log in again \('aws sso login --profile work'\)/,
    );
  });

  const refused: readonly (readonly [string, number, string, string, RegExp])[] = [
    [
      'expired',
      403,
      'ExpiredToken',
      'The security token included in the request is expired',
      /have expired: log in again/,
    ],
    [
      'unknown',
      403,
      'InvalidClientTokenId',
      'The security token included in the request is invalid.',
      /does not accept the credentials \(InvalidClientTokenId\).*region that is not enabled.*eu-west-1/,
    ],
    [
      'with a wrong clock',
      403,
      'SignatureDoesNotMatch',
      'Signature expired: 20250101T000000Z is now earlier than 20261123T000000Z',
      /clock is wrong/,
    ],
    [
      'without the permission',
      403,
      'AccessDenied',
      'User: arn:aws:iam::123456789012:user/ann is not authorized to perform: cloudformation:DescribeStacks on resource: arn:aws:cloudformation:x because no identity-based policy allows it',
      /user\/ann may not do cloudformation:DescribeStacks on arn:aws:cloudformation:x\. Ask for this permission/,
    ],
    [
      'without a reason',
      403,
      'AccessDenied',
      'Denied.',
      /may not do cloudformation:DescribeStacks \(AWS says: Denied\.\)/,
    ],
  ];

  it.each(refused)('%s', async (_what, httpStatus, code, text, message) => {
    cloudFormation.refusal = { status: httpStatus, code, message: text };
    expectOneMessage(await status(ENVIRONMENT), message);
  });
});

describe('region', () => {
  const { AWS_REGION: _region, ...without } = ENVIRONMENT;

  it('is missing', async () => {
    expectOneMessage(await status(without), /No AWS region is set\. .*--region.*AWS_REGION.*profile/);
  });

  it('is not valid', async () => {
    expectOneMessage(
      await status(ENVIRONMENT, '--region', 'Ireland'),
      /'Ireland' is not a valid AWS region\. Write it like/,
    );
  });

  it.each([
    ['of the environment', { ...without, AWS_DEFAULT_REGION: 'ap-southeast-2' }, []],
    ['of the option', ENVIRONMENT, ['--region', 'ap-southeast-2']],
  ])('%s', async (_what, environment, args) => {
    cloudFormation.stacks.clear();
    expectOneMessage(
      await status(environment, ...args),
      /not deployed in account \d+, region ap-southeast-2/,
    );
  });

  it('of the profile', async () => {
    const config = join(await temporaryDirectory(), 'config');
    await writeFile(
      config,
      '[profile work]\nregion = eu-north-1\naws_access_key_id = a\naws_secret_access_key = b\n',
    );
    cloudFormation.stacks.clear();
    expectOneMessage(
      await status({ ...ENDPOINTS, AWS_CONFIG_FILE: config }, '--profile', 'work'),
      /region eu-north-1.*'npx cdk deploy intercom --profile work'/,
    );
  });
});

describe('stacks', () => {
  it('none: not deployed there', async () => {
    cloudFormation.stacks.clear();
    expectOneMessage(
      await status(ENVIRONMENT),
      new RegExp(
        `Pipeline 'intercom' is not deployed in account ${ACCOUNT}, region eu-west-1: there is no stack intercom-data, intercom\\. Deploy it with 'npx cdk deploy intercom', or say where it is`,
      ),
    );
  });

  it('some: partly deployed', async () => {
    cloudFormation.stacks.delete('intercom');
    expectOneMessage(
      await status(ENVIRONMENT),
      /only partly deployed in account \d+, region eu-west-1: stack intercom is missing\. To continue, deploy the rest/,
    );
  });

  it.each([
    [
      'CREATE_IN_PROGRESS',
      /stack intercom is CREATE_IN_PROGRESS\. To continue, wait until the deployment has finished/,
    ],
    ['ROLLBACK_COMPLETE', /stack intercom is ROLLBACK_COMPLETE\. To continue, deploy the rest/],
  ])('one that is %s', async (stackStatus, message) => {
    setStatus('intercom', stackStatus);
    expectOneMessage(await status(ENVIRONMENT), message);
  });

  it('one with the data whose first creation failed', async () => {
    setStatus('intercom-data', 'ROLLBACK_COMPLETE');
    expectOneMessage(
      await status(ENVIRONMENT),
      /stack intercom-data is ROLLBACK_COMPLETE\. To continue, run 'aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name intercom-data --region eu-west-1', then deploy the rest with 'npx cdk deploy intercom'/,
    );
  });

  it('one with the data whose first creation failed, with a profile', async () => {
    setStatus('intercom-data', 'ROLLBACK_COMPLETE');
    const config = join(await temporaryDirectory(), 'config');
    await writeFile(config, '[profile work]\naws_access_key_id = a\naws_secret_access_key = b\n');
    expectOneMessage(
      await status({ ...ENDPOINTS, AWS_CONFIG_FILE: config }, '--profile', 'work', '--region', 'eu-west-1'),
      /--stack-name intercom-data --region eu-west-1 --profile work', then deploy the rest with 'AWS_REGION=eu-west-1 npx cdk deploy intercom --profile work'/,
    );
  });

  it('an older version', async () => {
    setStatus('intercom', 'UPDATE_COMPLETE');
    expectOneMessage(
      await status(ENVIRONMENT),
      /Stack intercom has no output CallbackUrl: an older version of this software deployed it\. Deploy again/,
    );
  });
});

describe('network', () => {
  it('does not answer', async () => {
    const environment = { ...ENVIRONMENT, AWS_ENDPOINT_URL_CLOUDFORMATION: 'http://127.0.0.1:1' };
    expectOneMessage(
      await status(environment),
      /AWS cannot be reached \(.*127\.0\.0\.1:1\): check the network/,
    );
  });

  it('has no such name', async () => {
    const environment = { ...ENVIRONMENT, AWS_ENDPOINT_URL_CLOUDFORMATION: 'http://nowhere.invalid' };
    expectOneMessage(await status(environment), /cannot be reached .*that region 'eu-west-1' exists/);
  });

  it('AWS is busy', async () => {
    cloudFormation.refusal = { status: 503, code: 'ServiceUnavailable', message: 'Later.' };
    expectOneMessage(await status(ENVIRONMENT), /AWS is busy \(cloudformation:DescribeStacks/);
  });

  it('Ctrl-C ends a request that hangs, quietly', async () => {
    const hanging = createServer(() => undefined);
    await new Promise<void>((ready) => hanging.listen(0, '127.0.0.1', ready));
    onTestFinished(() => {
      hanging.closeAllConnections();
      hanging.close();
    });
    const url = `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`;
    const ended = pipelineCommand(['status'], {
      environment: { ...ENVIRONMENT, AWS_ENDPOINT_URL_CLOUDFORMATION: url },
      onStart: (child) => void hanging.once('request', () => child.kill('SIGINT')),
    });
    expect(await ended).toEqual({ status: 130, stdout: '', stderr: '' });
    // The request alone would take 90 s to give up.
  }, 45_000);
});

describe('which pipeline', () => {
  async function fileOf(content: unknown): Promise<string> {
    const file = join(await temporaryDirectory(), 'pipelines.json');
    await writeFile(file, JSON.stringify(content));
    return file;
  }

  it('has to be named if there are several', async () => {
    const file = await fileOf([{ name: 'eu' }, { name: 'us' }]);
    expectOneMessage(
      await status(ENVIRONMENT, '--config', file),
      /several pipelines: eu, us\. Choose one with --pipeline NAME/,
    );
  });

  it('finds the named one, and deploys it from its file', async () => {
    const file = await fileOf([{ name: 'eu' }, { name: 'us' }]);
    expectOneMessage(
      await status(ENVIRONMENT, '--config', file, '--pipeline', 'us'),
      new RegExp(`Pipeline 'us' is not deployed.*us-data.*'npx cdk deploy us -c config=${file}'`),
    );
  });

  it('must be in the file', async () => {
    expectOneMessage(
      await status(ENVIRONMENT, '--pipeline', 'shop'),
      /no pipeline 'shop'; there are: intercom/,
    );
  });

  it('must have a file that exists', async () => {
    expectOneMessage(await status(ENVIRONMENT, '--config', 'nowhere.ts'), /nowhere\.ts cannot be read/);
  });
});
