/** Rows so long that a query engine may refuse them: written like any other, and reported. Pure. */
import type { LargeRow } from '../../core/engine-files.ts';
import type { Row } from '../../rows/rows.ts';

/** Athena reads rows of up to 32 MB. */
const LARGE_ROW_BYTES = 30_000_000;

/** Bytes that a character of a string may take in UTF-8. */
const MAX_BYTES_PER_CHARACTER = 3;

/** The long ones among the rows of a record. */
export function largeRows(rows: readonly Row[], key: string): readonly LargeRow[] {
  return rows.flatMap(({ table, line }) => {
    if (line.length * MAX_BYTES_PER_CHARACTER <= LARGE_ROW_BYTES) return [];
    const bytes = Buffer.byteLength(line);
    return bytes > LARGE_ROW_BYTES ? [{ table, key, bytes }] : [];
  });
}
