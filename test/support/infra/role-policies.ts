/** The policies of the roles in a template, wherever CloudFormation keeps them. */
import type { StackTemplate } from '../../../lib/template/intrinsics.ts';

interface PolicyDocument<Statement> {
  readonly Statement: readonly Statement[];
}

interface Policy<Statement> {
  readonly PolicyDocument: PolicyDocument<Statement>;
  readonly Roles?: readonly { readonly Ref: string }[];
}

export interface RolePolicy<Statement> {
  /** Logical id of the role. */
  readonly role: string;
  /** CDK moves what it thinks is too much for a role into managed policies. */
  readonly kind: 'inline' | 'managed';
  readonly document: PolicyDocument<Statement>;
}

/** @throws Error for a policy that is attached by its ARN: its content is not in the template */
export function rolePolicies<Statement>({ Resources }: StackTemplate): readonly RolePolicy<Statement>[] {
  return Object.entries(Resources).flatMap(([logicalId, { Type, Properties = {} }]) => {
    if (Type === 'AWS::IAM::Role') {
      if (Properties.ManagedPolicyArns !== undefined)
        throw new Error(`${logicalId} has a policy by its ARN, which nobody can read here.`);
      const own = (Properties.Policies ?? []) as readonly Policy<Statement>[];
      return own.map(
        ({ PolicyDocument }) => ({ role: logicalId, kind: 'inline', document: PolicyDocument }) as const,
      );
    }
    if (Type !== 'AWS::IAM::Policy' && Type !== 'AWS::IAM::ManagedPolicy') return [];
    const { PolicyDocument, Roles = [] } = Properties as unknown as Policy<Statement>;
    const kind = Type === 'AWS::IAM::Policy' ? 'inline' : 'managed';
    return Roles.map(({ Ref }) => ({ role: Ref, kind, document: PolicyDocument }) as const);
  });
}
