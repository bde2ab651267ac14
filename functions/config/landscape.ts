/** What a pipeline uses in an account that already has rules and resources. Each setting is optional. */
import { z } from 'zod';

export interface Landscape {
  /** An existing bucket; null for the pipeline's own. */
  readonly bucket: string | null;
  /** Where the lake begins in that bucket: empty for its top, else ending with `/`. */
  readonly prefix: string;
  /** The table with the state of an earlier deployment; null for a new one. */
  readonly table: string | null;
  /** ARNs of the secrets of an earlier deployment; null for new ones. */
  readonly secrets: {
    readonly connection: string | null;
    readonly oauthClient: string | null;
    readonly hashKey: string | null;
  };
  /** ARN of the policy that limits every role; null for none. */
  readonly permissionsBoundary: string | null;
  /** Tags of both stacks and everything in them, besides `pipeline`. */
  readonly tags: Readonly<Record<string, string>>;
  /** Where functions run; null for Lambda's own network. */
  readonly vpc: {
    readonly subnetIds: readonly string[];
    readonly securityGroupIds: readonly string[];
  } | null;
  /** Domain of the OAuth callback with its certificate; null for the address from API Gateway. */
  readonly callbackDomain: { readonly name: string; readonly certificateArn: string } | null;
  /** Who may assume a role that reads the data; null for no such role. */
  readonly reader: { readonly principals: readonly string[]; readonly externalId: string | null } | null;
}

/** The most characters of a prefix: policies repeat it, and IAM limits their length (test/infra/policy-size.test.ts). */
export const MAX_PREFIX = 64;

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

const bucket = z.string().superRefine((name, context) => {
  if (BUCKET.test(name)) return;
  const message = /[/:]/.test(name)
    ? `'${name}' must be the name of a bucket and nothing else; 'aws.prefix' is for a place in it`
    : `'${name}' is not a valid bucket name`;
  context.addIssue({ code: 'custom', message, input: name });
});

const arn = (pattern: RegExp, example: string) =>
  z.string().regex(pattern, `must be an ARN such as ${example}`);

/**
 * Each segment begins with a letter or a digit, because engines hide names that begin with `_` or `.`. Characters that
 * could be read as patterns (IAM, Glue), partitions (`=`) or escapes (URLs) are not allowed.
 */
const prefix = z
  .string()
  .regex(
    /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)*\/?$/,
    "must be a path in the bucket such as 'raw/intercom': A-Z, a-z, 0-9, _, . and -, each part beginning with a letter or digit",
  )
  .max(MAX_PREFIX, `must be at most ${MAX_PREFIX} characters`)
  .transform((written) => (written.endsWith('/') ? written : `${written}/`));

/** The ARN of a KMS key, not of an alias: a policy cannot name a key by its alias. */
export const keyArn = arn(
  /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/,
  'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
);

/** With the six characters that Secrets Manager adds to a name: policies need them. */
const secretArn = arn(
  /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+-[A-Za-z0-9]{6}$/,
  'arn:aws:secretsmanager:eu-west-1:123456789012:secret:Connection89AD5CF5-1a2b3c4d5e6f-AbCdEf',
);

function tagProblem(key: string): string | null {
  if (key === 'pipeline') return "'pipeline' is the tag with the name of the pipeline";
  if (/^aws:/i.test(key)) return `'${key}' must not begin with 'aws:', which belongs to AWS`;
  if (/^[\p{L}\p{N} _.:/=+@-]{1,128}$/u.test(key)) return null;
  return `'${key}' must be 1-128 letters, digits, spaces or _ . : / = + - @`;
}

const tags = z
  .record(z.string(), z.string().max(256, 'must be at most 256 characters'))
  .superRefine((written, context) => {
    for (const key of Object.keys(written)) {
      const message = tagProblem(key);
      if (message !== null) context.addIssue({ code: 'custom', message, input: written });
    }
  });

/** An account, with all roles that it allows, or a single role or user. */
const principal = z
  .string()
  .regex(
    /^(\d{12}|arn:aws[a-z-]*:iam::\d{12}:(role|user)\/[\w+=,.@/-]+)$/,
    'must be an account number, or the ARN of a role or user such as arn:aws:iam::123456789012:role/analysts',
  );

/** The key `aws` of the configuration. */
export const landscapeSchema = z
  .strictObject({
    bucket: bucket.optional(),
    prefix: prefix.optional(),
    table: z
      .string()
      .regex(/^[\w.-]{3,255}$/, 'must be the name of a table: 3-255 letters, digits, _, . or -')
      .optional(),
    secrets: z
      .strictObject({
        connection: secretArn.optional(),
        oauthClient: secretArn.optional(),
        hashKey: secretArn.optional(),
      })
      .prefault({}),
    permissionsBoundary: arn(
      /^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/[\w+=,.@/-]+$/,
      'arn:aws:iam::123456789012:policy/boundary',
    ).optional(),
    tags: tags.default({}),
    vpc: z
      .strictObject({
        subnetIds: z
          .array(z.string().regex(/^subnet-[0-9a-f]+$/, 'must be an id such as subnet-0a1b2c3d'))
          .min(1, 'must name at least one subnet')
          .max(16, 'must name at most 16 subnets'),
        securityGroupIds: z
          .array(z.string().regex(/^sg-[0-9a-f]+$/, 'must be an id such as sg-0a1b2c3d'))
          .min(1, 'must name at least one security group')
          .max(5, 'must name at most 5 security groups'),
      })
      .optional(),
    callbackDomain: z
      .strictObject({
        name: z
          .string()
          .regex(
            /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
            'must be a domain in lower case such as intercom.example.com',
          ),
        certificateArn: arn(
          /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/,
          'arn:aws:acm:eu-west-1:123456789012:certificate/1234abcd',
        ),
      })
      .optional(),
    reader: z
      .strictObject({
        principals: z.array(principal).min(1, 'must name at least one account, role or user'),
        externalId: z
          .string()
          .regex(/^[\w+=,.@:/-]{2,1224}$/, 'must be 2-1,224 letters, digits or _ + = , . @ : / -')
          .optional(),
      })
      .optional(),
  })
  .superRefine(({ bucket, prefix }, context) => {
    if (prefix === undefined || bucket !== undefined) return;
    const message = "is for a bucket of your own: name it in 'aws.bucket'";
    context.addIssue({ code: 'custom', message, path: ['prefix'], input: prefix });
  })
  .transform(
    ({
      bucket,
      prefix,
      table,
      secrets,
      permissionsBoundary,
      tags,
      vpc,
      callbackDomain,
      reader,
    }): Landscape => ({
      bucket: bucket ?? null,
      prefix: prefix ?? '',
      table: table ?? null,
      secrets: {
        connection: secrets.connection ?? null,
        oauthClient: secrets.oauthClient ?? null,
        hashKey: secrets.hashKey ?? null,
      },
      permissionsBoundary: permissionsBoundary ?? null,
      tags,
      vpc: vpc ?? null,
      callbackDomain: callbackDomain ?? null,
      reader: reader === undefined ? null : { ...reader, externalId: reader.externalId ?? null },
    }),
  );
