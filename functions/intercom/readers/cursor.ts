/** Reads a list whose pages are reached by a cursor in the query string (docs/intercom-api.md 4, style A). */
import type { ObjectDeclaration, ReadSpec } from '../../core/declaration.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ObjectReader, Position, ReadEvent } from '../../core/reading.ts';
import { createFailureGate } from './walk/failure-gate.ts';
import { ahead } from './walk/in-order.ts';
import { type CursorPage, cursorPage } from './walk/list-answers.ts';
import { askSmaller, createPageSizes, halvings } from './walk/page-sizes.ts';
import { askOptions, onlyWhole, type ReaderDeps } from './walk/requests.ts';
import { createRecordTaker } from './walk/take-records.ts';
import { createWalkGuard } from './walk/walk-guard.ts';

type CursorRead = Extract<ReadSpec, { kind: 'cursor' }>;

type CursorPosition = {
  readonly startingAfter: string | null;
  /** `total_count` of the first page, which is the count to reach: records can be added during the walk. */
  readonly firstCount: number | null;
  readonly read: number;
  readonly ended: boolean;
};

const BEGINNING: CursorPosition = { startingAfter: null, firstCount: null, read: 0, ended: false };

export function createCursorReader(
  declaration: ObjectDeclaration,
  read: CursorRead,
  deps: ReaderDeps,
): ObjectReader {
  const { path, recordsKey } = read;
  const ask = askOptions(declaration, deps);

  async function* walk(start: Position | null): AsyncGenerator<ReadEvent, void, void> {
    const sizes = createPageSizes(halvings(read.perPage));
    const guard = createWalkGuard(path);
    const take = createRecordTaker(declaration, deps, ask, createFailureGate(deps.client, deps.signal));
    let state = (start as CursorPosition | null) ?? BEGINNING;
    while (!state.ended) {
      const { startingAfter, read: readBefore } = state;
      const pageOf = (body: JsonObject): CursorPage => cursorPage(body, recordsKey, path, readBefore);
      const answer = await askSmaller(sizes, (perPage, patience) =>
        deps.client.get(
          path,
          { per_page: perPage, ...(startingAfter === null ? {} : { starting_after: startingAfter }) },
          ask(startingAfter === null ? 'urgent' : 'bulk', { patience, accept: pageOf }),
        ),
      );
      sizes.good();
      const page = pageOf(answer.body);
      guard.check(page);
      state = {
        startingAfter: page.cursor,
        firstCount: startingAfter === null ? page.total : state.firstCount,
        read: page.read,
        ended: page.cursor === null,
      };
      const { records, rejects } = await take(page.records, answer.receivedAtMs, recordsKey);
      yield { type: 'page', records, rejects, ids: records.map(({ id }) => id), position: state };
    }
    yield { type: 'end', matched: state.firstCount };
  }

  return {
    read(slice, position) {
      onlyWhole(declaration, slice);
      return ahead(walk(position));
    },
    probe: null,
  };
}
