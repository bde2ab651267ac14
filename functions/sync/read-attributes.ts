/** The workspace's own attributes, read from the committed rows that define them. */
import type { Manifest } from '../core/engine-files.ts';
import type { Attributes, Lake } from '../core/ports.ts';
import { attributesOf } from '../rows/attributes.ts';
import { linesOf, type Row, rowOf } from './lines.ts';

/**
 * @param manifest the object's last; every run reads an object that defines attributes whole
 * @returns nothing for an object that defines no attributes, or whose files are gone because a later run replaced them
 * @throws if a file is damaged
 */
export async function readAttributes(
  lake: Pick<Lake, 'get'>,
  manifest: Manifest | null,
): Promise<Attributes> {
  const read = manifest && attributesOf(manifest.object);
  if (!manifest || !read) return {};
  const rows: Row[] = [];
  for (const { key } of manifest.tables[manifest.object]?.files ?? []) {
    const body = await lake.get(key);
    if (body !== null) for await (const line of linesOf(key, body)) rows.push(rowOf(line));
  }
  return read(rows);
}
