/** SQL on a deployed pipeline's tables, with Athena, in the workgroup and database of its stack. */
import { setTimeout } from 'node:timers/promises';
import {
  AthenaClient,
  GetQueryExecutionCommand,
  paginateGetQueryResults,
  StartQueryExecutionCommand,
  type StartQueryExecutionCommandInput,
} from '@aws-sdk/client-athena';
import { InputError } from '../../../functions/core/errors.ts';
import { dataStackOf } from './deployment.ts';
import type { RemotePipeline } from './remote-pipeline.ts';
import { describeStack } from './stacks.ts';

/** Athena takes a second or more for an answer. */
const LOOK_AGAIN_MS = 500;

/** Values are text, as Athena sends them; a null stays one. */
export type AthenaRow = Readonly<Record<string, string | null>>;

/** Answers a query. @throws InputError with Athena's message about the SQL; the errors of explainAws */
export type AskAthena = (sql: string) => Promise<readonly AthenaRow[]>;

/** Athena bills what it scans, and stops a query that exceeds the workgroup's limit. The first query looks up the workgroup. */
export function openAthena(
  { clients, deployed }: Pick<RemotePipeline, 'clients' | 'deployed'>,
  signal: AbortSignal,
): AskAthena {
  const client = clients.open(AthenaClient);
  let place: ReturnType<typeof placeOf> | null = null;
  return async (sql) => {
    place ??= placeOf(clients, deployed.name);
    return ask(client, { QueryString: sql, ...(await place) }, signal);
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

async function ask(
  client: AthenaClient,
  query: StartQueryExecutionCommandInput,
  signal: AbortSignal,
): Promise<readonly AthenaRow[]> {
  const { QueryExecutionId } = await client.send(new StartQueryExecutionCommand(query));
  for (;;) {
    const { QueryExecution } = await client.send(new GetQueryExecutionCommand({ QueryExecutionId }));
    const { State, StateChangeReason = '' } = QueryExecution?.Status ?? {};
    if (State === 'SUCCEEDED') break;
    if (State === 'FAILED' || State === 'CANCELLED') {
      throw new InputError(`Athena: ${StateChangeReason || State}`, { code: 'query_failed' });
    }
    await setTimeout(LOOK_AGAIN_MS, undefined, { signal });
  }
  const rows: AthenaRow[] = [];
  let names: readonly string[] | undefined;
  for await (const { ResultSet } of paginateGetQueryResults({ client }, { QueryExecutionId })) {
    for (const { Data = [] } of ResultSet?.Rows ?? []) {
      // The first row has the names of the columns.
      if (names === undefined) names = Data.map(({ VarCharValue }) => VarCharValue ?? '');
      else
        rows.push(Object.fromEntries(names.map((name, index) => [name, Data[index]?.VarCharValue ?? null])));
    }
  }
  return rows;
}
