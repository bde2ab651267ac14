/** Reads objects that are searched by `updated_at`: contacts, conversations, tickets (docs/intercom-api.md 5). */
import type { ObjectDeclaration, SearchRead } from '../../core/declaration.ts';
import type { ObjectReader, ReadEvent, Slice } from '../../core/reading.ts';
import { createFailureGate, orLost } from './walk/failure-gate.ts';
import { ahead } from './walk/in-order.ts';
import { askOptions, type ReaderDeps } from './walk/requests.ts';
import { searchPosition } from './walk/search-position.ts';
import { createSearcher, type SearchStep } from './walk/search-walk.ts';
import { createRecordTaker, type TakeRecords } from './walk/take-records.ts';

type PageStep = Extract<SearchStep, { type: 'page' }>;

export function createSearchReader(
  declaration: ObjectDeclaration,
  read: SearchRead,
  deps: ReaderDeps,
): ObjectReader {
  const ask = askOptions(declaration, deps);
  const searcher = createSearcher(read, deps.client, ask);

  /** Reports records whose lists are incomplete as debts, then yields the page with what there is. */
  async function* pageEvents(step: PageStep, take: TakeRecords): AsyncGenerator<ReadEvent, void, void> {
    const { records, rejects, debts } = await take(step.records, step.receivedAtMs, read.recordsKey);
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
      const { client, signal } = deps;
      const take = createRecordTaker(declaration, deps, ask, createFailureGate(client, signal));
      const walk = ahead(searcher.walk(slice.query, searchPosition(position)));
      for await (const step of orLost(walk, client, signal)) {
        if (step.type === 'page') yield* pageEvents(step, take);
        else yield step;
      }
    },
    probe: (query) => searcher.probe(query),
    list: (query) => searcher.list(query),
  };
}
