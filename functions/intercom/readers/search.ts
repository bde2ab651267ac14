/** Reads objects that are searched by `updated_at`: contacts, conversations, tickets (docs/intercom-api.md 5). */
import type { ObjectDeclaration, SearchRead } from '../../core/declaration.ts';
import type { ObjectReader, ReadEvent, ReadRecord, Slice } from '../../core/reading.ts';
import { createListCompleter } from './walk/embedded-lists.ts';
import { createFailureGate, type FailureGate } from './walk/failure-gate.ts';
import { identify } from './walk/identify.ts';
import { ahead } from './walk/in-order.ts';
import { askOptions, type ReaderDeps } from './walk/requests.ts';
import { searchPosition } from './walk/search-position.ts';
import { createSearcher, type SearchStep } from './walk/search-walk.ts';

type PageStep = Extract<SearchStep, { type: 'page' }>;

export function createSearchReader(
  declaration: ObjectDeclaration,
  read: SearchRead,
  deps: ReaderDeps,
): ObjectReader {
  const ask = askOptions(declaration, deps);
  const searcher = createSearcher(read, deps.client, ask);
  const complete = createListCompleter(declaration, deps, ask);

  /** Reports records whose lists could not be completed as debts, then yields the page with what there is. */
  async function* pageEvents(step: PageStep, gate: FailureGate): AsyncGenerator<ReadEvent, void, void> {
    const records: ReadRecord[] = [];
    for await (const { record, failure } of complete(step.records)) {
      const one = identify(declaration, record, step.receivedAtMs);
      records.push(one);
      if (failure === null) gate.succeeded();
      else yield { type: 'debt', scope: { ids: [one.id] }, reason: await gate.failed(failure) };
    }
    yield {
      type: 'page',
      records,
      ids: records.map(({ id }) => id),
      position: step.position,
    };
  }

  return {
    async *read(slice: Slice, position) {
      const gate = createFailureGate(deps.client, deps.signal);
      for await (const step of ahead(searcher.walk(slice.query, searchPosition(position)))) {
        if (step.type === 'page') yield* pageEvents(step, gate);
        else yield step;
      }
    },
    probe: (query) => searcher.probe(query),
  };
}
