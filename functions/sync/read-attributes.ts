/** The workspace's own attributes, read from the committed rows that define them. */
import type { Manifest } from '../core/engine-files.ts';
import type { JsonObject } from '../core/json.ts';
import type { Attributes, Lake } from '../core/ports.ts';
import { attributesOf } from '../rows/attributes.ts';
import { rowsOf } from './lines.ts';

/**
 * @param manifest the object's last; every run reads an object that defines attributes whole
 * @returns nothing for an object that defines no attributes, or whose files are gone because a later run replaced them
 * @throws ContractError if a file is damaged
 */
export async function readAttributes(
  lake: Pick<Lake, 'get'>,
  manifest: Manifest | null,
): Promise<Attributes> {
  const read = manifest && attributesOf(manifest.object);
  if (!manifest || !read) return {};
  const rows: JsonObject[] = [];
  for (const { key } of manifest.tables[manifest.object]?.files ?? []) {
    const body = await lake.get(key);
    if (body !== null) for await (const { row } of rowsOf(key, body)) rows.push(row);
  }
  return read(rows);
}
