/** AWS that no longer answers: an attempt ends before Lambda cuts it off, and another one goes on from there. */
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ExtractResult, PlanResult } from '../../functions/core/workflow.ts';
import { createExtractor, createStartRun, type InvocationContext } from '../../functions/handlers.ts';
import { closeServer, listenOnLoopback } from '../../lib/standins/aws/loopback-server.ts';
import { type Bench, type Session, startBench } from '../support/local/local-bench.ts';

/** The margin that real extractors have: calls of AWS end 3 s before the invocation does. */
const LEFT_MS = 4_500;
const PLENTY_MS = 900_000;

/** Passes requests on, until it only takes them. */
async function startGate(target: string) {
  const gate = { hangsFrom: Number.POSITIVE_INFINITY, seen: 0, hangingSince: 0 };
  const server = createServer((incoming, response) => {
    gate.seen += 1;
    if (gate.seen >= gate.hangsFrom) {
      gate.hangingSince ||= Date.now();
      return;
    }
    const { method, headers, url } = incoming;
    const { hostname, port } = new URL(target);
    const onward = request({ hostname, port, method, headers, path: url }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  const url = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  const close = async () => {
    server.closeAllConnections();
    await closeServer(server);
  };
  return { gate, url, close };
}

type Gate = Awaited<ReturnType<typeof startGate>>;

let bench: Bench;
let session: Session;
const SERVICES = ['S3', 'DYNAMODB', 'GLUE'] as const;
type Service = (typeof SERVICES)[number];
const gates = {} as Record<Service, Gate>;

beforeAll(async () => {
  bench = await startBench({
    clock: { speed: 1 },
    sync: { config: { objects: ['contacts'], concurrency: 4 } },
  });
  session = await bench.open();
  for (const service of SERVICES) {
    gates[service] = await startGate(process.env[`AWS_ENDPOINT_URL_${service}`] ?? '');
    process.env[`AWS_ENDPOINT_URL_${service}`] = gates[service].url;
  }
  await session.run();
});
afterAll(async () => {
  for (const { close } of Object.values(gates)) await close();
  await session.close();
  await bench.close();
});
afterEach(() => {
  for (const { gate } of Object.values(gates)) gate.hangsFrom = Number.POSITIVE_INFINITY;
});

/** Plenty of time, until AWS stops answering. */
const contextOf = ({ gate }: Gate): InvocationContext => ({
  getRemainingTimeInMillis: () =>
    gate.hangingSince === 0 ? PLENTY_MS : LEFT_MS - (Date.now() - gate.hangingSince),
});

const PLENTY: InvocationContext = { getRemainingTimeInMillis: () => PLENTY_MS };

const OPERATIONS = ['plan', 'extract', 'commit'] as const;

/** Begins a run of contacts, with everything to read. */
async function beginRun() {
  const { executions, resources } = session.pipeline;
  const environmentOf = (entry: string) => ({
    ...resources.functions.find(
      (one) =>
        one.entry === entry &&
        one.environment.OBJECT_NAME === (entry === 'extractor' ? 'contacts' : undefined),
    )?.environment,
    CONFIG_PATH: join(bench.directory, 'state', 'pipeline.json'),
  });
  const quiet = { clock: bench.clock, observe: () => undefined, metrics: { record: () => undefined } };
  const input = { mode: 'full_refresh' };
  const { arn, startTime } = executions.begin({ input });
  const start = createStartRun(environmentOf('start-run'), quiet);
  const { runId } = await start(
    { execution: { arn, startTime }, input, extractors: { contacts: 'contacts' } },
    PLENTY,
  );
  const handler = createExtractor(environmentOf('extractor'), quiet);
  return { runId, handler, base: { object: 'contacts', runId, execution: arn } as const };
}

const S3_AND_DYNAMODB = (['S3', 'DYNAMODB'] as const).flatMap((service) =>
  OPERATIONS.flatMap((operation) => [1, 3].map((call) => [service, operation, call] as const)),
);

test.each<readonly [Service, (typeof OPERATIONS)[number], number]>([
  ...S3_AND_DYNAMODB,
  ['GLUE', 'commit', 2],
])('%s stops answering during %s, from call %i on', async (service, operation, call) => {
  const gate = gates[service];
  const { runId, handler, base } = await beginRun();
  let slices: PlanResult['slices'] = [];
  const steps = {
    plan: async (context: InvocationContext) => {
      ({ slices } = (await handler({ ...base, operation: 'plan' }, context)) as PlanResult);
    },
    extract: async (context: InvocationContext) => {
      for (const { slice } of slices) {
        const attempt = async () =>
          (await handler({ ...base, operation: 'extract', slice }, context)) as ExtractResult;
        while ((await attempt()).status !== 'done');
      }
    },
    commit: (context: InvocationContext) => handler({ ...base, operation: 'commit' }, context),
  };
  for (const step of OPERATIONS) {
    if (step === operation) {
      Object.assign(gate.gate, { hangsFrom: gate.gate.seen + call, hangingSince: 0 });
      await expect(steps[step](contextOf(gate))).rejects.toMatchObject({
        name: 'RetryableError',
        code: 'deadline',
      });
      expect(Date.now() - gate.gate.hangingSince).toBeLessThan(LEFT_MS);
      gate.gate.hangsFrom = Number.POSITIVE_INFINITY;
    }
    await steps[step](PLENTY);
  }
  session.pipeline.executions.finish('SUCCEEDED');
  const lake = await bench.lake((id) => id === runId);
  expect(lake.manifests('contacts')[0]?.completeness.status).toBe('complete');
  expect(lake.current('contacts').size).toBe(bench.simulator.workspace.contacts.size);
});
