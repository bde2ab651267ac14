/** The proof of completeness of one object's run, from the receipts of its slices. Pure. */

import type { ObjectDeclaration } from '../../core/declaration.ts';
import type { Completeness, Debt, DoneSlice, Manifest } from '../../core/engine-files.ts';
import { sum } from '../../core/metrics.ts';
import type { ChildName } from '../../core/names.ts';

function relationsOf(slices: readonly DoneSlice[], tables: Manifest['tables']): Completeness['relations'] {
  const children = [...new Set(slices.flatMap(({ done }) => Object.keys(done.evidence.relations)))];
  return Object.fromEntries(
    children.map((name) => {
      const child = name as ChildName;
      const expected = sum(slices.map(({ done }) => done.evidence.relations[child] ?? 0));
      return [child, { expected, written: tables[child]?.rows ?? 0 }];
    }),
  );
}

function statusOf(
  slices: readonly DoneSlice[],
  relations: Completeness['relations'],
): Completeness['status'] {
  const relationsShort = Object.values(relations).some(({ expected, written }) => written < expected);
  if (relationsShort || slices.some(({ done }) => done.short || done.newDebts.length > 0)) return 'short';
  return slices.some(({ done }) => done.matched === null) ? 'unproven' : 'complete';
}

/**
 * `matched` is Intercom's own count over all slices (null if a slice has none), `read` the number of distinct
 * ids, `written` the rows of the main table. If the object declares `recordsOf`, the first two count
 * those records, and `parts` counts the rows.
 */
export function completenessOf(
  { name, recordsOf }: Pick<ObjectDeclaration, 'name' | 'recordsOf'>,
  slices: readonly DoneSlice[],
  tables: Manifest['tables'],
  debts: readonly Debt[],
): Completeness {
  const counts = slices.map(({ done }) => done.matched);
  const known = counts.filter((count) => count !== null);
  const relations = relationsOf(slices, tables);
  const evidence = slices.map(({ done }) => done.evidence);
  const largeRows = evidence.flatMap((one) => one.largeRows);
  return {
    status: statusOf(slices, relations),
    matched: known.length === counts.length ? sum(known) : null,
    read: sum(slices.map(({ done }) => done.read)),
    written: tables[name]?.rows ?? 0,
    parts:
      recordsOf === undefined
        ? null
        : {
            expected: sum(evidence.map(({ partsExpected }) => partsExpected)),
            written: sum(evidence.map(({ partsWritten }) => partsWritten)),
          },
    over_cap: [...new Set(evidence.flatMap(({ overCap }) => overCap))],
    ...(largeRows.length > 0 && { large_rows: largeRows }),
    relations,
    debts,
  };
}
