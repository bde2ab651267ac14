/** Evidence for the proof of completeness, added up page by page. Pure. */
import type { ObjectDeclaration } from '../../core/declaration.ts';
import type { Evidence, LargeRow } from '../../core/engine-files.ts';
import type { ReadEvent, ReadRecord } from '../../core/reading.ts';
import { addRelations, recordLists } from '../../core/relationship.ts';
import type { Row } from '../../rows/rows.ts';
import { MAX_BYTES_PER_CHARACTER } from './part-writer.ts';

/** Adds what a page proves: its own counts, and those of the records that were kept. */
export function addEvidence(
  declaration: Pick<ObjectDeclaration, 'children' | 'omit'>,
  sum: Evidence,
  page: Pick<Extract<ReadEvent, { type: 'page' }>, 'evidence' | 'rejects'>,
  kept: readonly ReadRecord[],
): Evidence {
  const { partsExpected = 0, partsWritten = 0, overCap = [], observed = {} } = page.evidence ?? {};
  return {
    ...sum,
    partsExpected: sum.partsExpected + partsExpected,
    partsWritten: sum.partsWritten + partsWritten,
    overCap: [...new Set([...sum.overCap, ...overCap])],
    relations: addRelations(
      declaration,
      sum.relations,
      kept.map(({ record, lists }) => lists ?? recordLists(declaration, record)),
    ),
    rejects: sum.rejects + (page.rejects?.length ?? 0),
    untimed: sum.untimed + kept.filter(({ untimed }) => untimed === true).length,
    observed: { ...sum.observed, ...observed },
  };
}

/** Athena reads rows of up to 32 MB. */
const LARGE_ROW_BYTES = 30_000_000;

/** Adds the rows that are so long that a query engine may refuse them. They are written all the same. */
export function addLargeRows(large: LargeRow[], rows: readonly Row[], key: string): void {
  for (const { table, line } of rows) {
    if (line.length * MAX_BYTES_PER_CHARACTER <= LARGE_ROW_BYTES) continue;
    const bytes = Buffer.byteLength(line);
    if (bytes > LARGE_ROW_BYTES) large.push({ table, key, bytes });
  }
}
