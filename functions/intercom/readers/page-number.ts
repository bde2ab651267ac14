/**
 * Reads a page-number list (docs/intercom-api.md 4, style C). Such lists shift while they are read. If a walk
 * falls short of Intercom's count, it is repeated and the results are united.
 */
import type { ObjectDeclaration, PageNumberRead } from '../../core/declaration.ts';
import type { ObjectReader, Position, ReadEvent } from '../../core/reading.ts';
import { isSwitchedOff, switchedOff } from '../http/failures.ts';
import { createFailureGate } from './walk/failure-gate.ts';
import { ahead } from './walk/in-order.ts';
import { type NumberPage, walkNumbers } from './walk/number-walk.ts';
import { askOptions, onlyWhole, type ReaderDeps } from './walk/requests.ts';
import { createRecordTaker } from './walk/take-records.ts';

type PageNumberPosition = {
  /** From 1. */
  readonly walk: number;
  readonly offset: number;
  /** `total_count` with the last page; null if there was none. */
  readonly count: number | null;
  /** Largest `total_count` seen; null if there was none. */
  readonly largest: number | null;
  /** Distinct ids of all walks so far; a lower bound. */
  readonly distinct: number;
  readonly ended: boolean;
};

const BEGINNING: PageNumberPosition = {
  walk: 1,
  offset: 0,
  count: null,
  largest: null,
  distinct: 0,
  ended: false,
};

/** The first walk and its repetitions. */
const MOST_WALKS = 4;

const larger = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.max(a, b);

/**
 * The next walk, or the end if the count is reached or repeating did not help.
 * @param known how many records earlier runs found to be counted and never listed
 */
function afterWalk(state: PageNumberPosition, known: number): PageNumberPosition {
  const short = state.largest !== null && state.distinct + known < state.largest;
  return short && state.walk < MOST_WALKS
    ? { ...state, walk: state.walk + 1, offset: 0, count: null }
    : { ...state, ended: true };
}

export function createPageNumberReader(
  declaration: ObjectDeclaration,
  read: PageNumberRead,
  deps: ReaderDeps,
): ObjectReader {
  const ask = askOptions(declaration, deps);
  const list = { path: read.path, recordsKeys: [read.recordsKey], perPageSizes: read.perPageSizes };

  async function* walk(start: Position | null, known: number): AsyncGenerator<ReadEvent, void, void> {
    const seen = new Set<string>();
    const take = createRecordTaker(declaration, deps, ask, createFailureGate(deps.client, deps.signal));
    let state = (start as PageNumberPosition | null) ?? BEGINNING;
    /** Distinct ids of an earlier invocation. Only their number is known, so they count only for their own walk. */
    let inherited = state.distinct;

    async function eventOf(page: NumberPage): Promise<ReadEvent> {
      const { records: taken, rejects } = await take(page.records, page.receivedAtMs, read.recordsKey);
      const records = taken.filter(({ id }) => !seen.has(id));
      for (const { id } of records) seen.add(id);
      const distinct = Math.max(state.distinct, inherited + seen.size);
      const { nextOffset: offset, total: count } = page;
      state = { ...state, offset, count, largest: larger(state.largest, count), distinct };
      if (page.isLast) {
        state = afterWalk(state, known);
        inherited = 0;
      }
      return { type: 'page', records, rejects, ids: records.map(({ id }) => id), position: state };
    }

    while (!state.ended) {
      const absent = state.offset === 0 ? isSwitchedOff : () => false;
      let pages = 0;
      const { offset, count: countBefore } = state;
      const walked = walkNumbers(deps.client, ask, list, { offset, countBefore, absent });
      for await (const page of walked) {
        pages += 1;
        yield await eventOf(page);
      }
      if (pages === 0) throw switchedOff(read.path);
    }
    yield { type: 'end', matched: state.largest };
  }

  return {
    read(slice, position) {
      onlyWhole(declaration, slice);
      return ahead(walk(position, slice.knownShort ?? 0));
    },
    probe: null,
  };
}
