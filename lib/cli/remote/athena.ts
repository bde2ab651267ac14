/** SQL on a deployed pipeline's tables, with Athena, in the workgroup and database of its stack. */
import {
  AthenaClient,
  GetQueryExecutionCommand,
  paginateGetQueryResults,
  StartQueryExecutionCommand,
  type StartQueryExecutionCommandInput,
  StopQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { InputError, isPipelineError } from '../../../functions/core/errors.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { dataStackOf } from './deployment.ts';
import type { RemotePipeline } from './remote-pipeline.ts';
import { describeStack } from './stacks.ts';

/** Athena takes a second or more for an answer. */
const LOOK_AGAIN_MS = 500;

/** Values are text, as Athena sends them; a null stays one. */
export type AthenaRow = Readonly<Record<string, string | null>>;

type Watcher = Pick<Terminal, 'clock' | 'signal' | 'tell'>;

/**
 * Answers a query.
 * @throws InputError with Athena's message about the SQL; the signal's reason, after stopping the query; the errors of
 *   explainAws
 */
export type AskAthena = (sql: string) => Promise<readonly AthenaRow[]>;

/** Athena bills what it scans, and stops a query that exceeds the workgroup's limit. The first query looks up the workgroup. */
export function openAthena(
  { clients, deployed }: Pick<RemotePipeline, 'clients' | 'deployed'>,
  terminal: Watcher,
): AskAthena {
  // Ctrl-C must not cut off its calls: only a query whose id came back can be stopped, and that takes one more call.
  const client = clients.open(AthenaClient, new AbortController().signal);
  let place: ReturnType<typeof placeOf> | null = null;
  return async (sql) => {
    place ??= placeOf(clients, deployed.name);
    const query = { QueryString: sql, ...(await place) };
    terminal.signal.throwIfAborted();
    return ask(client, query, terminal);
  };
}

async function placeOf({ cloudFormation }: RemotePipeline['clients'], pipeline: string) {
  const stack = await describeStack(cloudFormation, dataStackOf(pipeline));
  const output = (key: string) => stack?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
  return {
    WorkGroup: output('AthenaWorkgroup'),
    QueryExecutionContext: { Database: output('GlueDatabase') },
  };
}

/** @throws InputError if the query fails; the signal's reason */
async function waitUntilDone(
  client: AthenaClient,
  QueryExecutionId: string | undefined,
  { clock, signal }: Watcher,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const { QueryExecution } = await client.send(new GetQueryExecutionCommand({ QueryExecutionId }));
    const { State, StateChangeReason = '' } = QueryExecution?.Status ?? {};
    if (State === 'SUCCEEDED') return;
    if (State === 'FAILED' || State === 'CANCELLED') {
      throw new InputError(`Athena: ${StateChangeReason || State}`, { code: 'query_failed' });
    }
    await clock.sleep(LOOK_AGAIN_MS, signal);
  }
}

/** Athena would go on, and bill what it scans. Tells the person if it does. */
async function stop(
  client: AthenaClient,
  QueryExecutionId: string | undefined,
  { tell }: Watcher,
): Promise<void> {
  try {
    await client.send(new StopQueryExecutionCommand({ QueryExecutionId }));
  } catch (error) {
    if (!isPipelineError(error)) throw error;
    tell(`Query ${QueryExecutionId} goes on in Athena: ${error.message}`);
  }
}

async function ask(
  client: AthenaClient,
  query: StartQueryExecutionCommandInput,
  watcher: Watcher,
): Promise<readonly AthenaRow[]> {
  const { signal } = watcher;
  const { QueryExecutionId } = await client.send(new StartQueryExecutionCommand(query));
  try {
    await waitUntilDone(client, QueryExecutionId, watcher);
  } catch (error) {
    if (signal.aborted) await stop(client, QueryExecutionId, watcher);
    throw error;
  }
  const rows: AthenaRow[] = [];
  let names: readonly string[] | undefined;
  for await (const { ResultSet } of paginateGetQueryResults({ client }, { QueryExecutionId })) {
    signal.throwIfAborted();
    for (const { Data = [] } of ResultSet?.Rows ?? []) {
      // The first row has the names of the columns.
      if (names === undefined) names = Data.map(({ VarCharValue }) => VarCharValue ?? '');
      else
        rows.push(Object.fromEntries(names.map((name, index) => [name, Data[index]?.VarCharValue ?? null])));
    }
  }
  return rows;
}
