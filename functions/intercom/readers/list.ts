/** Reads objects that come without pages: an answer is complete, or it is an error (docs/intercom-api.md 4, 6.7). */
import type { ListRequest, ObjectDeclaration, ReadSpec } from '../../core/declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue, stringifyJson } from '../../core/json.ts';
import type { ObjectReader, ReadEvent, ReadRecord } from '../../core/reading.ts';
import { type Failure, isSwitchedOff, switchedOff } from '../http/failures.ts';
import { createFailureGate } from './walk/failure-gate.ts';
import { announcesMore, contractError, recordsOf, totalCount } from './walk/list-answers.ts';
import { askOptions, onlyWhole, type ReaderDeps } from './walk/requests.ts';
import { createRecordTaker } from './walk/take-records.ts';

type ListRead = Extract<ReadSpec, { kind: 'list' }>;

/** Requests answered so far, and how many records their answers count, before any of them is dropped. */
type ListPosition = { readonly next: number; readonly counted: number };

const REFUSALS: readonly (number | null)[] = [400, 404, 422];

/** Intercom may refuse an undocumented request (docs/intercom-api.md 6.7: segments of companies). */
const isRefused = ({ kind, status }: Failure): boolean =>
  (kind === 'refused' || kind === 'not_found') && REFUSALS.includes(status);

/** One of each, if the same record is listed twice; two records that only share their id both stay. */
const withoutCopies = (records: readonly ReadRecord[]): readonly ReadRecord[] => [
  ...new Map(records.map((one) => [`${one.id} ${stringifyJson(one.record)}`, one])).values(),
];

export function createListReader(
  declaration: ObjectDeclaration,
  read: ListRead,
  deps: ReaderDeps,
): ObjectReader {
  const ask = askOptions(declaration, deps);

  /** What the answer lists, each with the fields that its request stands for. */
  function listed(body: JsonObject, { path, set }: ListRequest): readonly JsonValue[] {
    if (announcesMore(body)) {
      throw contractError('unexpected_pages', `${path} announced more pages, which this list does not have`);
    }
    const values = recordsOf(body, [read.recordsKey], path);
    return set === undefined
      ? values
      : values.map((value) => (isJsonObject(value) ? { ...value, ...set } : value));
  }

  return {
    async *read(slice, position): AsyncGenerator<ReadEvent, void, void> {
      onlyWhole(declaration, slice);
      const take = createRecordTaker(declaration, deps, ask, createFailureGate(deps.client, deps.signal));
      const start = (position as ListPosition | null) ?? { next: 0, counted: 0 };
      let { counted } = start;
      /** Ids of the requests before this one: what two requests list both is one record. */
      let before: ReadonlySet<string> = new Set();
      for (const [index, request] of read.requests.entries()) {
        if (index < start.next) continue;
        const expect = request.optional === true ? isRefused : index === 0 ? isSwitchedOff : undefined;
        const accept = (body: JsonObject): readonly JsonValue[] => listed(body, request);
        const options = ask('urgent', { accept, expect });
        const answer = await deps.client.get(request.path, request.query ?? {}, options);
        if (answer.failure !== null && request.optional !== true) throw switchedOff(request.path);
        const values = answer.failure === null ? accept(answer.body) : [];
        const { records: taken, rejects } = await take(values, answer.receivedAtMs, read.recordsKey);
        const records = withoutCopies(taken.filter(({ id }) => !before.has(id)));
        const dropped = taken.length - records.length;
        counted += Math.max(records.length, (totalCount(answer.body) ?? 0) - dropped);
        before = new Set([...before, ...taken.map(({ id }) => id)]);
        yield {
          type: 'page',
          records,
          rejects,
          ids: records.map(({ id }) => id),
          position: { next: index + 1, counted },
        };
      }
      yield { type: 'end', matched: counted };
    },
    probe: null,
  };
}
