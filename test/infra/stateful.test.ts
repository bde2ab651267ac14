/**
 * What an update of a deployed pipeline must never replace. The list in stateful-resources.json is what is deployed out
 * there: an entry that changes is a migration for every user, and no matter of style.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { StackTemplate } from '../../lib/template/intrinsics.ts';
import { CONFIGURATIONS, synthesis } from '../support/infra/synthesis.ts';

interface Stateful {
  readonly Type: string;
  readonly DeletionPolicy: string;
  readonly UpdateReplacePolicy: string;
  /** Those whose change makes a new resource, or a new content of it. */
  readonly Properties: Readonly<Record<string, unknown>>;
}

/**
 * Properties that CloudFormation documents with "Update requires: Replacement" for these types, and those of a
 * secret that make it write the value anew.
 */
const DECISIVE: Readonly<Record<string, readonly string[]>> = {
  'AWS::S3::Bucket': ['BucketName'],
  'AWS::DynamoDB::GlobalTable': ['TableName', 'KeySchema', 'AttributeDefinitions', 'LocalSecondaryIndexes'],
  'AWS::SecretsManager::Secret': ['Name', 'SecretString', 'GenerateSecretString'],
  'AWS::Glue::Database': ['CatalogId', 'DatabaseName'],
  'AWS::KMS::Key': ['KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'],
};

type Resource = StackTemplate['Resources'][string] & Partial<Omit<Stateful, 'Properties'>>;

/** Retained resources and those of the types that hold something, by stack and logical id. */
function statefulOf(templates: Readonly<Record<string, StackTemplate>>): Readonly<Record<string, Stateful>> {
  const found = Object.entries(templates).flatMap(([stack, { Resources }]) =>
    Object.entries(Resources as Readonly<Record<string, Resource>>).flatMap(([logicalId, resource]) => {
      const { Type, DeletionPolicy = 'Delete', UpdateReplacePolicy = 'Delete', Properties = {} } = resource;
      const decisive = DECISIVE[Type];
      // A key that goes with its stack is of what holds nothing: the topic of the alarms.
      const isKept = DeletionPolicy.startsWith('Retain');
      if (!isKept && (decisive === undefined || Type === 'AWS::KMS::Key')) return [];
      const chosen = Object.entries(Properties).filter(([name]) => decisive?.includes(name) ?? true);
      const entry = { Type, DeletionPolicy, UpdateReplacePolicy, Properties: Object.fromEntries(chosen) };
      return [[`${stack}/${logicalId}`, entry] as const];
    }),
  );
  return Object.fromEntries(found);
}

const FILE = 'test/infra/stateful-resources.json';
const committed: Readonly<Record<string, Stateful>> = JSON.parse(
  readFileSync(join(import.meta.dirname, 'stateful-resources.json'), 'utf8'),
);
const synthesized = Object.entries(CONFIGURATIONS).map(
  ([name, config]) => [name, statefulOf(synthesis(config).templates)] as const,
);
const everything = Object.assign({}, ...synthesized.map(([, resources]) => resources));

test.each(Object.entries(committed))('%s is what it was', (id, entry) => {
  const gone = `${id} (${entry.Type}) is gone or has another logical id. A deployed pipeline would leave the old one behind with all that is in it and begin anew with an empty one. Bring it back.`;
  expect(everything, gone).toHaveProperty([id]);
  const changed = `${id} (${entry.Type}) changed in what makes CloudFormation replace it, write its value anew, or delete it. Undo that; if it is harmless for pipelines that are deployed, change ${FILE} and say why in the commit.`;
  expect(everything[id], changed).toEqual(entry);
});

test.each(synthesized)('a pipeline %s holds nothing that is not listed', (_name, resources) => {
  const fresh = Object.fromEntries(Object.entries(resources).filter(([id]) => !(id in committed)));
  const advice = `Once deployed these must never be replaced: add them to ${FILE}:\n${JSON.stringify(fresh, null, 2)}`;
  expect(Object.keys(fresh), advice).toEqual([]);
});

test('all of it stays when the stack goes or a resource is replaced', () => {
  for (const { DeletionPolicy, UpdateReplacePolicy } of Object.values(committed)) {
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['RetainExceptOnCreate', 'Retain']);
  }
});

test('another encryption replaces nothing', () => {
  const [, byDefault = {}] = synthesized.find(([name]) => name === 'by default') ?? [];
  const ownKey = statefulOf(synthesis({ encryption: 'own-key' }).templates);
  expect(ownKey).toMatchObject(byDefault);
});

test('the stack with what is kept cannot be deleted by mistake', () => {
  const { stacks, assembly } = synthesis();
  const isProtected = assembly.stacks.map(({ stackName, terminationProtection }) => [
    stackName,
    terminationProtection === true,
  ]);
  expect(Object.fromEntries(isProtected)).toMatchObject({ [stacks.storage.stackName]: true });
});
