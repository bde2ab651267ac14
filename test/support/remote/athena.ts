/** Athena for the command: it answers with what DuckDB says about the same tables, in Athena's form, a few rows a page. */
import { createServer, type IncomingMessage } from 'node:http';
import { openLakeDatabase } from '../../../lib/cli/local/lake-database.ts';
import type { QueryResult } from '../../../lib/cli/local/run-sql.ts';
import { closeServer, listenOnLoopback } from '../../../lib/standins/aws/loopback-server.ts';
import { readBody } from '../../../lib/standins/aws/read-body.ts';

interface Started {
  readonly sql: string;
  readonly workgroup: string;
  readonly database: string;
}

export interface Athena {
  readonly url: string;
  readonly started: readonly Started[];
  /** Ids of queries that were looked at, and of those that were stopped. */
  readonly looked: readonly string[];
  readonly stopped: readonly string[];
  /** No query ends. */
  isStuck: boolean;
  /** An error in place of every answer, or of those to one operation. */
  refusal: { readonly type: string; readonly message: string; readonly operation?: string } | null;
  close(): Promise<void>;
}

const PAGE = 7;

const data = (cells: readonly unknown[]) => ({
  Data: cells.map((cell) => (cell === null ? {} : { VarCharValue: String(cell) })),
});

/** @param directory the output directory that the deployed pipeline's bucket lies in */
export async function startAthena(directory: string): Promise<Athena> {
  const started: Started[] = [];
  const results = new Map<string, QueryResult | string>();
  /** A query takes two looks. */
  const looked: string[] = [];
  const stopped: string[] = [];
  const athena: Omit<Athena, 'url' | 'close'> = { started, looked, stopped, isStuck: false, refusal: null };

  async function start(sql: string, workgroup: string, database: string): Promise<object> {
    const id = `query-${started.push({ sql, workgroup, database })}`;
    const lake = await openLakeDatabase(directory);
    results.set(id, await lake.query(sql).catch((error: Error) => error.message));
    lake.close();
    return { QueryExecutionId: id };
  }

  function status(id: string): object {
    const result = results.get(id);
    const isDone = athena.isStuck || !looked.includes(id) ? 'RUNNING' : 'SUCCEEDED';
    looked.push(id);
    const Status =
      typeof result === 'string' ? { State: 'FAILED', StateChangeReason: result } : { State: isDone };
    return { QueryExecution: { QueryExecutionId: id, Status } };
  }

  function page(id: string, token: string | undefined): object {
    const result = results.get(id);
    if (result === undefined || typeof result === 'string') throw new Error(`no result of ${id}`);
    const rows = [data(result.columns.map(({ name }) => name)), ...result.rows.map(data)];
    const from = Number(token ?? 0);
    const next = from + PAGE < rows.length ? { NextToken: String(from + PAGE) } : {};
    return { ResultSet: { Rows: rows.slice(from, from + PAGE) }, ...next };
  }

  const operationOf = ({ headers }: IncomingMessage): string | undefined =>
    String(headers['x-amz-target']).split('.')[1];

  async function answer(request: IncomingMessage): Promise<object> {
    const operation = operationOf(request);
    const input = JSON.parse(String(await readBody(request, 100_000)));
    const id = input.QueryExecutionId;
    if (operation === 'StartQueryExecution')
      return start(input.QueryString, input.WorkGroup, input.QueryExecutionContext.Database);
    if (operation === 'GetQueryExecution') return status(id);
    if (operation === 'StopQueryExecution') {
      stopped.push(id);
      return {};
    }
    if (operation === 'GetQueryResults') return page(id, input.NextToken);
    throw new Error(`no ${operation}`);
  }

  const server = createServer(async (request, response) => {
    const { refusal: set } = athena;
    const refusal = set?.operation === undefined || set.operation === operationOf(request) ? set : null;
    const body =
      refusal === null ? await answer(request) : { __type: refusal.type, message: refusal.message };
    response.writeHead(refusal === null ? 200 : 400, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(body));
  });
  const url = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  return Object.assign(athena, { url, close: () => closeServer(server) });
}
