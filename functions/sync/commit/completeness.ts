/** The proof of completeness of one object's run, from the receipts of its slices. Pure. */

import type { ObjectDeclaration } from '../../core/declaration.ts';
import type { Completeness, Debt, DoneSlice, Manifest } from '../../core/engine-files.ts';
import { sum } from '../../core/metrics.ts';
import type { ChildName } from '../../core/names.ts';
import type { Observed } from '../../core/reading.ts';
import { readsRecords } from '../judge.ts';

/** How many records may come without a list before that is systematic. */
const fewUnknown = (read: number): number => Math.max(10, read * 0.01);

interface Relation {
  readonly child: ChildName;
  readonly expected: number;
  readonly listed: number;
  readonly unknown: number;
}

/** What the slices' lists add up to, counted before duplicate items are dropped. */
function relationsOf(slices: readonly DoneSlice[]): readonly Relation[] {
  const all = slices.map(({ done }) => done.evidence.relations);
  const children = [...new Set(all.flatMap((one) => Object.keys(one) as ChildName[]))];
  return children.map((child) => ({
    child,
    expected: sum(all.map((one) => one[child]?.expected ?? 0)),
    listed: sum(all.map((one) => one[child]?.listed ?? 0)),
    unknown: sum(all.map((one) => one[child]?.unknown ?? 0)),
  }));
}

/** Lists that too many of the records came without, as drift: `contacts.tags: no longer sent`. */
export function listsNoLongerSent(
  { name, children }: Pick<ObjectDeclaration, 'name' | 'children'>,
  slices: readonly DoneSlice[],
): readonly string[] {
  const read = sum(slices.map(({ done }) => done.read));
  return relationsOf(slices)
    .filter(({ unknown }) => unknown > fewUnknown(read))
    .flatMap(({ child }) => children.filter(({ table }) => table === child))
    .map(({ list }) => `${name}.${list.field}: no longer sent`);
}

function statusOf(
  slices: readonly DoneSlice[],
  relations: readonly Relation[],
  debts: readonly Debt[],
): Completeness['status'] {
  const read = sum(slices.map(({ done }) => done.read));
  const isShort =
    debts.length > 0 ||
    relations.some(({ expected, listed, unknown }) => listed < expected || unknown > fewUnknown(read)) ||
    slices.some(({ done }) => done.short || done.evidence.rejects > 0);
  if (isShort) return 'short';
  return slices.some(({ done }) => done.matched === null) ? 'unproven' : 'complete';
}

/** Our assumptions about Intercom that did not hold, over all slices. */
function observedIn(slices: readonly DoneSlice[]): Observed {
  const untimed = sum(slices.map(({ done }) => done.evidence.untimed));
  const observed = Object.assign({}, ...slices.map(({ done }) => done.evidence.observed));
  if (untimed === 0) return observed;
  return { ...observed, times: `${untimed} could not be read; the time of arrival stands in` };
}

/**
 * `matched` is Intercom's own count over all slices (null if a slice has none), `read` the number of distinct
 * ids, `written` the rows of the main table. If the object declares `recordsOf`, the first two count
 * those records, and `parts` counts the rows.
 */
export function completenessOf(
  { name, recordsOf }: Pick<ObjectDeclaration, 'name' | 'recordsOf'>,
  all: readonly DoneSlice[],
  tables: Manifest['tables'],
  debts: readonly Debt[],
): Completeness {
  const slices = all.filter(({ slice }) => readsRecords(slice));
  const counts = slices.map(({ done }) => done.matched);
  const known = counts.filter((count) => count !== null);
  const relations = relationsOf(slices);
  const observed = observedIn(all);
  const evidence = slices.map(({ done }) => done.evidence);
  const largeRows = evidence.flatMap((one) => one.largeRows);
  const suppressed = sum(all.map(({ done }) => done.evidence.suppressed ?? 0));
  return {
    status: statusOf(slices, relations, debts),
    matched: known.length === counts.length ? sum(known) : null,
    read: sum(slices.map(({ done }) => done.read)),
    written: tables[name]?.rows ?? 0,
    ...(suppressed > 0 && { suppressed }),
    parts:
      recordsOf === undefined
        ? null
        : {
            expected: sum(evidence.map(({ partsExpected }) => partsExpected)),
            written: sum(evidence.map(({ partsWritten }) => partsWritten)),
          },
    over_cap: [...new Set(evidence.flatMap(({ overCap }) => overCap))],
    ...(largeRows.length > 0 && { large_rows: largeRows }),
    relations: Object.fromEntries(
      relations.map(({ child, expected, unknown }) => [
        child,
        { expected, written: tables[child]?.rows ?? 0, ...(unknown > 0 && { unknown }) },
      ]),
    ),
    debts,
    ...(Object.keys(observed).length > 0 && { observed }),
  };
}
