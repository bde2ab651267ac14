/**
 * Which rights a request to AWS takes, from the request itself. Source: the Service Authorization Reference, and
 * for S3 "Required permissions for Amazon S3 API operations".
 */
import type { IncomingMessage } from 'node:http';
import { type AccessRequest, OWN_KEY } from '../iam.ts';

/** The service that a request is signed for: `Credential=<key>/<date>/<region>/<service>/aws4_request`. */
export function signedService({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const [, service] =
    /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\/aws4_request/.exec(headers.authorization ?? '') ?? [];
  if (service === undefined) throw new Error('The request is not signed.');
  return service;
}

interface Place {
  readonly region: string;
  readonly accountId: string;
}

type Fields = Readonly<Record<string, unknown>>;
type Asks = (action: string, input: Fields, place: Place) => readonly AccessRequest[];

const plain = (action: string, resource: unknown): AccessRequest => ({
  action,
  resource: String(resource),
  context: {},
});

function dynamoDb(action: string, { TableName, Key }: Fields, { region, accountId }: Place) {
  const { pk } = Key as { readonly pk: { readonly S: string } };
  const resource = `arn:aws:dynamodb:${region}:${accountId}:table/${TableName}`;
  return [{ action, resource, context: { 'dynamodb:LeadingKeys': [pk.S] } }];
}

const secret: Asks = (action, { SecretId }) => [plain(action, SecretId)];

function glueTable(action: string, input: Fields, { region, accountId }: Place): readonly AccessRequest[] {
  const { DatabaseName, Name } = input;
  const name = Name ?? (input.TableInput as Fields).Name;
  const parts = ['catalog', `database/${DatabaseName}`, `table/${DatabaseName}/${name}`];
  return parts.map((part) => plain(action, `arn:aws:glue:${region}:${accountId}:${part}`));
}

function putEvents(action: string, { Entries }: Fields, { region, accountId }: Place) {
  const entries = Entries as readonly { Source: string; DetailType: string; EventBusName?: string }[];
  const [{ EventBusName = 'default' } = {}] = entries;
  return [
    {
      action,
      resource: `arn:aws:events:${region}:${accountId}:event-bus/${EventBusName}`,
      context: {
        'events:source': entries.map(({ Source }) => Source),
        'events:detail-type': entries.map(({ DetailType }) => DetailType),
      },
    },
  ];
}

/** By action; an operation that is not here is to be looked up and added. */
const ASKS: Readonly<Record<string, Asks>> = {
  'dynamodb:GetItem': dynamoDb,
  'dynamodb:UpdateItem': dynamoDb,
  'secretsmanager:GetSecretValue': secret,
  'secretsmanager:PutSecretValue': secret,
  'states:StartExecution': (action, { stateMachineArn }) => [plain(action, stateMachineArn)],
  'states:DescribeExecution': (action, { executionArn }) => [plain(action, executionArn)],
  'glue:GetTable': glueTable,
  'glue:CreateTable': glueTable,
  'glue:UpdateTable': glueTable,
  'events:PutEvents': putEvents,
};

const bucketArn = (bucket: string): string => `arn:aws:s3:::${bucket}`;

/** Listing without a key; the prefix is a condition key only if the request has one. */
export const listing = (bucket: string, prefix: string | null): AccessRequest => ({
  action: 's3:ListBucket',
  resource: bucketArn(bucket),
  context: prefix === null ? {} : { 's3:prefix': [prefix] },
});

/** Path style: `/bucket/key?query`. */
export function bucketAndKey(url: string): {
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
} {
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const [, bucket = '', ...key] = pathname.split('/').map(decodeURIComponent);
  return { bucket, key: key.join('/'), query: searchParams };
}

/** The condition of a conditional write takes no right but for `If-Match`, which reads. */
function s3({ method = '', url = '', headers }: IncomingMessage, body: string): readonly AccessRequest[] {
  const { bucket, key, query } = bucketAndKey(url);
  const onObject = (action: string, name = key) => plain(action, `${bucketArn(bucket)}/${name}`);
  if (headers['if-match'] !== undefined) throw new Error('What If-Match takes is not known here.');
  if (key === '' && method === 'GET' && query.has('list-type')) return [listing(bucket, query.get('prefix'))];
  if (key === '' && method === 'POST' && query.has('delete')) {
    const keys = [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, name = '']) => name);
    return keys.map((name) => onObject('s3:DeleteObject', name));
  }
  if (key !== '' && method === 'PUT') {
    const ifNoneMatch = headers['if-none-match'];
    const context = ifNoneMatch === undefined ? {} : { 's3:if-none-match': [ifNoneMatch] };
    return [{ ...onObject('s3:PutObject'), context }];
  }
  if (key !== '' && method === 'GET') return [onObject('s3:GetObject')];
  throw new Error(`What ${method} ${url} takes is not known here.`);
}

/**
 * What a service does with the key in the caller's name ("Protecting data with SSE-KMS", "Secret encryption and
 * decryption", "DynamoDB encryption at rest: usage notes").
 */
const KEY_USES: Readonly<Record<string, readonly string[]>> = {
  's3:GetObject': ['kms:Decrypt'],
  's3:PutObject': ['kms:GenerateDataKey'],
  'dynamodb:GetItem': ['kms:Decrypt'],
  'dynamodb:UpdateItem': ['kms:Decrypt'],
  'secretsmanager:GetSecretValue': ['kms:Decrypt'],
  'secretsmanager:PutSecretValue': ['kms:Decrypt', 'kms:GenerateDataKey'],
};

/** Where data, state and secrets are encrypted with the pipeline's own key, IAM is asked these as well. */
export const keyRequests = ({ action }: AccessRequest, { region }: Place): readonly AccessRequest[] =>
  (KEY_USES[action] ?? []).map((use) => ({
    action: use,
    resource: OWN_KEY,
    context: { 'kms:ViaService': [`${action.split(':')[0]}.${region}.amazonaws.com`] },
  }));

/** Everything IAM is asked about one request; all of it must be allowed. */
export function accessRequests(
  request: IncomingMessage,
  body: string,
  place: Place,
): readonly AccessRequest[] {
  const service = signedService(request);
  if (service === 's3') return s3(request, body);
  const operation = String(request.headers['x-amz-target']).split('.').at(-1);
  const action = `${service}:${operation}`;
  const asks = ASKS[action];
  if (asks === undefined) throw new Error(`What ${action} takes is not known here.`);
  return asks(action, JSON.parse(body) as Fields, place);
}
