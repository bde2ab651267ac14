/**
 * The deployment as one machine needs it. The app is synthesized in this process, and its templates give the tables,
 * buckets, secrets, databases, functions and the definition of the workflow.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { App } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { z } from 'zod';
import type { ResolvedConfig } from '../../functions/config/config.ts';
import type { Deployment } from '../../functions/config/deployment.ts';
import { FUNCTION_ENTRIES, type FunctionEntry } from '../../functions/environment.ts';
import { addPipeline } from '../stacks/pipeline.ts';
import { identityOf, type Place, type Resource, resolver, type StackTemplate } from './intrinsics.ts';

/** A state machine in the Amazon States Language. Only the runner looks inside. */
export type Definition = Readonly<Record<string, unknown>>;

export interface LocalFunction {
  readonly logicalId: string;
  readonly arn: string;
  readonly entry: FunctionEntry;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMiB: number;
}

/** A secret with its first value, or with the number of random characters in it. */
export type LocalSecret = { readonly name: string } & (
  | { readonly initialValue: string }
  | { readonly randomCharacters: number }
);

export interface LocalResources {
  readonly buckets: readonly string[];
  readonly tables: readonly CreateTableCommandInput[];
  readonly secrets: readonly LocalSecret[];
  /** Databases of the Glue catalog. */
  readonly databases: readonly string[];
  readonly functions: readonly LocalFunction[];
  readonly stateMachine: { readonly arn: string; readonly definition: Definition };
}

/** The region and account of the embedded AWS. */
export const LOCAL_PLACE: Place = { region: 'us-east-1', accountId: '000000000000' };

const CDK_JSON = join(import.meta.dirname, '../../cdk.json');

const cdkJson = z.object({ context: z.record(z.string(), z.unknown()) });

/** Handlers run in threads of this machine. The template only names them. */
const NO_CODE = () => Code.fromInline('// runs in threads of the local assembly');

/**
 * The templates of one pipeline as `cdk synth` makes them, with the same flags and stacks but without bundles.
 * `cdk synth` and the tests check CloudFormation's rules. Here that would add 3 seconds to every start.
 */
export function synthesize(config: ResolvedConfig, deployment?: Deployment): readonly StackTemplate[] {
  const outdir = mkdtempSync(join(tmpdir(), 'pipeline-synth-'));
  try {
    const app = new App({
      outdir,
      context: cdkJson.parse(JSON.parse(readFileSync(CDK_JSON, 'utf8'))).context,
      analyticsReporting: false,
      builtinCloudFormationValidation: false,
      treeMetadata: false,
      stackTraces: false,
    });
    addPipeline(app, config, NO_CODE, deployment);
    return app.synth().stacks.map((stack) => stack.template as StackTemplate);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

const strings = z.record(z.string(), z.string());

const table = z.object({
  KeySchema: z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) })),
  AttributeDefinitions: z.array(
    z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) }),
  ),
  BillingMode: z.literal('PAY_PER_REQUEST'),
});

const secret = z.union([
  z.object({ SecretString: z.string() }).transform(({ SecretString }) => ({ initialValue: SecretString })),
  z
    .object({
      GenerateSecretString: z.strictObject({ PasswordLength: z.int(), ExcludePunctuation: z.literal(true) }),
    })
    .transform(({ GenerateSecretString }) => ({ randomCharacters: GenerateSecretString.PasswordLength })),
]);

const lambda = z.object({
  Handler: z
    .string()
    .transform((handler) => handler.replace(/\.handler$/, ''))
    .pipe(z.enum(FUNCTION_ENTRIES)),
  Environment: z.object({ Variables: strings }),
  Timeout: z.number(),
  MemorySize: z.number(),
});

const database = z.object({ DatabaseInput: z.object({ Name: z.string() }) });

const stateMachine = z.object({ DefinitionString: z.string() });

interface Located {
  readonly logicalId: string;
  readonly resource: Resource;
  readonly resolve: (value: unknown) => unknown;
}

/** Takes the resources that one machine needs from the templates, with every reference resolved. */
export function localResources(
  templates: readonly StackTemplate[],
  place: Place = LOCAL_PLACE,
): LocalResources {
  const located = templates.flatMap((template): Located[] => {
    const resolve = resolver(template, templates, place);
    return Object.entries(template.Resources).map(([logicalId, resource]) => ({
      logicalId,
      resource,
      resolve,
    }));
  });
  const ofType = (type: string): readonly Located[] =>
    located.filter(({ resource }) => resource.Type === type);
  const each = <T>(type: string, make: (identity: Identity, found: Located) => T): readonly T[] =>
    ofType(type).map((found) => make(identityOf(found.logicalId, found.resource, place), found));
  const [machine, ...others] = each('AWS::StepFunctions::StateMachine', ({ arn }, found) => {
    const { DefinitionString } = read(stateMachine, found, 'DefinitionString');
    return { arn, definition: JSON.parse(DefinitionString) as Definition };
  });
  if (machine === undefined || others.length > 0)
    throw new Error('A pipeline has exactly one state machine.');
  const functions = each('AWS::Lambda::Function', ({ arn }, found) => localFunction(arn, found));
  // The other buckets, for access logs and results of Athena, have no use here.
  const named = new Set(functions.flatMap(({ environment }) => Object.values(environment)));
  return {
    buckets: each('AWS::S3::Bucket', ({ name }) => name).filter((name) => named.has(name)),
    tables: each('AWS::DynamoDB::GlobalTable', ({ name }, found) => ({
      TableName: name,
      ...read(table, found, 'KeySchema', 'AttributeDefinitions', 'BillingMode'),
    })),
    secrets: each('AWS::SecretsManager::Secret', ({ name }, found) => ({
      name,
      ...read(secret, found, 'SecretString', 'GenerateSecretString'),
    })),
    databases: ofType('AWS::Glue::Database').map(
      (found) => read(database, found, 'DatabaseInput').DatabaseInput.Name,
    ),
    functions,
    stateMachine: machine,
  };
}

type Identity = ReturnType<typeof identityOf>;

function localFunction(arn: string, found: Located): LocalFunction {
  const properties = read(lambda, found, 'Handler', 'Environment', 'Timeout', 'MemorySize');
  return {
    logicalId: found.logicalId,
    arn,
    entry: properties.Handler,
    environment: properties.Environment.Variables,
    timeoutSeconds: properties.Timeout,
    memoryMiB: properties.MemorySize,
  };
}

/** Resolves only these properties. Others may refer to what does not exist here, such as roles. */
function read<T>(schema: z.ZodType<T>, { logicalId, resource, resolve }: Located, ...names: string[]): T {
  const properties = Object.fromEntries(names.map((name) => [name, resolve(resource.Properties?.[name])]));
  const result = schema.safeParse(properties);
  if (result.success) return result.data;
  throw new Error(`${logicalId} in the template is not as expected: ${z.prettifyError(result.error)}`);
}
