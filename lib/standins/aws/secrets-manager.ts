import { createHash, randomUUID } from 'node:crypto';
import {
  AwsFailure,
  type JsonObject,
  type JsonOperations,
  optionalString,
  requiredString,
} from './json-protocol.ts';
import { newSecret, type SecretsFile, type StoredSecret, type StoredSecrets } from './secrets-file.ts';

const CURRENT = 'AWSCURRENT';

/** `CreateSecret`, `DescribeSecret`, `GetSecretValue` and `PutSecretValue`, for strings and current versions only. */
export function secretsManagerOperations(file: SecretsFile, region: string): JsonOperations {
  const arnOf = (name: string) => secretArn(name, region);
  return {
    'secretsmanager.CreateSecret': async (request) => {
      const name = requiredString(request, 'Name');
      const secret = newSecret(secretString(request), tokenOf(request));
      await file.update((secrets) => {
        if (Object.hasOwn(secrets, name)) {
          throw new AwsFailure('ResourceExistsException', `The secret ${name} already exists.`);
        }
        return { ...secrets, [name]: secret };
      });
      return {
        ARN: arnOf(name),
        Name: name,
        ...(secret.value !== undefined && { VersionId: secret.versionId }),
      };
    },
    'secretsmanager.DescribeSecret': async (request) => {
      const { name, secret } = findSecret(await file.read(), request, arnOf);
      return {
        ARN: arnOf(name),
        Name: name,
        CreatedDate: secret.createdAt,
        LastChangedDate: secret.changedAt,
        ...(secret.value !== undefined && { VersionIdsToStages: { [secret.versionId]: [CURRENT] } }),
      };
    },
    'secretsmanager.GetSecretValue': async (request) => {
      const { name, secret } = findSecret(await file.read(), request, arnOf);
      if (secret.value === undefined || !asksForCurrent(request, secret)) {
        throw new AwsFailure('ResourceNotFoundException', `The secret ${name} does not have this value.`);
      }
      return {
        ARN: arnOf(name),
        Name: name,
        SecretString: secret.value,
        VersionId: secret.versionId,
        VersionStages: [CURRENT],
        CreatedDate: secret.changedAt,
      };
    },
    'secretsmanager.PutSecretValue': async (request) => {
      const value = secretString(request);
      if (value === undefined) throw new AwsFailure('InvalidRequestException', 'SecretString is missing.');
      const versionId = tokenOf(request);
      let name = '';
      await file.update((secrets) => {
        const found = findSecret(secrets, request, arnOf);
        name = found.name;
        return { ...secrets, [name]: { ...found.secret, value, versionId, changedAt: Date.now() / 1000 } };
      });
      return { ARN: arnOf(name), Name: name, VersionId: versionId, VersionStages: [CURRENT] };
    },
  };
}

/** AWS adds six random characters to the name. Here a name always gets the same six. */
function secretArn(name: string, region: string): string {
  const suffix = createHash('sha256').update(name).digest('hex').slice(0, 6);
  return `arn:aws:secretsmanager:${region}:000000000000:secret:${name}-${suffix}`;
}

/** Finds a secret by its name, its ARN, or its ARN without the suffix, as AWS allows. */
function findSecret(
  secrets: StoredSecrets,
  request: JsonObject,
  arnOf: (name: string) => string,
): { readonly name: string; readonly secret: StoredSecret } {
  const id = requiredString(request, 'SecretId');
  const found = Object.entries(secrets).find(([name]) => {
    const arn = arnOf(name);
    return id === name || id === arn || id === arn.slice(0, -'-123456'.length);
  });
  if (found === undefined) throw new AwsFailure('ResourceNotFoundException', `There is no secret ${id}.`);
  return { name: found[0], secret: found[1] };
}

function asksForCurrent(request: JsonObject, secret: StoredSecret): boolean {
  const stage = optionalString(request, 'VersionStage') ?? CURRENT;
  const versionId = optionalString(request, 'VersionId') ?? secret.versionId;
  return stage === CURRENT && versionId === secret.versionId;
}

function secretString(request: JsonObject): string | undefined {
  if (request.SecretBinary !== undefined) {
    throw new AwsFailure('InvalidRequestException', 'The embedded Secrets Manager stores strings only.');
  }
  return optionalString(request, 'SecretString');
}

/** The SDK sends its own token with each put. It becomes the id of the version. */
function tokenOf(request: JsonObject): string {
  return optionalString(request, 'ClientRequestToken') ?? randomUUID();
}
