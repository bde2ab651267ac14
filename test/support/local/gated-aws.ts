/** The embedded AWS as a function's role lets it be used: what the template does not allow is denied, as IAM denies it. */
import type { IncomingMessage } from 'node:http';
import { LOCAL_PLACE } from '../../../lib/template/template.ts';
import { type AccessRequest, isAllowed, isUseOf, rightsIn, type Statement } from '../iam.ts';
import { accessRequests, bucketAndKey, keyRequests, listing, signedService } from './access-requests.ts';
import { type AwsProxy, type AwsRefusal, allOff, type Judge, startAwsProxy } from './aws-proxy.ts';

export interface Right {
  /** `s3:GetObject on arn:…` */
  readonly text: string;
  /** Whether any request has needed it. */
  readonly isUsed: boolean;
}

export interface GatedAws {
  /** The endpoints with the gate before them. */
  readonly environment: Readonly<Record<string, string>>;
  /** What was asked for and not allowed, `s3:GetObject on arn:…`; also what nobody has looked up yet. */
  readonly denied: readonly string[];
  /** Every right of the role. */
  rights(): readonly Right[];
  /** Does what writes ask for, and answers the first try of each with an error, until it is called off. */
  loseAnswers(): () => void;
  /** By operation, in all services. */
  refuse(operation: string, refusal: AwsRefusal): () => void;
  close(): Promise<void>;
}

const text = ({ action, resource }: Omit<AccessRequest, 'context'>): string => `${action} on ${resource}`;

/** The SDK counts its tries: `amz-sdk-request: attempt=1; max=3`. */
const isFirstTry = ({ headers }: IncomingMessage): boolean =>
  String(headers['amz-sdk-request']).startsWith('attempt=1');

const isWrite = ({ method, headers }: IncomingMessage): boolean => {
  const target = headers['x-amz-target'];
  return target === undefined ? method !== 'GET' : !/\.(Get|Describe)\w+$/.test(String(target));
};

export interface Gate {
  /** Of the embedded AWS. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logicalId: string;
  readonly rights: readonly Statement[];
  /** Whether data, state and secrets are encrypted with the pipeline's own key. */
  readonly hasOwnKey: boolean;
}

export async function gateAws({ environment, logicalId, rights, hasOwnKey }: Gate): Promise<GatedAws> {
  const denied: string[] = [];
  const asked: AccessRequest[] = [];
  let isLosing = false;

  function whyNot(direct: readonly AccessRequest[]): string | null {
    const indirect = hasOwnKey ? direct.flatMap((question) => keyRequests(question, LOCAL_PLACE)) : [];
    const questions = [...direct, ...indirect];
    asked.push(...questions);
    const refused = questions.find((question) => !isAllowed(rights, question));
    return refused === undefined ? null : `${text(refused)} with ${JSON.stringify(refused.context)}`;
  }

  /** Denies if there is a reason to. */
  function verdict(request: IncomingMessage, reason: string | null): AwsRefusal | null {
    if (reason === null) return null;
    denied.push(`${logicalId}: ${reason}`);
    return request.headers['x-amz-target'] === undefined
      ? { status: 403, type: 'AccessDenied' }
      : { status: 400, type: 'AccessDeniedException' };
  }

  const judge: Judge = {
    before(request, body) {
      try {
        return verdict(request, whyNot(accessRequests(request, body.toString('latin1'), LOCAL_PLACE)));
      } catch (error) {
        return verdict(request, String(error));
      }
    },
    // Only who may list the bucket is told that an object is not there (GetObject, "Permissions").
    after(request, status) {
      if (isLosing && isFirstTry(request) && isWrite(request)) return { status: 500, type: 'InternalError' };
      if (signedService(request) !== 's3' || request.method !== 'GET' || status !== 404) return null;
      return verdict(request, whyNot([listing(bucketAndKey(request.url ?? '').bucket, null)]));
    },
  };

  const proxies = new Map<string, AwsProxy>();
  const gated: Record<string, string> = {};
  for (const [name, target] of Object.entries(environment)) {
    if (!name.startsWith('AWS_ENDPOINT_URL')) continue;
    const proxy = proxies.get(target) ?? (await startAwsProxy(target, judge));
    proxies.set(target, proxy);
    gated[name] = proxy.url;
  }
  return {
    environment: { ...environment, ...gated },
    denied,
    rights: () =>
      rightsIn(rights).map((right) => ({
        text: text(right),
        isUsed: asked.some((one) => isUseOf(right, one)),
      })),
    loseAnswers() {
      isLosing = true;
      return () => {
        isLosing = false;
      };
    },
    refuse: (operation, refusal) =>
      allOff([...proxies.values()].map((proxy) => proxy.refuse(operation, refusal))),
    close: async () => void (await Promise.all([...proxies.values()].map((proxy) => proxy.close()))),
  };
}
