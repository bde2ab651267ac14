import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../functions/config/config.ts';
import { DEFAULT_OBJECTS } from '../../functions/core/names.ts';
import { PLACES_OF, type Places } from '../../functions/environment.ts';
import { resolver, type StackTemplate } from '../../lib/template/intrinsics.ts';
import { provision, type ResourceMaker } from '../../lib/template/provision.ts';
import { LOCAL_PLACE, localResources, synthesize } from '../../lib/template/template.ts';

const PLACE = { region: 'eu-west-1', accountId: '123456789012' };

/** `${name}`, as in Fn::Sub. */
const placeholder = (name: string) => `\${${name}}`;
const resource = (Type: string) => ({ Type });
const storage: StackTemplate = {
  Resources: { LakeBucket0A1B2C3D: resource('AWS::S3::Bucket') },
  Outputs: {
    Unexported: { Value: 'x' },
    Lake: {
      Value: { 'Fn::GetAtt': ['LakeBucket0A1B2C3D', 'Arn'] },
      Export: { Name: { 'Fn::Sub': `${placeholder('AWS::Region')}:Lake` } },
    },
  },
};
const template: StackTemplate = {
  Resources: {
    Table0A1B2C3D: resource('AWS::DynamoDB::GlobalTable'),
    Worker0A1B2C3D: resource('AWS::Lambda::Function'),
    Secret0A1B2C3D: resource('AWS::SecretsManager::Secret'),
    Machine0A1B2C3D: resource('AWS::StepFunctions::StateMachine'),
    Role0A1B2C3D: resource('AWS::IAM::Role'),
    Database0A1B2C3D: {
      Type: 'AWS::Glue::Database',
      Properties: { DatabaseInput: { Name: { 'Fn::Join': ['_', ['shop', { Ref: 'AWS::Region' }]] } } },
    },
    Nameless0A1B2C3D: resource('AWS::Glue::Database'),
  },
};
const resolve = resolver(template, [storage, template], PLACE);
const MACHINE = 'arn:aws:states:eu-west-1:123456789012:stateMachine:Machine';
const STACK = 'arn:aws:cloudformation:eu-west-1:123456789012:stack';
const WORKER = 'arn:aws:lambda:eu-west-1:123456789012:function:Worker';

describe('intrinsic functions', () => {
  test.each([
    [{ Ref: 'AWS::AccountId' }, '123456789012'],
    [{ Ref: 'AWS::Partition' }, 'aws'],
    [{ Ref: 'Table0A1B2C3D' }, 'Table'],
    [{ Ref: 'Secret0A1B2C3D' }, 'Secret'],
    [{ Ref: 'Machine0A1B2C3D' }, MACHINE],
    [{ 'Fn::GetAtt': ['Worker0A1B2C3D', 'Arn'] }, WORKER],
    [{ 'Fn::GetAtt': ['Machine0A1B2C3D', 'Name'] }, 'Machine'],
    [{ 'Fn::Join': ['-', ['a', { Ref: 'AWS::Region' }]] }, 'a-eu-west-1'],
    [{ 'Fn::Sub': `x/${placeholder('AWS::Region')}` }, 'x/eu-west-1'],
    [
      { 'Fn::Sub': `${placeholder('Worker0A1B2C3D.Arn')}/${placeholder('!Kept')}` },
      `${WORKER}/${placeholder('Kept')}`,
    ],
    [
      {
        'Fn::Sub': [`${placeholder('a')}-${placeholder('Table0A1B2C3D')}`, { a: { Ref: 'AWS::URLSuffix' } }],
      },
      'amazonaws.com-Table',
    ],
    [
      { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] },
      [STACK, 'local', '00000000-0000-0000-0000-000000000000'],
    ],
    [{ 'Fn::Select': [1, ['a', { Ref: 'AWS::Region' }]] }, 'eu-west-1'],
    [{ Ref: 'Database0A1B2C3D' }, 'shop_eu-west-1'],
    [{ 'Fn::ImportValue': 'eu-west-1:Lake' }, 'arn:aws:s3:::lakebucket'],
    [{ a: [{ b: { Ref: 'Table0A1B2C3D' } }, 1, null, true] }, { a: [{ b: 'Table' }, 1, null, true] }],
  ])('%j', (value, expected) => {
    expect(resolve(value)).toEqual(expected);
  });

  test.each([
    [{ Ref: 'Nowhere' }, /no resource Nowhere/],
    [{ Ref: 'Role0A1B2C3D' }, /reference to a AWS::IAM::Role cannot be resolved/],
    [{ 'Fn::GetAtt': ['Table0A1B2C3D', 'StreamArn'] }, /StreamArn: this attribute cannot be resolved/],
    [{ 'Fn::ImportValue': 'nothing' }, /No stack exports nothing/],
    [{ 'Fn::Base64': 'a' }, /Fn::Base64 cannot be resolved/],
    [{ Ref: 'Nameless0A1B2C3D' }, /A Glue database has no name/],
    [{ 'Fn::Join': '-' }, /instead of a list/],
  ])('%j is refused', (value, message) => {
    expect(() => resolve(value)).toThrow(message);
  });
});

describe('the resources of the synthesized pipeline', () => {
  const config = parseConfig({ name: 'shop' });
  const resources = localResources(synthesize(config));

  test('are a bucket, a table, a secret, and the functions by their entries', () => {
    expect(resources.buckets).toEqual(['lake']);
    expect(resources.tables).toEqual([
      {
        TableName: 'State',
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
      },
    ]);
    expect(resources.secrets).toEqual([
      { name: 'Connection', initialValue: '{}' },
      { name: 'OAuthClient', initialValue: '{"client_id":"","client_secret":""}' },
      { name: 'HashKey', randomCharacters: 64 },
    ]);
    const entries = resources.functions.map(({ entry }) => entry).filter((entry) => entry !== 'extractor');
    expect(entries.toSorted()).toEqual(['finish-run', 'oauth-callback', 'record-failure', 'start-run']);
    const objects = resources.functions.flatMap(({ environment }) => environment.OBJECT_NAME ?? []);
    expect(objects).toEqual(DEFAULT_OBJECTS);
  });

  test('have the names that the functions find in their environment', () => {
    const places: Places = {
      BUCKET_NAME: 'lake',
      TABLE_NAME: 'State',
      CONNECTION_SECRET_NAME: 'Connection',
      HASH_KEY_SECRET_NAME: 'HashKey',
      OAUTH_CLIENT_SECRET_NAME: 'OAuthClient',
      GLUE_DATABASE: 'shop_00000000',
    };
    for (const { entry, environment, arn, timeoutSeconds, memoryMiB } of resources.functions) {
      const own = PLACES_OF[entry].map((name) => [name, places[name]]);
      expect(environment).toMatchObject({ ...Object.fromEntries(own), POWERTOOLS_SERVICE_NAME: 'shop' });
      expect(arn).toMatch(/^arn:aws:lambda:us-east-1:000000000000:function:\w+$/);
      expect(timeoutSeconds).toBeGreaterThan(0);
      expect(memoryMiB).toBeGreaterThanOrEqual(512);
    }
  });

  test('include the definition, without any CloudFormation in it', () => {
    expect(resources.stateMachine.arn).toMatch(/^arn:aws:states:us-east-1:000000000000:stateMachine:\w+$/);
    const text = JSON.stringify(resources.stateMachine.definition);
    for (const intrinsic of ['"Ref"', 'Fn::', '$' + '{']) expect(text).not.toContain(intrinsic);
  });

  test('are refused if the runner could not rely on them', () => {
    const [first = { Resources: {} }] = synthesize(config);
    expect(() => localResources([first])).toThrow('exactly one state machine');
    const wrong = { Resources: { Fn: { Type: 'AWS::Lambda::Function', Properties: { Handler: 'x.y' } } } };
    const machine = {
      Machine: { Type: 'AWS::StepFunctions::StateMachine', Properties: { DefinitionString: '{}' } },
    };
    expect(() => localResources([{ Resources: { ...machine, ...wrong.Resources } }], LOCAL_PLACE)).toThrow(
      /Fn in the template is not as expected/,
    );
  });

  test('are provisioned as found', async () => {
    const made: unknown[] = [];
    const record =
      (what: string) =>
      async (...args: unknown[]): Promise<void> => {
        made.push([what, ...args]);
      };
    const maker: ResourceMaker = {
      createBucket: record('bucket'),
      createTable: record('table'),
      createSecret: record('secret'),
      createDatabase: record('database'),
    };
    await provision(maker, resources);
    expect(made).toEqual([
      ['bucket', 'lake'],
      ['table', resources.tables[0]],
      ['database', 'shop_00000000'],
      ['secret', 'Connection', '{}'],
      ['secret', 'OAuthClient', '{"client_id":"","client_secret":""}'],
      ['secret', 'HashKey', expect.stringMatching(/^[A-Za-z0-9]{64}$/)],
    ]);
  });
});
