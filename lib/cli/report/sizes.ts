/** How much of each table is stored, from the manifests that count. */
import type { ObjectName, TableName } from '../../../functions/core/names.ts';
import type { Lake } from '../../../functions/core/ports.ts';
import { manifestsOf, thatCount } from '../../../functions/sync/manifests.ts';

export interface TableSize {
  readonly table: TableName;
  /** All versions of all rows. */
  readonly rows: number;
  /** As stored, compressed. */
  readonly bytes: number;
  readonly files: number;
}

/** Largest table first. @throws ContractError if a manifest cannot be read */
export async function readSizes(
  lake: Pick<Lake, 'get' | 'list'>,
  objects: readonly ObjectName[],
): Promise<readonly TableSize[]> {
  const sizes = new Map<string, TableSize>();
  for (const object of objects) {
    for (const { manifest } of thatCount(await manifestsOf(lake, object))) {
      for (const [name, { rows, files }] of Object.entries(manifest.tables)) {
        const table = name as TableName;
        const before = sizes.get(table) ?? { table, rows: 0, bytes: 0, files: 0 };
        sizes.set(table, {
          table,
          rows: before.rows + rows,
          bytes: files.reduce((bytes, file) => bytes + file.bytes, before.bytes),
          files: before.files + files.length,
        });
      }
    }
  }
  return [...sizes.values()].sort((a, b) => b.bytes - a.bytes);
}
