/** DuckDB in memory with the macros that the views use, in a zone that is not UTC. */
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { manifestStatements } from '../../functions/catalog/duckdb.ts';

export async function openMacroDatabase(): Promise<{
  readonly connection: DuckDBConnection;
  readonly close: () => void;
}> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'America/New_York'");
  for (const sql of manifestStatements({ root: '/none/', manifests: [] })) {
    if (sql.includes('MACRO')) await connection.run(sql);
  }
  return {
    connection,
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
