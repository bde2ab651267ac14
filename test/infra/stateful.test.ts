/**
 * What an update of a deployed pipeline must never replace. The list in stateful-resources.json is what users have
 * deployed: a changed entry is a migration for every user, and not a matter of style.
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
  /** The properties whose change leads to a new resource or a new content. */
  readonly Properties: Readonly<Record<string, unknown>>;
}

/**
 * Properties that CloudFormation documents with "Update requires: Replacement" for these types, and those of a
 * secret that make CloudFormation write the value again.
 */
const DECISIVE: Readonly<Record<string, readonly string[]>> = {
  'AWS::S3::Bucket': ['BucketName'],
  'AWS::DynamoDB::GlobalTable': ['TableName', 'KeySchema', 'AttributeDefinitions', 'LocalSecondaryIndexes'],
  'AWS::SecretsManager::Secret': ['Name', 'SecretString', 'GenerateSecretString'],
  'AWS::Glue::Database': ['CatalogId', 'DatabaseName'],
  'AWS::KMS::Key': ['KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'],
};

type Resource = StackTemplate['Resources'][string] & Partial<Omit<Stateful, 'Properties'>>;

/** Retained resources, and resources of types that hold something, by stack and logical id. */
function statefulOf(templates: Readonly<Record<string, StackTemplate>>): Readonly<Record<string, Stateful>> {
  const found = Object.entries(templates).flatMap(([stack, { Resources }]) =>
    Object.entries(Resources as Readonly<Record<string, Resource>>).flatMap(([logicalId, resource]) => {
      const { Type, DeletionPolicy = 'Delete', UpdateReplacePolicy = 'Delete', Properties = {} } = resource;
      const decisive = DECISIVE[Type];
      // Kept with its bucket, it holds nothing itself (storage.test.ts).
      if (Type === 'AWS::S3::BucketPolicy') return [];
      if (!DeletionPolicy.startsWith('Retain') && decisive === undefined) return [];
      const chosen = Object.entries(Properties).filter(([name]) => decisive?.includes(name) ?? true);
      const entry = { Type, DeletionPolicy, UpdateReplacePolicy, Properties: Object.fromEntries(chosen) };
      return [[`${stack}/${logicalId}`, entry] as const];
    }),
  );
  return Object.fromEntries(found);
}

const FILE = 'test/infra/stateful-resources.json';
const { resources: committed, exports: committedExports } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'stateful-resources.json'), 'utf8'),
) as {
  readonly resources: Readonly<Record<string, Stateful>>;
  /** Names under which the stack with the data exports its values. */
  readonly exports: readonly string[];
};
const synthesized = Object.entries(CONFIGURATIONS).map(
  ([name, config]) => [name, statefulOf(synthesis(config).templates)] as const,
);
const everything = Object.assign({}, ...synthesized.map(([, resources]) => resources));

test.each(Object.entries(committed))('%s is what it was', (id, entry) => {
  const gone = `${id} (${entry.Type}) is gone or has another logical id. A deployed pipeline would leave the old one behind with everything in it and start over with an empty one. Bring it back.`;
  expect(everything, gone).toHaveProperty([id]);
  const changed = `${id} (${entry.Type}) changed so that CloudFormation would replace it, write its value again, or delete it. Undo that. If it is harmless for deployed pipelines, change ${FILE} and say why in the commit.`;
  expect(everything[id], changed).toEqual(entry);
});

test.each(synthesized)('a pipeline %s holds nothing that is not listed', (_name, resources) => {
  const fresh = Object.fromEntries(Object.entries(resources).filter(([id]) => !(id in committed)));
  const advice = `Once deployed these must never be replaced: add them to ${FILE}:\n${JSON.stringify(fresh, null, 2)}`;
  expect(Object.keys(fresh), advice).toEqual([]);
});

test('all of it stays when the stack goes or a resource is replaced', () => {
  for (const { Type, DeletionPolicy, UpdateReplacePolicy } of Object.values(committed)) {
    // The rollback of a failed first creation could not delete a protected table.
    const isProtected = Type === 'AWS::DynamoDB::GlobalTable';
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual([
      isProtected ? 'Retain' : 'RetainExceptOnCreate',
      'Retain',
    ]);
  }
});

const EXPORTED = Object.entries(CONFIGURATIONS).map(([name, config]) => {
  const outputs = Object.values(synthesis(config).templates.data.Outputs ?? {});
  return [
    name,
    outputs.flatMap(({ Export }) => (Export === undefined ? [] : [String(Export.Name)])),
  ] as const;
});

test.each(EXPORTED)('a pipeline %s exports what is listed, under the same names', (name, names) => {
  // What existed before needs no export.
  const isAbsent =
    name === 'with everything' ? /^$/ : name === 'by default' ? /FnGetAttKey/ : /FnGetAttKey|Lake/;
  const expected = committedExports.filter((one) => !isAbsent.test(one));
  const changed = `Deployed stacks import these names: a name that goes blocks their updates. The list is in ${FILE}.`;
  expect(names.toSorted(), changed).toEqual(expected.toSorted());
});

test('the other stack imports nothing that is not listed', () => {
  for (const config of Object.values(CONFIGURATIONS)) {
    const text = JSON.stringify(synthesis(config).templates.pipeline);
    const imports = [...text.matchAll(/"Fn::ImportValue":"([^"]+)"/g)].map(([, name]) => name);
    expect(committedExports).toEqual(expect.arrayContaining([...new Set(imports)]));
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
  expect(Object.fromEntries(isProtected)).toMatchObject({ [stacks.data.stackName]: true });
});
