/** Reads objects that come without pages: an answer is either complete or an error (docs/intercom-api.md 4, 6.7). */
import type { ListRequest, ObjectDeclaration, ReadSpec } from '../../core/declaration.ts';
import { UnavailableError } from '../../core/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, stringifyJson } from '../../core/json.ts';
import type { ObjectReader, ReadEvent, ReadRecord } from '../../core/reading.ts';
import type { Answer } from '../http/client.ts';
import { isSwitchedOff, switchedOff } from '../http/failures.ts';
import { createFailureGate, type FailureGate } from './walk/failure-gate.ts';
import { totalCount, wholeList } from './walk/list-answers.ts';
import { askOptions, onlyWhole, type ReaderDeps } from './walk/requests.ts';
import { createRecordTaker } from './walk/take-records.ts';

type ListRead = Extract<ReadSpec, { kind: 'list' }>;

type ListPosition = {
  /** Requests that are done. */
  readonly next: number;
  /** How many of them were answered. */
  readonly answered: number;
  /** Records that the answers count, before any of them is dropped; null if an optional list was refused. */
  readonly counted: number | null;
};

const BEGINNING: ListPosition = { next: 0, answered: 0, counted: 0 };

const queryOf = ({ query = {} }: ListRequest): string => new URLSearchParams(query).toString();

/** Drops exact copies of a record. Two different records with the same id both stay. */
const withoutCopies = (records: readonly ReadRecord[]): readonly ReadRecord[] => [
  ...new Map(records.map((one) => [`${one.id} ${stringifyJson(one.record)}`, one])).values(),
];

export function createListReader(
  declaration: ObjectDeclaration,
  read: ListRead,
  deps: ReaderDeps,
): ObjectReader {
  const ask = askOptions(declaration, deps);

  /** What the answer lists, with the fields that its request sets. */
  function listed(body: JsonObject, { path, set }: ListRequest): readonly JsonValue[] {
    const values = wholeList(body, read.recordsKey, path);
    return set === undefined
      ? values
      : values.map((value) => (isJsonObject(value) ? { ...value, ...set } : value));
  }

  /**
   * A list that cannot be read, though others of the object can: a debt, or, if it is not documented, nothing owed and
   * nothing proven.
   * @throws the error itself if no list was answered, or the list is not its cause
   */
  async function* withoutList(
    error: unknown,
    request: ListRequest,
    position: ListPosition,
    gate: FailureGate,
  ): AsyncGenerator<ReadEvent, ListPosition, void> {
    const { path, optional } = request;
    const over = { ...position, next: position.next + 1 };
    if (over.next === read.requests.length && over.answered === 0) throw error;
    const isUnavailable = optional !== undefined && error instanceof UnavailableError;
    const reason = isUnavailable ? error.message : await gate.failed(error);
    if (optional === undefined) {
      const text = `The list ${path}?${queryOf(request)} could not be read: ${reason}`;
      yield { type: 'debt', scope: { window: { from: null, to: null } }, reason: text };
      yield { type: 'page', records: [], ids: [], position: over };
      return over;
    }
    const after = { ...over, counted: null };
    const observed = { [optional]: `not read: ${reason}` };
    yield { type: 'page', records: [], ids: [], position: after, evidence: { observed } };
    return after;
  }

  return {
    async *read(slice, start): AsyncGenerator<ReadEvent, void, void> {
      onlyWhole(declaration, slice);
      const gate = createFailureGate(deps.client, deps.signal);
      const take = createRecordTaker(declaration, deps, ask, gate);
      let position = (start as ListPosition | null) ?? BEGINNING;
      /** Ids from the requests before this one: a record that two requests list is one record. */
      let before: ReadonlySet<string> = new Set();
      for (const [index, request] of read.requests.entries()) {
        if (index < position.next) continue;
        const expect = index === 0 ? isSwitchedOff : undefined;
        const accept = (body: JsonObject): readonly JsonValue[] => listed(body, request);
        let answer: Answer;
        try {
          const options = ask('urgent', { accept, expect });
          answer = await deps.client.get(request.path, request.query ?? {}, options);
        } catch (error) {
          position = yield* withoutList(error, request, position, gate);
          continue;
        }
        if (answer.failure !== null) throw switchedOff(request.path);
        const { records: taken, rejects } = await take(
          accept(answer.body),
          answer.receivedAtMs,
          read.recordsKey,
        );
        const records = withoutCopies(taken.filter(({ id }) => !before.has(id)));
        const dropped = taken.length - records.length;
        const more = Math.max(records.length, (totalCount(answer.body) ?? 0) - dropped);
        const { answered, counted } = position;
        position = {
          next: index + 1,
          answered: answered + 1,
          counted: counted === null ? null : counted + more,
        };
        before = new Set([...before, ...taken.map(({ id }) => id)]);
        yield { type: 'page', records, rejects, ids: records.map(({ id }) => id), position };
      }
      yield { type: 'end', matched: position.counted };
    },
    probe: null,
  };
}
