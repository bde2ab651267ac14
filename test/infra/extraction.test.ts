import { readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type PipelineConfig, parseConfig, parseDeployment } from '../../functions/config/config.ts';
import { DEFAULT_OBJECTS } from '../../functions/core/names.ts';
import { type FunctionEntry, PLACES_OF, readEnvironment } from '../../functions/environment.ts';
import { codeVersion } from '../../lib/constructs/code-version.ts';
import { bundledCode } from '../../lib/constructs/function-code.ts';
import { addPipeline } from '../../lib/stacks/pipeline.ts';
import type { StackTemplate } from '../../lib/template/intrinsics.ts';
import { synthesis } from '../support/infra/synthesis.ts';

interface FunctionProperties {
  readonly Code: { readonly S3Key: string };
  readonly Handler: string;
  readonly Runtime: string;
  readonly Architectures: readonly string[];
  readonly Timeout: number;
  readonly MemorySize: number;
  readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> };
  readonly LoggingConfig: Readonly<Record<string, unknown>>;
}

const config = parseConfig({ name: 'shop', parallelism: { objects: 3, slices: 5 } });
const { context } = JSON.parse(readFileSync(join(import.meta.dirname, '../../cdk.json'), 'utf8'));
let outdir: string;
let template: StackTemplate;
let functions: readonly FunctionProperties[];

const functionsOf = ({ Resources }: StackTemplate): readonly FunctionProperties[] =>
  Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties }) => Properties as unknown as FunctionProperties);

const entryOf = ({ Handler }: FunctionProperties): FunctionEntry =>
  Handler.replace('.handler', '') as FunctionEntry;

/** The whole app as `cdk synth` makes it, including CloudFormation's rules: a violation throws. */
beforeAll(async () => {
  outdir = await mkdtemp(join(tmpdir(), 'synth-test-'));
  const app = new App({ outdir, context });
  const { pipeline } = addPipeline(app, config, bundledCode(config));
  app.synth();
  // This also refuses a template whose resources depend on each other in a circle.
  template = Template.fromStack(pipeline).toJSON() as StackTemplate;
  functions = functionsOf(template);
});
afterAll(() => rm(outdir, { recursive: true, force: true }));

const assets = () => readdirSync(outdir).filter((name) => name.startsWith('asset.'));

test('the extractor that remembers the ids of a whole object has more memory than one that does not', () => {
  const { templates } = synthesis({ objects: ['segments', 'segment_contact'] });
  const memoryOf = (object: string) =>
    functionsOf(templates.pipeline).find(({ Environment }) => Environment.Variables.OBJECT_NAME === object)
      ?.MemorySize;
  expect(memoryOf('segment_contact')).toBeGreaterThan(memoryOf('segments') ?? Number.POSITIVE_INFINITY);
});

describe('the functions', () => {
  test('are one extractor per object, three of the workflow, and the callback', () => {
    const handlers = functions.map(({ Handler }) => Handler).toSorted();
    const extractors = DEFAULT_OBJECTS.map(() => 'extractor.handler');
    expect(handlers).toEqual([
      ...extractors,
      'finish-run.handler',
      'oauth-callback.handler',
      'record-failure.handler',
      'start-run.handler',
    ]);
  });

  test('run on Node.js 24 and arm64, log JSON to a group of their own', () => {
    for (const each of functions) {
      expect(each).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
      expect(each.LoggingConfig).toMatchObject({ LogFormat: 'JSON', LogGroup: { Ref: expect.any(String) } });
      expect(each.Timeout).toBeLessThanOrEqual(900);
    }
    const groups = new Set(functions.map(({ LoggingConfig }) => JSON.stringify(LoggingConfig.LogGroup)));
    expect(groups.size).toBe(functions.length);
    const logGroups = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::Logs::LogGroup');
    for (const { Properties } of logGroups) expect(Properties).toHaveProperty('RetentionInDays', 90);
  });

  test('know where to find what their entry uses, and nothing else', () => {
    for (const each of functions) {
      const names = Object.keys(each.Environment.Variables);
      const object = entryOf(each) === 'extractor' ? ['OBJECT_NAME'] : [];
      const detail = entryOf(each) === 'oauth-callback' ? [] : ['METRICS_DETAIL'];
      expect(names.toSorted()).toEqual(
        [...PLACES_OF[entryOf(each)], ...object, ...detail, 'POWERTOOLS_SERVICE_NAME'].toSorted(),
      );
      expect(readEnvironment(environmentOf(each), entryOf(each))).toMatchObject({
        configPath: './pipeline.json',
        service: 'shop',
      });
    }
    const objects = functions.flatMap(({ Environment }) => Environment.Variables.OBJECT_NAME ?? []);
    expect(objects).toEqual(DEFAULT_OBJECTS);
    const databases = functions.flatMap(({ Environment }) => Environment.Variables.GLUE_DATABASE ?? []);
    const database = {
      'Fn::ImportValue': expect.stringMatching(/^shop-data:ExportsOutputRefCatalogDatabase/),
    };
    expect(databases).toEqual(DEFAULT_OBJECTS.map(() => database));
  });
});

describe('the account', () => {
  const functionsWith = (written: PipelineConfig): readonly Readonly<Record<string, unknown>>[] =>
    functionsOf(synthesis(written).templates.pipeline) as unknown as readonly Readonly<
      Record<string, unknown>
    >[];

  test('keeps nothing free for the pipeline by default', () => {
    for (const each of functionsWith({})) expect(each).not.toHaveProperty('ReservedConcurrentExecutions');
  });

  test('keeps invocations free for every object if asked to', () => {
    const reserved = functionsWith({ reservedConcurrency: 5 }).map(
      ({ Handler, ReservedConcurrentExecutions: count }) => `${Handler} ${count}`,
    );
    expect(reserved.filter((text) => text === 'extractor.handler 5')).toHaveLength(DEFAULT_OBJECTS.length);
    expect(reserved.filter((text) => text.endsWith(' undefined'))).toHaveLength(4);
  });

  test('is never asked to keep less free than the slices of an object need', () => {
    expect(() => parseConfig({ reservedConcurrency: 3 })).toThrow(
      'reservedConcurrency: must be at least parallelism.slices (4), or the pipeline would throttle itself',
    );
  });
});

describe('the bundles', () => {
  test('are one per entry, shared by the extractors', () => {
    const keys = (handler: string) => functions.filter((each) => each.Handler === handler).map(keyOf);
    expect(new Set(keys('extractor.handler')).size).toBe(1);
    expect(new Set(functions.map(keyOf)).size).toBe(5);
    expect(assets()).toHaveLength(5);
  });

  test('FinishRun, and no other, learns that the pipeline is paused', () => {
    const pausedOf = (paused: boolean) => {
      const { pipeline } = addPipeline(
        new App({ context }),
        config,
        () => Code.fromInline('//'),
        parseDeployment({ paused }),
      );
      return functionsOf(Template.fromStack(pipeline).toJSON() as StackTemplate).flatMap((each) =>
        environmentOf(each).PAUSED === 'true' ? [entryOf(each)] : [],
      );
    };
    expect(pausedOf(false)).toEqual([]);
    expect(pausedOf(true)).toEqual(['finish-run']);
  });

  test('load as ES modules with the environment of the template, and are under 1.2 MB', async () => {
    const entries = new Map(functions.map((each) => [keyOf(each), each]));
    expect(entries.size).toBe(assets().length);
    for (const asset of assets()) {
      const folder = join(outdir, asset);
      const files = readdirSync(folder);
      const modules = files.filter((name) => name.endsWith('.mjs'));
      expect(files.toSorted()).toEqual([...modules, 'pipeline.json'].toSorted());
      const sizes = modules.map((name) => statSync(join(folder, name)).size);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_200_000);
      expect(JSON.parse(readFileSync(join(folder, 'pipeline.json'), 'utf8'))).toEqual({
        ...config,
        codeVersion: codeVersion(),
      });
      const owner = [...entries.values()].find((each) => modules.includes(`${entryOf(each)}.mjs`));
      if (owner === undefined) throw new Error(`no function runs ${asset}`);
      const bundle = `${entryOf(owner)}.mjs`;
      vi.stubEnv('AWS_REGION', 'us-east-1');
      vi.stubEnv('CONFIG_PATH', join(folder, 'pipeline.json'));
      for (const [name, value] of Object.entries(environmentOf(owner))) vi.stubEnv(name, value);
      expect(await import(join(folder, bundle))).toHaveProperty('handler', expect.any(Function));
      vi.unstubAllEnvs();
    }
  });
});

/** The environment of the template, with a text in place of every reference. */
const environmentOf = ({ Environment }: FunctionProperties): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(Environment.Variables).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : 'resolved',
    ]),
  );

const keyOf = ({ Code }: FunctionProperties): string => Code.S3Key;

test('only the configured objects have a function', () => {
  const app = new App({ outdir: join(outdir, 'few'), context, builtinCloudFormationValidation: false });
  const few = parseConfig({ objects: ['tags', 'contacts', 'contact_tag'] });
  const { pipeline } = addPipeline(app, few, bundledCode(few));
  const resources = Object.values((Template.fromStack(pipeline).toJSON() as StackTemplate).Resources);
  const objects = resources
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .flatMap(
      (each) => (each.Properties as unknown as FunctionProperties).Environment.Variables.OBJECT_NAME ?? [],
    );
  expect(objects).toEqual(['contacts', 'tags']);
});
