/** Trouble with everything outside of a sync, through the emulators: Intercom, S3, DynamoDB, secrets, functions. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { FunctionError } from '../../../lib/standins/aws/workflow/invocation.ts';
import type { IsolatedHandler } from '../../../lib/standins/aws/workflow/isolate.ts';
import type { Fault } from '../../../lib/standins/intercom/index.ts';
import type { Random } from '../../model/random.ts';
import { type AwsRefusal, type Judge, startAwsProxy } from './aws-proxy.ts';
import { type Bench, type Session, startBench } from './local-bench.ts';

/** An open pipeline whose outside can be troubled. */
export interface TroubledBench {
  readonly bench: Bench;
  readonly session: Session;
  /** Troubles the pipeline from now on. @returns ends it, and says how often it struck */
  begin(kind: TroubleKind, random: Random): () => number;
  /** Attempts that the workflow has given up have ended. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const errors = (code: string): object => ({ type: 'error.list', errors: [{ code, message: 'x' }] });
const HTML = '<html><body><h1>Bad gateway</h1></body></html>';

const HTTP_FAULTS: readonly Fault['respond'][] = [
  { status: 429, json: errors('rate_limit_exceeded') },
  { status: 429, headers: { 'Retry-After': '3' }, json: errors('rate_limit_exceeded') },
  { status: 500, json: errors('server_error') },
  { status: 502, html: HTML },
  { status: 503, html: HTML },
  { status: 504, html: HTML },
  { status: 200, html: HTML },
  { status: 200, empty: true },
  { status: 200, json: errors('server_error') },
  { status: 404, json: errors('not_found') },
  { status: 404, html: HTML },
  { status: 403, json: errors('forbidden') },
  { status: 410, json: errors('gone') },
  { status: 400, json: errors('client_error') },
  { kind: 'reset-connection' },
  { kind: 'truncate-body' },
  { kind: 'delay', delayMs: 200 },
];

const target = ({ headers }: IncomingMessage): string => String(headers['x-amz-target'] ?? 's3');

interface AwsTrouble {
  readonly refusal: AwsRefusal;
  readonly isMet: (request: IncomingMessage) => boolean;
  /** Done, and the answer is lost. */
  readonly isDone?: true;
  /** Chances that pass before it strikes, at most. */
  readonly mostAfter: number;
}

const AWS_TROUBLES = {
  'the catalog fails': {
    // Only the first commits, and those of a changed schema.
    mostAfter: 3,
    refusal: { status: 500, type: 'InternalServiceException' },
    isMet: (request) => target(request).startsWith('AWSGlue'),
  },
  'S3 refuses puts': {
    mostAfter: 30,
    refusal: { status: 503, type: 'SlowDown' },
    isMet: (request) => target(request) === 's3' && request.method === 'PUT',
  },
  'answers to puts are lost': {
    mostAfter: 30,
    refusal: { status: 500, type: 'InternalError' },
    isMet: (request) => target(request) === 's3' && request.method === 'PUT',
    isDone: true,
  },
  'S3 refuses reads': {
    mostAfter: 30,
    refusal: { status: 503, type: 'SlowDown' },
    isMet: (request) => target(request) === 's3' && request.method === 'GET',
  },
  'DynamoDB throttles': {
    mostAfter: 30,
    refusal: { status: 400, type: 'ThrottlingException' },
    isMet: (request) => target(request).startsWith('DynamoDB'),
  },
  'answers of DynamoDB are lost': {
    mostAfter: 30,
    refusal: { status: 500, type: 'InternalServerError' },
    isMet: (request) => target(request).startsWith('DynamoDB'),
    isDone: true,
  },
  'secrets are not given': {
    mostAfter: 8,
    refusal: { status: 500, type: 'InternalServiceError' },
    isMet: (request) => target(request).endsWith('.GetSecretValue'),
  },
} as const satisfies Readonly<Record<string, AwsTrouble>>;

type Around = (handler: IsolatedHandler) => IsolatedHandler;

/** Ways of a function; `left` takes in what goes on after the workflow has its answer. */
const FUNCTION_TROUBLES = {
  'a function times out and goes on': (left) => (handler) => async (event, context) => {
    left(handler(event, context));
    await wait(30);
    throw new FunctionError('Sandbox.Timedout', 'Task timed out');
  },
  'the answer of a function is lost': () => (handler) => async (event, context) => {
    await handler(event, context);
    throw new FunctionError('Lambda.Unknown', 'The answer is lost');
  },
  'two attempts live': (left) => (handler) => (event, context) => {
    left(handler(event, context));
    return handler(event, context);
  },
  'there is no time left': () => (handler) => (event, context) => {
    let asked = 0;
    return handler(event, {
      ...context,
      getRemainingTimeInMillis: () => {
        asked += 1;
        return asked > 3 ? 0 : context.getRemainingTimeInMillis();
      },
    });
  },
} as const satisfies Readonly<Record<string, (left: (ending: Promise<unknown>) => void) => Around>>;

export type TroubleKind = keyof typeof AWS_TROUBLES | keyof typeof FUNCTION_TROUBLES | 'Intercom is faulty';

export const TROUBLE_KINDS: readonly TroubleKind[] = [
  ...(Object.keys(AWS_TROUBLES) as (keyof typeof AWS_TROUBLES)[]),
  ...(Object.keys(FUNCTION_TROUBLES) as (keyof typeof FUNCTION_TROUBLES)[]),
  'Intercom is faulty',
];

/** A trouble that strikes some times, after some chances to. */
interface Armed<T> {
  readonly trouble: T;
  after: number;
  times: number;
  struck: number;
}

const strikes = <T>(armed: Armed<T>): boolean => {
  if (armed.after > 0) {
    armed.after -= 1;
    return false;
  }
  if (armed.times === 0) return false;
  armed.times -= 1;
  armed.struck += 1;
  return true;
};

/** More than the SDK and the workflow try again, at times. */
const TIMES = [1, 4, 15] as const;

export async function startTroubledBench(
  options: Parameters<typeof startBench>[0] = {},
): Promise<TroubledBench> {
  const aws = new Set<Armed<AwsTrouble>>();
  const functions = new Set<Armed<Around>>();
  const goingOn: Promise<unknown>[] = [];

  const verdict = (request: IncomingMessage, isDone: boolean): AwsRefusal | null => {
    for (const armed of aws) {
      const { isMet, refusal, isDone: whenDone = false } = armed.trouble;
      if (whenDone === isDone && isMet(request) && strikes(armed)) return refusal;
    }
    return null;
  };
  const judge: Judge = {
    before: (request) => verdict(request, false),
    after: (request) => verdict(request, true),
  };

  const around: Around = (handler) => (event, context) => {
    for (const armed of functions) if (strikes(armed)) return armed.trouble(handler)(event, context);
    return handler(event, context);
  };

  const bench = await startBench(options);
  const session = await bench.open({ ...options.sync, around });
  const endpoints = Object.entries(process.env).filter(([name]) => name.startsWith('AWS_ENDPOINT_URL'));
  const urls = [...new Set(endpoints.map(([, url = '']) => url))];
  const proxies = new Map(
    await Promise.all(urls.map(async (url) => [url, await startAwsProxy(url, judge)] as const)),
  );
  for (const [name, url = ''] of endpoints) process.env[name] = proxies.get(url)?.url;

  function arm<T>(set: Set<Armed<T>>, trouble: T, after: number, times: number): () => number {
    const armed = { trouble, after, times, struck: 0 };
    set.add(armed);
    return () => {
      set.delete(armed);
      return armed.struck;
    };
  }

  return {
    bench,
    session,
    begin(kind, random) {
      if (kind === 'Intercom is faulty') {
        const path = /^\/(?!me)/;
        const respond = random.pick(HTTP_FAULTS);
        const times = random.pick([1, 2, 10, 40]);
        const heal = bench.simulator.addFault({ match: { path }, after: random.int(0, 60), times, respond });
        return () => {
          heal();
          return times;
        };
      }
      if (kind in AWS_TROUBLES) {
        const trouble = AWS_TROUBLES[kind as keyof typeof AWS_TROUBLES];
        return arm<AwsTrouble>(aws, trouble, random.int(0, trouble.mostAfter), random.pick(TIMES));
      }
      const trouble = FUNCTION_TROUBLES[kind as keyof typeof FUNCTION_TROUBLES];
      const left = (ending: Promise<unknown>): void => void goingOn.push(ending.catch(() => undefined));
      return arm<Around>(functions, trouble(left), random.int(1, 12), random.pick([1, 2, 5]));
    },
    settled: async () => void (await Promise.all(goingOn.splice(0))),
    close: async () => {
      await session.close();
      await bench.close();
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
    },
  };
}
