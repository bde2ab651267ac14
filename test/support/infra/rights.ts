/** Reads the rights in a template, as lines that a person can check. */
import type { StackTemplate } from '../../../lib/template/intrinsics.ts';
import { rolePolicies } from './role-policies.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

const withoutHash = (logicalId: unknown): string => String(logicalId).replace(/[0-9A-F]{8}$/, '');

/** An ARN with references by name: `<Lake.Arn>/work/*`. */
function text(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const [[call, argument] = []] = Object.entries(value);
  if (call === 'Ref') return `<${withoutHash(argument)}>`;
  if (call === 'Fn::GetAtt') return `<${asList(argument).map(withoutHash).join('.')}>`;
  if (call === 'Fn::Join') return asList(asList(argument)[1]).map(text).join('');
  if (call === 'Fn::ImportValue') {
    const [, name = '', attribute] =
      /:ExportsOutput(?:Ref|FnGetAtt)(\w+?)[0-9A-F]{8}(Arn)?/.exec(text(argument)) ?? [];
    return attribute === undefined ? `<${name}>` : `<${name}.${attribute}>`;
  }
  throw new Error(`Unknown intrinsic ${call}`);
}

function linesOf({ Effect, Action, Resource, Condition }: Statement): readonly string[] {
  if (Effect !== 'Allow') throw new Error(`Unexpected effect ${Effect}`);
  const condition = Condition === undefined ? '' : ` if ${conditionText(Condition)}`;
  return asList(Action).flatMap((action) =>
    asList(Resource).map((resource) => `${action} on ${text(resource)}${condition}`),
  );
}

const conditionText = (condition: NonNullable<Statement['Condition']>): string =>
  Object.values(condition)
    .flatMap((keys) => Object.entries(keys))
    .map(([key, values]) => `${key} in ${asList(values).map(text).join(' ')}`)
    .join(' and ');

/** Every right of every role, by the role's name; `lines` are sorted. */
export function rightsByRole(template: StackTemplate): Readonly<Record<string, readonly string[]>> {
  const rights: Record<string, string[]> = {};
  for (const [logicalId, { Type }] of Object.entries(template.Resources))
    if (Type === 'AWS::IAM::Role') rights[withoutHash(logicalId)] = [];
  for (const { role, document } of rolePolicies<Statement>(template))
    rights[withoutHash(role)]?.push(...document.Statement.flatMap(linesOf));
  return Object.fromEntries(Object.entries(rights).map(([role, lines]) => [role, lines.toSorted()]));
}

/** The only template with a resource of this type. */
export function stackWith(type: string, templates: readonly StackTemplate[]): StackTemplate {
  const [found, ...others] = templates.filter(({ Resources }) =>
    Object.values(Resources).some(({ Type }) => Type === type),
  );
  if (found === undefined || others.length > 0) throw new Error(`not exactly one stack has a ${type}`);
  return found;
}
