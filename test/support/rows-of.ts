/** Reads back what was written. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { Manifest, Part } from '../../functions/core/engine-files.ts';
import type { ObjectName, TableName } from '../../functions/core/names.ts';
import { counting } from '../../functions/sync/counting.ts';
import type { MemoryLake } from './memory/memory-lake.ts';

export type OutputRow = Readonly<Record<string, unknown>>;

function rowsOfFile(lake: MemoryLake, key: string): readonly OutputRow[] {
  const body = lake.files.get(key);
  if (body === undefined) throw new Error(`a listed file is missing: ${key}`);
  const text = (key.endsWith('.gz') ? gunzipSync(body) : Buffer.from(body)).toString('utf8');
  if (!text.endsWith('\n')) throw new Error(`${key} does not end with a newline`);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as OutputRow);
}

/** Rows of the listed parts of a table. Each file is checked against its entry in the list. */
export function rowsOfParts(
  lake: MemoryLake,
  parts: readonly Part[],
  table: TableName,
): readonly OutputRow[] {
  return parts
    .filter((part) => part.table === table)
    .flatMap((part) => {
      const rows = rowsOfFile(lake, part.key);
      const body = lake.files.get(part.key) ?? new Uint8Array();
      const sha256 = createHash('sha256').update(body).digest('hex');
      const found = { rows: rows.length, bytes: body.length, sha256 };
      const listed = { rows: part.rows, bytes: part.bytes, sha256: part.sha256 };
      if (JSON.stringify(found) !== JSON.stringify(listed))
        throw new Error(`${part.key} does not match the list`);
      return rows;
    });
}

export const manifestsOf = (lake: MemoryLake, object: ObjectName): readonly Manifest[] =>
  lake.keys(`manifests/${object}/`).map((key) => lake.json<Manifest>(key));

/** The manifests that no rewrite replaces. */
export const countingManifestsOf = (lake: MemoryLake, object: ObjectName): readonly Manifest[] =>
  counting(
    manifestsOf(lake, object).map((manifest) => ({
      manifest,
      runId: manifest.run_id,
      replaces: manifest.replaces ?? [],
    })),
  ).map(({ manifest }) => manifest);

/** Rows of a table over all committed runs of an object. */
export function committedRows(
  lake: MemoryLake,
  object: ObjectName,
  table: TableName = object,
): readonly OutputRow[] {
  return countingManifestsOf(lake, object).flatMap((manifest) =>
    rowsOfParts(
      lake,
      (manifest.tables[table]?.files ?? []).map((file) => ({ table, ...file })),
      table,
    ),
  );
}
