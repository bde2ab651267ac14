/** docs/configuration.md names every key, examples are valid, README's table of objects is that of the declarations. */
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { checkConfig, PARENT_OF, type PipelineConfig } from '../../../functions/config/config.ts';
import {
  CHILDREN_ON_REQUEST,
  DEFAULT_OBJECTS,
  isOptional,
  OBJECT_NAMES,
} from '../../../functions/core/names.ts';
import { OBJECTS, TABLES } from '../../../functions/objects/index.ts';
import { proseOf, textOf } from '../../support/documents.ts';

type Keys<Of> = Readonly<Record<keyof Of, true>>;
type Nested<Key extends keyof PipelineConfig> = Keys<NonNullable<PipelineConfig[Key]>>;

/** The compiler keeps these complete. */
const KEYS: Keys<PipelineConfig> = {
  name: true,
  region: true,
  baseUrl: true,
  objects: true,
  startFrom: true,
  overlapMinutes: true,
  concurrency: true,
  parallelism: true,
  compression: true,
  history: true,
  tables: true,
  fields: true,
  sensitiveFields: true,
  schemaChanges: true,
  safetyReread: true,
  frequency: true,
  objectFrequency: true,
  paused: true,
  alerts: true,
  monitoring: true,
  encryption: true,
  dashboard: true,
  catalog: true,
  reservedConcurrency: true,
  aws: true,
  logRetentionDays: true,
};
const PARALLELISM: Nested<'parallelism'> = { objects: true, slices: true };
const REREAD: Keys<Exclude<NonNullable<PipelineConfig['safetyReread']>, string>> = { days: true };
const HISTORY: Nested<'history'> = { fullRefreshRuns: true, incrementalVersions: true };
const CHILDREN: Nested<'tables'> = { exclude: true };
const CATALOG: Nested<'catalog'> = { database: true, workgroup: true, scanLimitGiB: true };
const AWS: Nested<'aws'> = {
  bucket: true,
  prefix: true,
  table: true,
  secrets: true,
  permissionsBoundary: true,
  tags: true,
  vpc: true,
  callbackDomain: true,
  reader: true,
};
const ALERTS: Nested<'alerts'> = { email: true, missedIntervals: true };

const TEXT = proseOf(textOf('docs/configuration.md'));

/** First cell and the rest of each row of a table. */
const rowsIn = (markdown: string) =>
  [...markdown.matchAll(/^\| ([^|]+) \| (.+) \|$/gm)].map(([, first = '', rest = '']) => ({
    first: first.trim(),
    rest,
  }));

test('each key has a row', () => {
  const documented = rowsIn(TEXT).map(({ first }) => first);
  expect(Object.keys(KEYS).filter((key) => !documented.includes(`\`${key}\``))).toEqual([]);
});

test('each key within a key is in the row of that key', () => {
  const nested = {
    parallelism: PARALLELISM,
    safetyReread: REREAD,
    history: HISTORY,
    tables: CHILDREN,
    alerts: ALERTS,
    catalog: CATALOG,
    aws: AWS,
  };
  const missing = Object.entries(nested).flatMap(([key, keys]) => {
    const row = rowsIn(TEXT).find(({ first }) => first === `\`${key}\``)?.rest ?? '';
    return Object.keys(keys).filter((one) => !row.includes(`\`${one}\``));
  });
  expect(missing).toEqual([]);
});

test('docs/output.md lists what is optional, with its permission', () => {
  const optional = Object.values(OBJECTS).filter(({ name }) => isOptional(name));
  const shown = rowsIn(textOf('docs/output.md')).map(({ first, rest }) => [
    first,
    rest.split('|')[0]?.trim(),
  ]);
  for (const { name, permission } of optional) expect(shown).toContainEqual([`\`${name}\``, permission]);
});

test('docs/output.md lists what is synced on request, with its permission', () => {
  const further = OBJECT_NAMES.filter((name) => !(DEFAULT_OBJECTS as readonly string[]).includes(name));
  const expected = [
    ...further.map((name) => [`\`${name}\``, OBJECTS[name].permission]),
    ...CHILDREN_ON_REQUEST.map((child) => [`\`${child}\``, OBJECTS[PARENT_OF[child]].permission]),
  ];
  expect(expected).toHaveLength(4);
  const shown = rowsIn(textOf('docs/output.md')).map(({ first, rest }) => [
    first,
    rest.split('|')[0]?.trim(),
  ]);
  for (const one of expected) expect(shown).toContainEqual(one);
});

test("README's table has each object's mode, child tables and permission, except for what is optional or on request", () => {
  const shown = rowsIn(textOf('README.md')).flatMap(({ first, rest }) => {
    const cells = rest.split('|').map((cell) => cell.trim());
    return first.split(', ').map((object) => [object, cells] as const);
  });
  const always = DEFAULT_OBJECTS.filter((name) => !isOptional(name)).map((name) => OBJECTS[name]);
  const declared = always.map(({ name, sync, children, permission }) => [
    name,
    [
      sync.kind.replace('_', ' '),
      children
        .filter(({ table }) => !CHILDREN_ON_REQUEST.includes(table))
        .map(({ table }) => `\`${table}\``)
        .join(', '),
      permission ?? 'none of its own',
    ],
  ]);
  const names = new Set<string>(Object.keys(OBJECTS));
  const byName = Object.fromEntries(shown.filter(([object]) => names.has(object)));
  expect(byName).toEqual(Object.fromEntries(declared));
});

/** The value that a block of TypeScript exports by default; the blocks are plain JavaScript but for that. */
function exportedBy(block: string): unknown {
  const code = block.replace(/^import .*$/gm, '').replace('export default', 'result =');
  const sandbox = { result: undefined, definePipeline: (config: unknown) => config };
  runInNewContext(code, sandbox);
  // As of a file: its objects are none of the other context's.
  return JSON.parse(JSON.stringify(sandbox.result));
}

describe.each(['README.md', 'docs/configuration.md', 'docs/privacy.md'])(
  'the configurations in %s',
  (path) => {
    const blocks = [...textOf(path).matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);

    test('are valid', () => {
      expect(blocks.length).toBeGreaterThan(0);
      const rules = { tables: TABLES, cronProblem: () => null };
      for (const config of blocks.flatMap((block) => exportedBy(block))) {
        expect(checkConfig(config, rules, '')).toHaveProperty('pipeline');
      }
    });
  },
);
