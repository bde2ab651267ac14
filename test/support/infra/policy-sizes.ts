/** How long the policies of roles are once CloudFormation has filled in names, at most. */
import {
  type identityOf,
  type Place,
  resolver,
  type StackTemplate,
} from '../../../lib/template/intrinsics.ts';
import { rolePolicies } from './role-policies.ts';

/** The longest name that AWS accepts (CloudFormation makes none that is longer), and the ARN. */
const NAMES: Readonly<
  Record<string, readonly [longest: number, service: string, before: string, after: string]>
> = {
  'AWS::DynamoDB::GlobalTable': [255, 'dynamodb', 'table/', ''],
  'AWS::SecretsManager::Secret': [512, 'secretsmanager', 'secret:', '-AbCdEf'],
  'AWS::Lambda::Function': [64, 'lambda', 'function:', ''],
  'AWS::StepFunctions::StateMachine': [80, 'states', 'stateMachine:', ''],
  'AWS::Logs::LogGroup': [512, 'logs', 'log-group:', ':*'],
  'AWS::SQS::Queue': [80, 'sqs', '', ''],
  'AWS::SNS::Topic': [256, 'sns', '', ''],
  'AWS::KMS::Key': [36, 'kms', 'key/', ''],
};

/** CloudFormation's names: `<stack>-<logical id>-<13 characters>`. */
const generated = (logicalId: string, longest: number): string =>
  `${'s'.repeat(36)}-${logicalId}-${'x'.repeat(13)}`.slice(0, longest);

const longNames: typeof identityOf = (logicalId, { Type }, { region, accountId }) => {
  if (Type === 'AWS::S3::Bucket') {
    const name = generated(logicalId, 63);
    return { ref: name, arn: `arn:aws:s3:::${name}`, name };
  }
  if (Type === 'AWS::Athena::WorkGroup') return { ref: 'w'.repeat(128), arn: '', name: '' };
  const known = NAMES[Type];
  if (known === undefined) throw new Error(`How long can the name of a ${Type} be?`);
  const [longest, service, before, after] = known;
  const name = generated(logicalId, longest);
  const arn = `arn:aws:${service}:${region}:${accountId}:${before}${name}${after}`;
  return { ref: arn, arn, name };
};

/** With the longest name of a region that the pipeline was made for. */
const PLACE: Place = { region: 'ap-southeast-2', accountId: '123456789012' };

export interface PolicySizes {
  /** Characters without white space of everything inside of each role. */
  readonly inline: ReadonlyMap<string, number>;
  /** Of each managed policy. */
  readonly managed: readonly number[];
}

export function policySizes(templates: readonly StackTemplate[]): PolicySizes {
  const inline = new Map<string, number>();
  const managed: number[] = [];
  for (const template of templates) {
    const resolve = resolver(template, templates, PLACE, longNames);
    for (const { role, kind, document } of rolePolicies(template)) {
      const size = JSON.stringify(resolve(document)).length;
      if (kind === 'managed') managed.push(size);
      else inline.set(role, (inline.get(role) ?? 0) + size);
    }
  }
  return { inline, managed };
}
