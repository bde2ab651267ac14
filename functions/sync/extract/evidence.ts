/** Evidence for the proof of completeness, added up page by page. Pure. */
import type { ObjectDeclaration } from '../../core/declaration.ts';
import type { Evidence, LargeRow } from '../../core/engine-files.ts';
import { valueAt } from '../../core/paths.ts';
import type { PageEvidence, ReadRecord } from '../../core/reading.ts';
import type { Row } from '../../rows/rows.ts';

export const addEvidence = (sum: Evidence, page: PageEvidence): Evidence => ({
  ...sum,
  partsExpected: sum.partsExpected + (page.partsExpected ?? 0),
  partsWritten: sum.partsWritten + (page.partsWritten ?? 0),
  overCap: [...new Set([...sum.overCap, ...(page.overCap ?? [])])],
});

/** Adds the number of items that the embedded lists of these records claim to hold, per child table. */
export function addRelations(
  { embeddedLists }: ObjectDeclaration,
  sum: Evidence,
  records: readonly ReadRecord[],
): Evidence {
  const relations = { ...sum.relations };
  for (const { field, child } of embeddedLists) {
    const counts = records.map(({ record }) => valueAt(record, [field, 'total_count']));
    const stated = counts.reduce<number>(
      (total, count) => total + (typeof count === 'number' ? count : 0),
      0,
    );
    relations[child] = (relations[child] ?? 0) + stated;
  }
  return { ...sum, relations };
}

/** Athena reads rows of up to 32 MB. */
const LARGE_ROW_BYTES = 30_000_000;

/** Bytes that one character of a string can take in UTF-8. */
const MAX_BYTES_PER_CHARACTER = 3;

/** The rows of a record that are so long that a query engine may refuse them: written like any other, and reported. */
export function largeRows(rows: readonly Row[], key: string): readonly LargeRow[] {
  return rows.flatMap(({ table, line }) => {
    if (line.length * MAX_BYTES_PER_CHARACTER <= LARGE_ROW_BYTES) return [];
    const bytes = Buffer.byteLength(line);
    return bytes > LARGE_ROW_BYTES ? [{ table, key, bytes }] : [];
  });
}
