/**
 * Reads owed records by id. Those that a search does not list are asked for one by one: they are there after all, gone,
 * or merged into another record. Nothing that is owed is dropped without an answer.
 */
import type { ObjectDeclaration, SingleRead } from '../../core/declaration.ts';
import type { JsonValue } from '../../core/json.ts';
import type { ObjectReader, Position, ReadEvent, Slice } from '../../core/reading.ts';
import type { EpochMs } from '../../core/time.ts';
import type { Answer } from '../http/client.ts';
import { type Failure, isNotFound } from '../http/failures.ts';
import { createFailureGate, type FailureGate } from './walk/failure-gate.ts';
import { inOrder } from './walk/in-order.ts';
import { onlyRecord } from './walk/list-answers.ts';
import { askAt, askOptions, pathOf, type ReaderDeps } from './walk/requests.ts';
import { createRecordTaker, type TakenRecords } from './walk/take-records.ts';

type OwedPosition = {
  /** Of the listing. */
  readonly walk: Position | null;
  /** Ids that were listed, or asked for one by one. */
  readonly settled: readonly string[];
};

type Fate =
  | {
      readonly kind: 'found';
      readonly id: string;
      readonly record: JsonValue;
      readonly receivedAtMs: EpochMs;
    }
  | { readonly kind: 'gone'; readonly id: string }
  | { readonly kind: 'merged'; readonly id: string; readonly into: string | null }
  | { readonly kind: 'failed'; readonly id: string; readonly error: unknown };

const isMerged = ({ status }: Failure): boolean => status === 410;
const isGone = (failure: Failure): boolean => isNotFound(failure) || isMerged(failure);

/** The last step of the canonical path: `</contacts/6762f0>; rel="canonical"`. */
const targetOf = ({ link }: Answer): string | null => {
  const [, target = null] = /<[^>]*\/([^/>?]+)>/.exec(link ?? '') ?? [];
  return target === null ? null : decodeURIComponent(target);
};

const fateOf = (id: string, answer: Answer): Fate => {
  const { failure, body: record, receivedAtMs } = answer;
  if (failure === null) return { kind: 'found', id, record, receivedAtMs };
  return isMerged(failure) ? { kind: 'merged', id, into: targetOf(answer) } : { kind: 'gone', id };
};

export function createOwedReader(
  declaration: ObjectDeclaration,
  single: SingleRead,
  listing: ObjectReader,
  deps: ReaderDeps,
) {
  const { client, pace } = deps;
  const ask = askOptions(declaration, deps);
  /** The current rows of an object that is read whole come from that walk; here we only look for deletions. */
  const isWhole = declaration.sync.kind === 'full_refresh';

  async function asked(id: string, send: (path: string) => Promise<Answer>): Promise<Fate> {
    try {
      return fateOf(id, await send(pathOf(single.path, id)));
    } catch (error) {
      return { kind: 'failed', id, error };
    }
  }

  const isIt = (id: string) => onlyRecord(id, single.path);

  const askOnce = (id: string): Promise<Fate> =>
    asked(id, (path) => client.get(path, {}, ask('bulk', { expect: isGone, accept: isIt(id) })));

  /** The second answer, which must agree. Asks the API version that reports merges, if it is served. */
  const askAgain = (id: string): Promise<Fate> =>
    asked(id, async (path) => {
      const { mergedVersion } = single;
      if (mergedVersion !== undefined) {
        const expect = (failure: Failure) => isGone(failure) || failure.kind === 'version';
        const answer = await client.get(path, {}, askAt(ask, mergedVersion)('bulk', { expect }));
        if (answer.failure?.kind !== 'version' && answer.failure !== null) return answer;
      }
      return client.get(path, {}, ask('bulk', { expect: isGone, accept: isIt(id) }));
    });

  /** @param settled marks ids as settled, and returns the position after them */
  async function* unlisted(
    ids: readonly string[],
    settled: (ids: readonly string[]) => Position,
    gate: FailureGate,
  ): AsyncGenerator<ReadEvent, void, void> {
    const take = createRecordTaker(declaration, deps, ask, gate);

    async function* settle(fate: Exclude<Fate, { kind: 'gone' }>): AsyncGenerator<ReadEvent, void, void> {
      const { id } = fate;
      let taken: TakenRecords = { records: [], rejects: [], debts: [] };
      if (fate.kind === 'failed') {
        yield { type: 'debt', scope: { ids: [id] }, reason: await gate.failed(fate.error) };
      } else {
        gate.succeeded();
        if (fate.kind === 'merged') {
          const mergedInto = fate.into === null ? {} : { [id]: fate.into };
          yield { type: 'deleted', ids: [id], how: 'merged', mergedInto };
        } else if (!isWhole) {
          taken = await take([fate.record], fate.receivedAtMs, single.path);
        }
      }
      for (const debt of taken.debts) yield { type: 'debt', scope: { ids: [debt.id] }, reason: debt.reason };
      const { records, rejects } = taken;
      yield { type: 'page', records, rejects, ids: records.map((one) => one.id), position: settled([id]) };
    }

    const missing: string[] = [];
    for await (const fate of inOrder(ids, pace.limit, askOnce)) {
      if (fate.kind === 'gone' || fate.kind === 'merged') missing.push(fate.id);
      else yield* settle(fate);
    }
    const absent: string[] = [];
    for await (const fate of inOrder(missing, pace.limit, askAgain)) {
      if (fate.kind === 'gone') absent.push(fate.id);
      else yield* settle(fate);
    }
    if (absent.length === 0) return;
    yield { type: 'deleted', ids: absent, how: 'absent' };
    yield { type: 'page', records: [], ids: [], position: settled(absent) };
  }

  return async function* read(
    slice: Slice & { readonly query: { readonly kind: 'ids' } },
    start: Position | null,
  ): AsyncGenerator<ReadEvent, void, void> {
    const gate = createFailureGate(client, deps.signal, true);
    const from = start as OwedPosition | null;
    let done = new Set(from?.settled);
    let walk = from?.walk ?? null;
    const settled = (ids: readonly string[]): OwedPosition => {
      for (const id of ids) done.add(id);
      return { walk, settled: [...done] };
    };
    const rest = () =>
      unlisted(
        slice.query.ids.filter((id) => !done.has(id)),
        settled,
        gate,
      );
    if (isWhole) {
      yield* rest();
      yield { type: 'end', matched: 0 };
      return;
    }
    for await (const event of listing.read(slice, walk)) {
      if (event.type === 'page') {
        walk = event.position;
        yield { ...event, position: settled(event.ids) };
        continue;
      }
      if (event.type === 'restart') done = new Set();
      if (event.type === 'end') yield* rest();
      yield event;
    }
  };
}
