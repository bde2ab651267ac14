/** Reads objects that come without pages: an answer is complete, or it is an error (docs/intercom-api.md 4, 6.7). */
import type { ListRequest, ObjectDeclaration, ReadSpec } from '../../core/declaration.ts';
import type { ObjectReader, ReadEvent, ReadRecord } from '../../core/reading.ts';
import type { Answer } from '../http/client.ts';
import { type Failure, isSwitchedOff, switchedOff } from '../http/failures.ts';
import { identify } from './walk/identify.ts';
import { announcesMore, contractError, recordsOf } from './walk/list-answers.ts';
import { askOptions, onlyWhole, type ReaderDeps } from './walk/requests.ts';

type ListRead = Extract<ReadSpec, { kind: 'list' }>;

/** Requests answered so far, and the distinct records in their answers. */
type ListPosition = { readonly next: number; readonly records: number };

const REFUSALS: readonly (number | null)[] = [400, 404, 422];

/** Intercom may refuse an undocumented request (docs/intercom-api.md 6.7: segments of companies). */
const isRefused = ({ kind, status }: Failure): boolean =>
  (kind === 'refused' || kind === 'not_found') && REFUSALS.includes(status);

export function createListReader(
  declaration: ObjectDeclaration,
  read: ListRead,
  deps: ReaderDeps,
): ObjectReader {
  const ask = askOptions(declaration, deps);

  function recordsIn({ body, failure, receivedAtMs }: Answer, request: ListRequest): readonly ReadRecord[] {
    if (failure !== null) return [];
    if (announcesMore(body)) {
      throw contractError(
        'unexpected_pages',
        `${request.path} announced more pages, which this list does not have`,
      );
    }
    return recordsOf(body, [read.recordsKey], request.path).map((record) =>
      identify(declaration, { ...record, ...request.set }, receivedAtMs),
    );
  }

  return {
    async *read(slice, position): AsyncGenerator<ReadEvent, void, void> {
      onlyWhole(declaration, slice);
      const start = (position as ListPosition | null) ?? { next: 0, records: 0 };
      const seen = new Set<string>();
      for (const [index, request] of read.requests.entries()) {
        if (index < start.next) continue;
        const expect = request.optional === true ? isRefused : index === 0 ? isSwitchedOff : undefined;
        const answer = await deps.client.get(request.path, request.query ?? {}, ask('urgent', { expect }));
        if (answer.failure !== null && request.optional !== true) throw switchedOff(request.path);
        const fresh = recordsIn(answer, request).filter(({ id }) => !seen.has(id));
        for (const { id } of fresh) seen.add(id);
        yield {
          type: 'page',
          records: fresh,
          ids: fresh.map(({ id }) => id),
          position: { next: index + 1, records: start.records + seen.size },
        };
      }
      yield { type: 'end', matched: start.records + seen.size };
    },
    probe: null,
  };
}
