/** Resolves CloudFormation's intrinsic functions to the names that resources have on one machine. Pure. */

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

export interface StackTemplate {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>
  >;
}

/** The region and account that the resources pretend to be in. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
}

/** The values of `Ref` and of the attributes `Arn` and `Name` of a resource. */
export interface ResourceIdentity {
  readonly ref: string;
  readonly arn: string;
  readonly name: string;
}

type Resolve = (value: unknown) => unknown;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `StartRunFunction94BCC4FF` → `StartRunFunction`: names do not collide here without the CDK's hash. */
const localName = (logicalId: string): string => logicalId.replace(/[0-9A-F]{8}$/, '');

/**
 * The identity of a resource, for the types that are provisioned or called on one machine.
 * @throws Error for any other type, which must then be added here
 */
export function identityOf(
  logicalId: string,
  { Type }: Resource,
  { region, accountId }: Place,
): ResourceIdentity {
  const name = localName(logicalId);
  const arn = (service: string, rest: string) => `arn:aws:${service}:${region}:${accountId}:${rest}`;
  switch (Type) {
    case 'AWS::S3::Bucket': {
      const bucket = name.toLowerCase();
      return { ref: bucket, arn: `arn:aws:s3:::${bucket}`, name: bucket };
    }
    case 'AWS::DynamoDB::GlobalTable':
      return { ref: name, arn: arn('dynamodb', `table/${name}`), name };
    // `Ref` is an ARN on AWS. Secrets Manager accepts the name everywhere too.
    case 'AWS::SecretsManager::Secret':
      return { ref: name, arn: name, name };
    case 'AWS::Lambda::Function':
      return { ref: name, arn: arn('lambda', `function:${name}`), name };
    case 'AWS::StepFunctions::StateMachine': {
      const machine = arn('states', `stateMachine:${name}`);
      return { ref: machine, arn: machine, name };
    }
    default:
      throw new Error(`${logicalId}: a reference to a ${Type} cannot be resolved on one machine.`);
  }
}

/**
 * Returns the function that resolves values of `template`.
 * @param all every template of the app, because one stack imports values of another
 * @param identify names a resource. @default the name that it has on one machine
 */
export function resolver(
  template: StackTemplate,
  all: readonly StackTemplate[],
  place: Place,
  identify: typeof identityOf = identityOf,
): Resolve {
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::AccountId': place.accountId,
    'AWS::Partition': 'aws',
    'AWS::Region': place.region,
    'AWS::StackId': `arn:aws:cloudformation:${place.region}:${place.accountId}:stack/local/00000000-0000-0000-0000-000000000000`,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const identity = (logicalId: string): ResourceIdentity => {
    const resource = template.Resources[logicalId];
    if (resource === undefined) throw new Error(`There is no resource ${logicalId} in the template.`);
    return identify(logicalId, resource, place);
  };
  const ref = (name: string): string => {
    const resource = template.Resources[name];
    // The only type that goes by the name in its properties.
    if (resource?.Type === 'AWS::Glue::Database') return databaseName(resolve(resource.Properties));
    return pseudo[name] ?? identity(name).ref;
  };
  const attribute = (logicalId: string, name: string): string => {
    if (name === 'Arn') return identity(logicalId).arn;
    if (name === 'Name') return identity(logicalId).name;
    throw new Error(`${logicalId}.${name}: this attribute cannot be resolved on one machine.`);
  };
  const resolve: Resolve = (value) => {
    if (Array.isArray(value)) return value.map(resolve);
    if (!isRecord(value)) return value;
    const [key, argument] = Object.entries(value)[0] ?? ['', undefined];
    const call = Object.keys(value).length === 1 ? key : '';
    if (call === 'Ref') return ref(String(argument));
    if (call === 'Fn::GetAtt') {
      const [logicalId, name] = list(argument);
      return attribute(String(logicalId), String(name));
    }
    if (call === 'Fn::Join') {
      const [separator, parts] = list(argument);
      return list(resolve(parts)).join(String(separator));
    }
    if (call === 'Fn::Split') {
      const [separator, text] = list(argument);
      return String(resolve(text)).split(String(separator));
    }
    if (call === 'Fn::Select') {
      const [index, values] = list(argument);
      return list(resolve(values))[Number(index)];
    }
    if (call === 'Fn::Sub') return substitute(argument, ref, attribute, resolve);
    if (call === 'Fn::ImportValue') return imported(String(resolve(argument)), all, place, identify);
    if (call.startsWith('Fn::')) throw new Error(`${call} cannot be resolved on one machine.`);
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolve(inner)]));
  };
  return resolve;
}

function databaseName(properties: unknown): string {
  const input = isRecord(properties) ? properties.DatabaseInput : undefined;
  if (isRecord(input) && typeof input.Name === 'string') return input.Name;
  throw new Error('A Glue database has no name in the template.');
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`An intrinsic function has ${JSON.stringify(value)} instead of a list.`);
}

/** `${Name}`, `${Name.Attribute}`, `${AWS::Region}`; `${!Literal}` stays. */
function substitute(
  argument: unknown,
  ref: (name: string) => string,
  attribute: (logicalId: string, name: string) => string,
  resolve: Resolve,
): string {
  const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
  return String(text).replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    if (isRecord(variables) && name in variables) return String(resolve(variables[name]));
    const [logicalId = '', attributeName] = name.split('.');
    return attributeName === undefined ? ref(logicalId) : attribute(logicalId, attributeName);
  });
}

function imported(
  exportName: string,
  all: readonly StackTemplate[],
  place: Place,
  identify: typeof identityOf,
): unknown {
  for (const template of all) {
    const resolve = resolver(template, all, place, identify);
    for (const output of Object.values(template.Outputs ?? {})) {
      if (output.Export !== undefined && resolve(output.Export.Name) === exportName)
        return resolve(output.Value);
    }
  }
  throw new Error(`No stack exports ${exportName}.`);
}
