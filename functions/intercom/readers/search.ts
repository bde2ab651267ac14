/** Reads objects that are searched by `updated_at`: contacts, conversations, tickets (docs/intercom-api.md 5). */
import type { ObjectDeclaration, SearchRead } from '../../core/declaration.ts';
import type { ObjectReader, ReadEvent, Slice } from '../../core/reading.ts';
import { createFailureGate, type Lost, orLost } from './walk/failure-gate.ts';
import { inOrder } from './walk/in-order.ts';
import { askOptions, type ReaderDeps } from './walk/requests.ts';
import { searchPositions } from './walk/search-position.ts';
import { createSearcher, listWindow, type SearchStep } from './walk/search-walk.ts';
import { createRecordTaker, type TakenRecords } from './walk/take-records.ts';

type PageStep = Extract<SearchStep, { type: 'page' }>;

/** Pages whose records are completed at the same time, so that the sub-lists of one do not hold up the next. */
const PAGES_AT_ONCE = 4;

/** Pages that wait to be written. */
const PAGES_WAITING = 2;

export function createSearchReader(
  declaration: ObjectDeclaration,
  read: SearchRead,
  deps: ReaderDeps,
): ObjectReader {
  const ask = askOptions(declaration, deps);
  const searcher = createSearcher(read, deps, ask);

  /** Reports records with incomplete lists as debts, then yields the page with what there is. */
  function* pageEvents(
    step: PageStep,
    { records, rejects, debts }: TakenRecords,
  ): Generator<ReadEvent, void, void> {
    for (const { id, reason } of debts) yield { type: 'debt', scope: { ids: [id] }, reason };
    yield {
      type: 'page',
      records,
      rejects,
      ids: records.map(({ id }) => id),
      position: step.position,
      evidence: { observed: step.observed },
    };
  }

  return {
    async *read(slice: Slice, position) {
      const { client, pace, signal } = deps;
      const gate = createFailureGate(client, signal, slice.query.kind === 'ids');
      const take = createRecordTaker(declaration, deps, ask, gate);
      const walk = orLost(searcher.walk(slice.query, searchPositions(position)), client, signal);
      const pagesAtOnce = (): number => Math.min(PAGES_AT_ONCE, pace.limit());
      const work = async (step: SearchStep | Lost) =>
        step.type === 'page'
          ? { step, page: await take(step.records, step.receivedAtMs, read.recordsKey) }
          : { step, page: null };
      const taken = inOrder(walk, pagesAtOnce, work, PAGES_WAITING);
      for await (const { step, page } of taken) {
        if (page === null) yield step;
        else yield* pageEvents(step, page);
      }
    },
    probe: (query) => searcher.probe(query),
    list: (query) => listWindow(searcher, query, deps),
  };
}
