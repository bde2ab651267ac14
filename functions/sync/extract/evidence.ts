/** Evidence for the proof of completeness, summed up page by page. Pure. */
import type { ObjectDeclaration } from '../../core/declaration.ts';
import type { Evidence } from '../../core/engine-files.ts';
import { valueAt } from '../../core/paths.ts';
import type { PageEvidence, ReadRecord } from '../../core/reading.ts';

export const addEvidence = (sum: Evidence, page: PageEvidence): Evidence => ({
  ...sum,
  partsExpected: sum.partsExpected + (page.partsExpected ?? 0),
  partsWritten: sum.partsWritten + (page.partsWritten ?? 0),
  overCap: [...new Set([...sum.overCap, ...(page.overCap ?? [])])],
});

/** What the embedded lists of these records say that they hold, per child table. */
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
