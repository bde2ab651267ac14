/**
 * An AWS account with what a pipeline has made, for `delete`: CloudFormation, S3 with versions, DynamoDB, Secrets
 * Manager, Glue, KMS and Step Functions behind one address. It keeps AWS's rules about what may be deleted when.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { closeServer, listenOnLoopback } from '../../../lib/standins/aws/loopback-server.ts';
import { readBody } from '../../../lib/standins/aws/read-body.ts';

const ACCOUNT = '123456789012';
const REGION = 'eu-west-1';
/** Resource type, logical id and physical id. */
export type StackResource = readonly [type: string, logicalId: string, physicalId: string];

export interface AccountStack {
  readonly name: string;
  readonly id: string;
  status: string;
  isProtected: boolean;
  readonly outputs: Readonly<Record<string, string>>;
  readonly resources: readonly StackResource[];
  deletedAt: string | null;
}

export interface Version {
  readonly key: string;
  readonly id: string;
  readonly bytes: number;
  readonly isMarker: boolean;
}

export interface Account {
  readonly url: string;
  readonly stacks: AccountStack[];
  readonly buckets: Map<string, Version[]>;
  /** Keys whose versions nobody may delete; `*`: nobody may even list versions. */
  readonly locked: Set<string>;
  readonly tables: Map<string, { status: 'ACTIVE' | 'UPDATING' | 'DELETING'; isProtected: boolean }>;
  /** By ARN: the days in which it can be restored, null if it is not deleted. */
  readonly secrets: Map<string, number | null>;
  /** Names of databases with their tables. */
  readonly databases: Map<string, readonly string[]>;
  /** By id: days until it is deleted, null if it stays. */
  readonly keys: Map<string, number | null>;
  /** ARNs of executions in progress. */
  readonly running: Set<string>;
  /** Every request so far, in IAM's notation. */
  readonly calls: string[];
  /** Called for each request: before it has any effect, and after. Throwing breaks the connection. */
  hook: (moment: 'before' | 'after', call: string) => void;
  /** Error of the stack with this name, instead of its deletion. */
  readonly undeletable: Map<string, string>;
  close(): Promise<void>;
}

interface Answer {
  readonly status?: number;
  readonly body?: string;
  readonly type?: string;
}

const xml = (body: string, status = 200): Answer => ({ status, body, type: 'text/xml' });
const json = (value: unknown, status = 200): Answer => ({
  status,
  body: JSON.stringify(value),
  type: 'application/x-amz-json-1.1',
});
const failed = (type: string, message = 'no'): Answer => json({ __type: type, message }, 400);
const tag = (name: string, text: string | number): string => `<${name}>${text}</${name}>`;

const RETAINED = /S3::Bucket|GlobalTable|Secret$|Glue::Database|KMS::Key/;
/** Listings have small pages, so that every reader has to turn them. */
const PAGE = 3;

/** One page of a list, and where the next begins. */
function pageOf<T>(
  all: readonly T[],
  token: string | null,
): { readonly page: readonly T[]; next: string | null } {
  const from = Number(token ?? 0);
  const end = from + PAGE;
  return { page: all.slice(from, end), next: end < all.length ? String(end) : null };
}

export async function startAccount(): Promise<Account> {
  const account: Omit<Account, 'url' | 'close'> = {
    stacks: [],
    buckets: new Map(),
    locked: new Set(),
    tables: new Map(),
    secrets: new Map(),
    databases: new Map(),
    keys: new Map(),
    running: new Set(),
    calls: [],
    hook: () => undefined,
    undeletable: new Map(),
  };
  const { stacks, buckets, tables, secrets, databases, keys, running } = account;

  const stackXml = (stack: AccountStack): string =>
    tag(
      'member',
      [
        tag('StackName', stack.name),
        tag('StackId', stack.id),
        tag('CreationTime', '2026-11-01T00:00:00Z'),
        tag('StackStatus', stack.status),
        stack.status === 'DELETE_FAILED'
          ? tag('StackStatusReason', account.undeletable.get(stack.name) ?? '')
          : '',
        stack.deletedAt === null ? '' : tag('DeletionTime', stack.deletedAt),
        tag('EnableTerminationProtection', String(stack.isProtected)),
        tag(
          'Outputs',
          Object.entries(stack.outputs)
            .map(([key, value]) => tag('member', tag('OutputKey', key) + tag('OutputValue', value)))
            .join(''),
        ),
      ].join(''),
    );

  const result = (action: string, content: string): Answer =>
    xml(
      `<${action}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><${action}Result>${content}</${action}Result></${action}Response>`,
    );
  const refused = (message: string): Answer =>
    xml(
      `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>${message}</Message></Error></ErrorResponse>`,
      400,
    );

  /** A deletion takes one more look. */
  function advance(stack: AccountStack): void {
    if (stack.status !== 'DELETE_IN_PROGRESS') return;
    const isRunning = stack.resources.some(([type]) => type.includes('StateMachine')) && running.size > 0;
    if (isRunning) return;
    if (account.undeletable.has(stack.name)) {
      stack.status = 'DELETE_FAILED';
      return;
    }
    stack.status = 'DELETE_COMPLETE';
    stack.deletedAt = '2026-11-29T00:00:00Z';
  }

  function cloudFormation(form: URLSearchParams): Answer {
    const action = form.get('Action') ?? '';
    const name = form.get('StackName');
    const live = stacks.filter(({ status }) => status !== 'DELETE_COMPLETE');
    const stack = stacks.find(({ id }) => id === name) ?? live.find((one) => one.name === name);
    if (action === 'ListStacks') {
      const gone = stacks.filter(({ status }) => status === 'DELETE_COMPLETE');
      const { page, next } = pageOf(gone, form.get('NextToken'));
      const summaries = tag('StackSummaries', page.map(stackXml).join(''));
      return result(action, summaries + (next === null ? '' : tag('NextToken', next)));
    }
    if (action === 'DescribeStacks' && name === null) {
      const { page, next } = pageOf(live, form.get('NextToken'));
      const described = tag('Stacks', page.map(stackXml).join(''));
      return result(action, described + (next === null ? '' : tag('NextToken', next)));
    }
    if (stack === undefined) return refused(`Stack with id ${name} does not exist`);
    if (action === 'DescribeStacks') {
      const answer = result(action, tag('Stacks', stackXml(stack)));
      advance(stack);
      return answer;
    }
    if (action === 'ListStackResources') {
      const { page, next } = pageOf(stack.resources, form.get('NextToken'));
      const status = (type: string) => {
        if (stack.status !== 'DELETE_COMPLETE') return 'CREATE_COMPLETE';
        return RETAINED.test(type) ? 'DELETE_SKIPPED' : 'DELETE_COMPLETE';
      };
      const members = page.map(([type, logical, physical]) =>
        tag(
          'member',
          tag('LogicalResourceId', logical) +
            tag('PhysicalResourceId', physical) +
            tag('ResourceType', type) +
            tag('ResourceStatus', status(type)),
        ),
      );
      return result(
        action,
        tag('StackResourceSummaries', members.join('')) + (next === null ? '' : tag('NextToken', next)),
      );
    }
    if (action === 'UpdateTerminationProtection') {
      stack.isProtected = form.get('EnableTerminationProtection') === 'true';
      return result(action, tag('StackId', stack.id));
    }
    if (action === 'DeleteStack') {
      if (stack.isProtected)
        return refused(`Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`);
      if (stack.status !== 'DELETE_COMPLETE') stack.status = 'DELETE_IN_PROGRESS';
      return result(action, '');
    }
    return refused(`no ${action}`);
  }

  const s3Error = (status: number, code: string): Answer =>
    xml(tag('Error', tag('Code', code) + tag('Message', code)), status);

  function s3(method: string, url: URL, body: string): Answer {
    const bucket = url.pathname.split('/')[1] ?? '';
    const versions = buckets.get(bucket);
    if (versions === undefined) return method === 'HEAD' ? { status: 404 } : s3Error(404, 'NoSuchBucket');
    if (method === 'HEAD') return { status: 200 };
    if (method === 'DELETE') {
      if (versions.length > 0) return s3Error(409, 'BucketNotEmpty');
      buckets.delete(bucket);
      return { status: 204 };
    }
    if (method === 'GET' && url.searchParams.has('versions')) {
      if (account.locked.has('*')) return s3Error(403, 'AccessDenied');
      const prefix = url.searchParams.get('prefix') ?? '';
      const matching = versions.filter(({ key }) => key.startsWith(prefix));
      const { page, next } = pageOf(matching, url.searchParams.get('key-marker') || null);
      const members = page.map(({ key, id, bytes, isMarker }) =>
        tag(
          isMarker ? 'DeleteMarker' : 'Version',
          tag('Key', key) +
            tag('VersionId', id) +
            // The last one of a key is the current one.
            tag('IsLatest', String(versions.findLast((one) => one.key === key)?.id === id)) +
            (isMarker ? '' : tag('Size', bytes)),
        ),
      );
      return xml(
        tag(
          'ListVersionsResult',
          members.join('') +
            tag('IsTruncated', String(next !== null)) +
            (next === null ? '' : tag('NextKeyMarker', next) + tag('NextVersionIdMarker', 'v')),
        ),
      );
    }
    if (method === 'POST' && url.searchParams.has('delete')) {
      const wanted = [...body.matchAll(/<Key>(.*?)<\/Key><VersionId>(.*?)<\/VersionId>/g)].map(
        ([, key, id]) => `${key}#${id}`,
      );
      buckets.set(
        bucket,
        versions.filter(({ key, id }) => account.locked.has(key) || !wanted.includes(`${key}#${id}`)),
      );
      const errors = versions.flatMap(({ key, id }) =>
        account.locked.has(key) && wanted.includes(`${key}#${id}`)
          ? [tag('Error', tag('Key', key) + tag('VersionId', id) + tag('Code', 'AccessDenied'))]
          : [],
      );
      return xml(tag('DeleteResult', errors.join('')));
    }
    return s3Error(501, 'NotImplemented');
  }

  type Input = Readonly<Record<string, string & number & boolean>>;

  const operations: Readonly<Record<string, (input: Input) => Answer>> = {
    DescribeTable({ TableName = '' }) {
      const table = tables.get(TableName);
      if (table === undefined) return failed('ResourceNotFoundException');
      const { status, isProtected } = table;
      const Table = { TableStatus: status, DeletionProtectionEnabled: isProtected, ItemCount: 17 };
      if (status === 'UPDATING') table.status = 'ACTIVE';
      if (status === 'DELETING') tables.delete(TableName);
      return json({ Table });
    },
    UpdateTable({ TableName = '', DeletionProtectionEnabled }) {
      const table = tables.get(TableName);
      if (table === undefined) return failed('ResourceNotFoundException');
      if (table.status !== 'ACTIVE') return failed('ResourceInUseException');
      Object.assign(table, { status: 'UPDATING', isProtected: DeletionProtectionEnabled });
      return json({ TableDescription: {} });
    },
    DeleteTable({ TableName = '' }) {
      const table = tables.get(TableName);
      if (table === undefined) return failed('ResourceNotFoundException');
      if (table.status !== 'ACTIVE') return failed('ResourceInUseException');
      if (table.isProtected) return failed('ValidationException', 'Table is protected against deletion');
      table.status = 'DELETING';
      return json({ TableDescription: {} });
    },
    DescribeSecret({ SecretId = '' }) {
      const days = secrets.get(SecretId);
      if (days === undefined) return failed('ResourceNotFoundException');
      return json({ ARN: SecretId, ...(days !== null && { DeletedDate: 1_780_000_000 }) });
    },
    DeleteSecret({ SecretId = '', RecoveryWindowInDays }) {
      if (secrets.get(SecretId) !== null) return failed('InvalidRequestException');
      secrets.set(SecretId, RecoveryWindowInDays ?? 0);
      return json({ ARN: SecretId });
    },
    GetDatabase: ({ Name = '' }) =>
      databases.has(Name) ? json({ Database: { Name } }) : failed('EntityNotFoundException'),
    GetTables({ DatabaseName = '', NextToken }) {
      const { page, next } = pageOf(databases.get(DatabaseName) ?? [], NextToken ?? null);
      return json({ TableList: page.map((Name) => ({ Name })), ...(next !== null && { NextToken: next }) });
    },
    DeleteDatabase: ({ Name = '' }) =>
      databases.delete(Name) ? json({}) : failed('EntityNotFoundException'),
    DescribeKey({ KeyId = '' }) {
      const days = keys.get(KeyId);
      if (days === undefined) return failed('NotFoundException');
      return json({ KeyMetadata: { KeyId, KeyState: days === null ? 'Enabled' : 'PendingDeletion' } });
    },
    ScheduleKeyDeletion({ KeyId = '', PendingWindowInDays }) {
      if (keys.get(KeyId) !== null) return failed('KMSInvalidStateException');
      keys.set(KeyId, PendingWindowInDays ?? 0);
      return json({ KeyId });
    },
    ListExecutions: () => {
      const executions = [...running].map((executionArn) => ({
        executionArn,
        startDate: 1_780_000_000,
        status: 'RUNNING',
      }));
      const hasMachine = stacks.some(
        ({ status, resources }) =>
          status !== 'DELETE_COMPLETE' && resources.some(([type]) => type.includes('StateMachine')),
      );
      return hasMachine ? json({ executions }) : failed('StateMachineDoesNotExist');
    },
    StopExecution({ executionArn = '' }) {
      running.delete(executionArn);
      return json({ stopDate: 1_780_000_000 });
    },
    DescribeEventBus: () =>
      json({ Name: 'default', Arn: `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/default` }),
  };

  /** The request's name, and how to answer it. */
  function routeOf(request: IncomingMessage, body: string): readonly [call: string, answer: () => Answer] {
    const target = request.headers['x-amz-target'];
    const url = new URL(request.url ?? '/', 'http://account');
    if (typeof target === 'string') {
      const operation = target.split('.').at(-1) ?? '';
      return [
        operation,
        () =>
          operations[operation]?.(JSON.parse(body || '{}')) ?? failed('UnknownOperationException', operation),
      ];
    }
    if (request.headers['content-type']?.includes('x-www-form-urlencoded') === true) {
      const form = new URLSearchParams(body);
      return [form.get('Action') ?? '', () => cloudFormation(form)];
    }
    const method = request.method ?? '';
    return [`S3 ${method} ${url.pathname}`, () => s3(method, url, body)];
  }

  const server = createServer((request, response) => {
    void readBody(request, 1_000_000).then((read) => {
      const [call, answer] = routeOf(request, read?.toString('utf8') ?? '');
      try {
        account.calls.push(call);
        account.hook('before', call);
        const { status = 200, body = '', type = 'application/xml' } = answer();
        account.hook('after', call);
        response.writeHead(status, { 'content-type': type }).end(body);
      } catch {
        response.destroy();
      }
    });
  });
  const port = await listenOnLoopback(server);
  return Object.assign(account, {
    url: `http://127.0.0.1:${port}`,
    close: () => closeServer(server),
  });
}

const SECRETS = ['Connection', 'OAuthClient', 'HashKey'] as const;

/** ARN of a secret of the pipeline `shop`. */
export const secretArn = (name: string): string =>
  `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-1a2b-AbCdEf`;

export const stackId = (name: string, unique: string): string =>
  `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/${name}/${unique}`;

/** Versions and delete markers: two for every other key. */
const versionsOf = (keys: readonly string[]): Version[] =>
  keys.flatMap((key, index) => [
    { key, id: `v${index}`, bytes: 1_000, isMarker: false },
    ...(index % 2 === 0 ? [{ key, id: `m${index}`, bytes: 0, isMarker: true }] : []),
  ]);

/** Fills the account with a deployed pipeline `shop`. @param keys of the bucket with the data */
export function deployShop(account: Account, keys: readonly string[], unique = 'a1'): void {
  const id = (kind: string) => `shop-data-${kind}-${unique}`;
  const key = `key-${unique}`;
  account.buckets.set(id('lake'), versionsOf(keys));
  account.buckets.set(id('logs'), versionsOf(['lake/2026-11-01-00-00-00-AB']));
  account.buckets.set(id('results'), []);
  account.tables.set(id('State'), { status: 'ACTIVE', isProtected: true });
  for (const name of SECRETS) account.secrets.set(secretArn(`${name}${unique}`), null);
  account.databases.set(`shop_${unique}`, ['contacts', 'contacts_raw', 'conversations', 'tags']);
  account.keys.set(key, null);
  account.running.add(`arn:aws:states:${REGION}:${ACCOUNT}:execution:Machine:run-${unique}`);
  account.stacks.push(
    {
      name: 'shop-data',
      id: stackId('shop-data', unique),
      status: 'CREATE_COMPLETE',
      isProtected: true,
      deletedAt: null,
      outputs: {
        BucketName: id('lake'),
        TableName: id('State'),
        ConnectionSecretArn: secretArn(`Connection${unique}`),
      },
      resources: [
        ['AWS::S3::Bucket', 'AccessLogs8B620ECA', id('logs')],
        ['AWS::S3::BucketPolicy', 'LakePolicy7B545488', id('lake')],
        ['AWS::S3::Bucket', 'Lake5F1B88EA', id('lake')],
        ['AWS::S3::Bucket', 'CatalogResults4BE287F2', id('results')],
        ['AWS::DynamoDB::GlobalTable', 'State1C20CC9A', id('State')],
        ...SECRETS.map(
          (name) =>
            ['AWS::SecretsManager::Secret', `${name}12345678`, secretArn(`${name}${unique}`)] as const,
        ),
        ['AWS::Glue::Database', 'CatalogDatabaseE63956BB', `shop_${unique}`],
        ['AWS::Athena::WorkGroup', 'CatalogWorkgroup', `shop-${unique}`],
        ['AWS::KMS::Key', 'Key961B73FD', key],
      ],
    },
    {
      name: 'shop',
      id: stackId('shop', unique),
      status: 'UPDATE_COMPLETE',
      isProtected: false,
      deletedAt: null,
      outputs: { StateMachineArn: `arn:aws:states:${REGION}:${ACCOUNT}:stateMachine:Machine` },
      resources: [['AWS::StepFunctions::StateMachine', 'WorkflowStateMachine', 'Machine']],
    },
  );
}
