/**
 * CloudFormation for the command: what it asks about stacks, in the query protocol, the account's event bus, and
 * Lambda's limit.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { closeServer, listenOnLoopback } from '../../../lib/standins/aws/loopback-server.ts';
import { readBody } from '../../../lib/standins/aws/read-body.ts';

export const ACCOUNT = '000000000000';

export interface DeployedStack {
  readonly name: string;
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface DeletedStack {
  readonly name: string;
  readonly id: string;
  readonly deletedAt: string;
  /** Logical id, physical id and status of each resource. */
  readonly resources: readonly (readonly [logicalId: string, physicalId: string, status: string])[];
}

/** An error that replaces the right answer. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export interface CloudFormation {
  readonly url: string;
  /** By name. */
  readonly stacks: Map<string, DeployedStack>;
  readonly deleted: DeletedStack[];
  refusal: Refusal | null;
  /** Functions that the account may run at a time; null refuses to say. */
  lambdaLimit: number | null;
  close(): Promise<void>;
}

const NAMESPACE = 'http://cloudformation.amazonaws.com/doc/2010-05-15/';

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

function stackXml({ name, status, outputs }: DeployedStack): string {
  const members = Object.entries(outputs).map(
    ([key, value]) =>
      `<member><OutputKey>${key}</OutputKey><OutputValue>${escaped(value)}</OutputValue></member>`,
  );
  const arn = `arn:aws:cloudformation:us-east-1:${ACCOUNT}:stack/${name}/0f0f`;
  return `<member><StackName>${name}</StackName><StackId>${arn}</StackId><CreationTime>2026-11-23T00:00:00Z</CreationTime><StackStatus>${status}</StackStatus><Outputs>${members.join('')}</Outputs></member>`;
}

const deletedXml = ({ name, id, deletedAt }: DeletedStack): string =>
  `<member><StackName>${name}</StackName><StackId>${id}</StackId><DeletionTime>${deletedAt}</DeletionTime><StackStatus>DELETE_COMPLETE</StackStatus></member>`;

const resourcesXml = ({ resources }: DeletedStack): string =>
  resources
    .map(
      ([logicalId, physicalId, status]) =>
        `<member><LogicalResourceId>${logicalId}</LogicalResourceId><PhysicalResourceId>${physicalId}</PhysicalResourceId><ResourceStatus>${status}</ResourceStatus></member>`,
    )
    .join('');

const resultXml = (action: string, content: string): string =>
  `<${action}Response xmlns="${NAMESPACE}"><${action}Result>${content}</${action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></${action}Response>`;

const errorXml = ({ code, message }: Refusal): string =>
  `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escaped(message)}</Message></Error><RequestId>r</RequestId></ErrorResponse>`;

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type: string;
}

export async function startCloudFormation(): Promise<CloudFormation> {
  const stacks = new Map<string, DeployedStack>();
  const deleted: DeletedStack[] = [];
  const state: { refusal: Refusal | null; lambdaLimit: number | null } = {
    refusal: null,
    lambdaLimit: 1_000,
  };
  const xml = (status: number, body: string): Answer => ({ status, body, type: 'text/xml' });

  /** Lambda's GetAccountSettings. */
  function accountSettings(): Answer {
    const { lambdaLimit: limit } = state;
    const type = 'application/json';
    if (limit === null) {
      const refused = { __type: 'AccessDeniedException', Message: 'no' };
      return { status: 403, body: JSON.stringify(refused), type };
    }
    const AccountLimit = { ConcurrentExecutions: limit, UnreservedConcurrentExecutions: limit };
    return { status: 200, body: JSON.stringify({ AccountLimit }), type };
  }

  function answer(request: IncomingMessage, body: string): Answer {
    if (request.headers['x-amz-target'] === 'AWSEvents.DescribeEventBus') {
      const Arn = `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/default`;
      return {
        status: 200,
        body: JSON.stringify({ Name: 'default', Arn }),
        type: 'application/x-amz-json-1.1',
      };
    }
    if (request.url?.includes('/account-settings') === true) return accountSettings();
    if (state.refusal !== null) return xml(state.refusal.status, errorXml(state.refusal));
    const form = new URLSearchParams(body);
    const name = form.get('StackName') ?? '';
    const action = form.get('Action') ?? '';
    if (action === 'ListStacks') {
      const summaries = deleted.map(deletedXml).join('');
      return xml(200, resultXml(action, `<StackSummaries>${summaries}</StackSummaries>`));
    }
    const gone = deleted.find(({ id }) => id === name);
    if (action === 'ListStackResources' && gone !== undefined) {
      const summaries = resourcesXml(gone);
      return xml(200, resultXml(action, `<StackResourceSummaries>${summaries}</StackResourceSummaries>`));
    }
    const stack = stacks.get(name);
    if (action !== 'DescribeStacks' || stack === undefined) {
      const message = `Stack with id ${name} does not exist`;
      return xml(400, errorXml({ status: 400, code: 'ValidationError', message }));
    }
    return xml(200, resultXml(action, `<Stacks>${stackXml(stack)}</Stacks>`));
  }

  const server = createServer((request, response) => {
    void readBody(request, 100_000).then((read) => {
      const { status, body, type } = answer(request, read?.toString('utf8') ?? '');
      response.writeHead(status, { 'content-type': type }).end(body);
    });
  });
  const port = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}`,
    stacks,
    deleted,
    get refusal() {
      return state.refusal;
    },
    get lambdaLimit() {
      return state.lambdaLimit;
    },
    set lambdaLimit(limit) {
      state.lambdaLimit = limit;
    },
    set refusal(refusal) {
      state.refusal = refusal;
    },
    close: () => closeServer(server),
  };
}
