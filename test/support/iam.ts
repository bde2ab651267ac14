/**
 * IAM's decision on a request, for the part of its policy language that the stacks use. Written from "Policy
 * evaluation logic" and "IAM JSON policy elements: Condition operators" of the IAM User Guide.
 */
import { type Place, resolver, type StackTemplate } from '../../lib/template/intrinsics.ts';
import { rolePolicies } from './infra/role-policies.ts';

type OneOrMore = string | readonly string[];

export interface Statement {
  readonly Effect: string;
  readonly Action: OneOrMore;
  readonly Resource: OneOrMore;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;
}

/** One question to IAM. */
export interface AccessRequest {
  readonly action: string;
  /** ARN. */
  readonly resource: string;
  /** Values of condition keys; a key that the request does not have is missing. */
  readonly context: Readonly<Record<string, readonly string[]>>;
}

const list = (value: OneOrMore): readonly string[] => (typeof value === 'string' ? [value] : value);

/** `*` stands for any characters, `?` for one. */
function isLike(pattern: string, value: string): boolean {
  if (pattern.includes('${')) throw new Error(`Policy variables are not known here: ${pattern}`);
  const source = pattern
    .replaceAll(/[.+^$()|[\]{}\\]/g, String.raw`\$&`)
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's').test(value);
}

const COMPARE: Readonly<Record<string, (pattern: string, value: string) => boolean>> = {
  StringEquals: (pattern, value) => pattern === value,
  StringLike: isLike,
};

function isMet(
  operator: string,
  patterns: readonly string[],
  values: readonly string[] | undefined,
): boolean {
  const [, set, name = '', ifExists] = /^(ForAllValues:)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  if (operator === 'Null')
    return patterns.every((isMissing) => (isMissing === 'true') === (values === undefined));
  const compare = COMPARE[name];
  if (compare === undefined) throw new Error(`The condition operator ${operator} is not known here.`);
  if (values === undefined) return set !== undefined || ifExists !== undefined;
  if (set === undefined && values.length > 1) throw new Error(`${operator} compares several values.`);
  return values.every((value) => patterns.some((pattern) => compare(pattern, value)));
}

function isAbout({ Action, Resource, Condition = {} }: Statement, asked: AccessRequest): boolean {
  return (
    list(Action).some((action) => isLike(action.toLowerCase(), asked.action.toLowerCase())) &&
    list(Resource).some((resource) => isLike(resource, asked.resource)) &&
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, patterns]) => isMet(operator, list(patterns), asked.context[key])),
    )
  );
}

/** If no statement denies, one that allows is enough. */
export function isAllowed(statements: readonly Statement[], asked: AccessRequest): boolean {
  const effects = statements.filter((statement) => isAbout(statement, asked)).map(({ Effect }) => Effect);
  return effects.includes('Allow') && !effects.includes('Deny');
}

/** What Lambda does for a function. */
const NOT_CALLED = /^(logs|xray):/;

/** The only key there can be. Its ARN does not matter, because nobody calls it. */
export const OWN_KEY = 'the key of the pipeline';

const aboutKey = (statement: Statement): Statement =>
  list(statement.Action).every((action) => action.startsWith('kms:'))
    ? { ...statement, Resource: OWN_KEY }
    : statement;

interface RoleReference {
  readonly 'Fn::GetAtt': readonly [string, 'Arn'];
}

/**
 * What the role of a function allows, with references resolved.
 * @throws Error if the template has no such function
 */
export function rightsOfFunction(
  templates: readonly StackTemplate[],
  logicalId: string,
  place: Place,
): readonly Statement[] {
  const template = templates.find(({ Resources }) => Resources[logicalId]?.Type === 'AWS::Lambda::Function');
  const role = template?.Resources[logicalId]?.Properties?.Role as RoleReference | undefined;
  if (template === undefined || role === undefined) throw new Error(`There is no function ${logicalId}.`);
  const resolve = resolver(template, templates, place);
  const [roleId] = role['Fn::GetAtt'];
  return rolePolicies<Statement>(template)
    .filter((policy) => policy.role === roleId)
    .flatMap(({ document }) => document.Statement)
    .filter(({ Action }) => !list(Action).every((action) => NOT_CALLED.test(action)))
    .map((statement) => resolve(aboutKey(statement)) as Statement);
}

interface BucketPolicy {
  readonly PolicyDocument: { readonly Statement: readonly (Statement & { readonly Sid?: string })[] };
}

/** What the policies of the buckets deny to everyone, except connections without TLS, of which there are none here. */
export const denialsOfBuckets = (templates: readonly StackTemplate[], place: Place): readonly Statement[] =>
  templates.flatMap((template) => {
    const resolve = resolver(template, templates, place);
    return Object.values(template.Resources).flatMap(({ Type, Properties }) => {
      if (Type !== 'AWS::S3::BucketPolicy') return [];
      const { PolicyDocument } = Properties as unknown as BucketPolicy;
      const named = PolicyDocument.Statement.filter(({ Sid }) => Sid !== undefined);
      return named.map(({ Effect, Action, Resource, Condition }) =>
        resolve({ Effect, Action, Resource, Condition }),
      ) as Statement[];
    });
  });

/** Each action on each resource that the statements allow. */
export const rightsIn = (statements: readonly Statement[]): readonly Omit<AccessRequest, 'context'>[] =>
  statements
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action, Resource }) =>
      list(Action).flatMap((action) => list(Resource).map((resource) => ({ action, resource }))),
    );

/** Whether a right was needed for a request. */
export const isUseOf = (right: Omit<AccessRequest, 'context'>, asked: AccessRequest): boolean =>
  right.action === asked.action && isLike(right.resource, asked.resource);
