/**
 * Reads all parts of every conversation that a search finds changed: one GET each, several at once, across the pages
 * of the listing (docs/intercom-api.md 6.4).
 */
import type { ObjectDeclaration, ReadSpec } from '../../core/declaration.ts';
import type {
  Listing,
  ObjectReader,
  Observed,
  Position,
  ReadEvent,
  Reject,
  Slice,
} from '../../core/reading.ts';
import { isNotFound } from '../http/failures.ts';
import { type ConversationDetail, conversationDetail, evidenceOf } from './walk/conversation-detail.ts';
import { createFailureGate, type FailureGate, type Lost, orLost } from './walk/failure-gate.ts';
import { ahead, inOrder } from './walk/in-order.ts';
import { contractError, onlyRecord } from './walk/list-answers.ts';
import { type ListedConversation, type ListingStep, listConversations } from './walk/listed-conversations.ts';
import { askOptions, pathOf, type ReaderDeps } from './walk/requests.ts';
import { createSearcher, listWindow } from './walk/search-walk.ts';

type PartsRead = Extract<ReadSpec, { kind: 'conversation_parts' }>;

type PartsPosition = {
  /** Position in the listing before the page that is being read. */
  readonly listing: Position | null;
  /** Conversations of that page that are done, by id and `updated_at`. */
  readonly done: readonly string[];
  /** Listed but not found (404); asked for again at the end of the slice. */
  readonly missing: readonly string[];
  readonly found: number;
};

/** The conversations of a page, one by one, then the page itself; and the other steps of the listing. */
type Task = { readonly type: 'conversation'; readonly conversation: ListedConversation } | ListingStep | Lost;

type Fetched =
  | { readonly type: 'found'; readonly detail: ConversationDetail }
  | { readonly type: 'missing'; readonly id: string }
  | { readonly type: 'failed'; readonly id: string; readonly error: unknown };

/** More than max(20, 20 %) that are listed and not found cast doubt on all of them. */
const areTooMany = (doubtful: number, found: number): boolean =>
  doubtful > Math.max(20, (found + doubtful) * 0.2);

/** How much is collected before it is yielded. Bounds memory, and what a stop costs. */
const GROUP_BYTES = 2 * 1024 * 1024;
const GROUP_CONVERSATIONS = 50;

const isFull = (details: readonly ConversationDetail[]): boolean =>
  details.length >= GROUP_CONVERSATIONS ||
  details.reduce((bytes, detail) => bytes + detail.bytes, 0) >= GROUP_BYTES;

const pageEvent = (
  details: readonly ConversationDetail[],
  position: PartsPosition,
  listing: { readonly rejects: readonly Reject[]; readonly observed: Observed } = NOTHING_ODD,
): ReadEvent => ({
  type: 'page',
  records: details.flatMap(({ records }) => records),
  ids: details.map(({ id }) => id),
  position,
  rejects: [...listing.rejects, ...details.flatMap(({ rejects }) => rejects)],
  evidence: { ...evidenceOf(details), observed: listing.observed },
});

const NOTHING_ODD = { rejects: [], observed: {} } as const;

/** Parts that Intercom has and did not list are owed; those that came are written all the same. */
const debtOf = ({ id, shortfall }: ConversationDetail): readonly ReadEvent[] =>
  shortfall === null ? [] : [{ type: 'debt', scope: { ids: [id] }, reason: `A conversation ${shortfall}` }];

const added = (ids: readonly string[], id: string): readonly string[] => [...new Set([...ids, id])];

export function createConversationPartsReader(
  declaration: ObjectDeclaration,
  read: PartsRead,
  deps: ReaderDeps,
): ObjectReader {
  const { client, pace } = deps;
  const ask = askOptions(declaration, deps);
  const searcher = createSearcher(read.search, deps, ask);

  async function fetchDetail(id: string): Promise<Fetched> {
    try {
      const options = ask('bulk', { expect: isNotFound, accept: onlyRecord(id, read.detailPath) });
      const answer = await client.get(pathOf(read.detailPath, id), {}, options);
      if (answer.failure !== null) return { type: 'missing', id };
      return { type: 'found', detail: conversationDetail(declaration, id, answer.body, answer) };
    } catch (error) {
      return { type: 'failed', id, error };
    }
  }

  /** @param done conversations of the first page that were read before */
  async function* tasksOf(
    listing: AsyncIterable<ListingStep | Lost>,
    done: readonly string[],
  ): AsyncGenerator<Task, void, void> {
    let left = new Set(done);
    for await (const step of listing) {
      if (step.type === 'listed') {
        for (const conversation of step.conversations)
          if (!left.has(conversation.version)) yield { type: 'conversation', conversation };
      }
      left = new Set();
      yield step;
    }
  }

  const work = async (
    task: Task,
  ): Promise<(Fetched & { readonly version: string }) | Exclude<Task, { type: 'conversation' }>> =>
    task.type === 'conversation'
      ? { ...(await fetchDetail(task.conversation.id)), version: task.conversation.version }
      : task;

  /**
   * A conversation that is not found, though the search lists it, is not deleted: Intercom contradicts itself, so it is
   * owed.
   * @param isOwed all of them failed in earlier runs, so any number may fail again
   * @throws ContractError if there are too many of these
   */
  async function* judge(
    ids: readonly string[],
    found: number,
    gate: FailureGate,
    isOwed: boolean,
  ): AsyncGenerator<ReadEvent, void, void> {
    const owe = (id: string, reason: string): ReadEvent => ({ type: 'debt', scope: { ids: [id] }, reason });
    let listed: Listing['times'];
    try {
      ({ times: listed } = await searcher.list({ kind: 'ids', ids }));
    } catch (error) {
      const reason = await gate.failed(error);
      for (const id of ids) yield owe(id, reason);
      return;
    }
    const doubtful = ids.filter((id) => listed.has(id));
    if (!isOwed && areTooMany(doubtful.length, found)) {
      const text = `${read.search.path} lists ${doubtful.length} conversations that it then does not find; ${found} were found`;
      throw contractError('listed_and_not_found', text);
    }
    for (const id of doubtful) yield owe(id, 'A conversation is listed, but not found when it is asked for');
    const deleted = ids.filter((id) => !listed.has(id));
    if (deleted.length > 0) yield { type: 'deleted', ids: deleted, how: 'not_found' };
  }

  /** A second GET at the end of the slice must agree with the first 404: a single one may be a hiccup. */
  async function* askAgain(
    position: PartsPosition,
    gate: FailureGate,
    isOwed: boolean,
  ): AsyncGenerator<ReadEvent, void, void> {
    if (position.missing.length === 0) return;
    const details: ConversationDetail[] = [];
    const gone: string[] = [];
    for await (const fetched of inOrder(position.missing, pace.limit, fetchDetail)) {
      if (fetched.type === 'failed') {
        yield { type: 'debt', scope: { ids: [fetched.id] }, reason: await gate.failed(fetched.error) };
        continue;
      }
      gate.succeeded();
      if (fetched.type === 'found') {
        details.push(fetched.detail);
        yield* debtOf(fetched.detail);
      } else gone.push(fetched.id);
    }
    const found = position.found + details.length;
    if (gone.length > 0) yield* judge(gone, found, gate, isOwed);
    yield pageEvent(details, { ...position, missing: [], found });
  }

  async function* walk(slice: Slice, start: Position | null): AsyncGenerator<ReadEvent, void, void> {
    const isOwed = slice.query.kind === 'ids';
    const gate = createFailureGate(client, deps.signal, isOwed);
    const beginning: PartsPosition = { listing: null, done: [], missing: [], found: 0 };
    let position = (start as PartsPosition | null) ?? beginning;
    let details: ConversationDetail[] = [];
    const listing = ahead(listConversations(searcher, slice.query, position.listing));
    const tasks = tasksOf(orLost(listing, client, deps.signal), position.done);
    for await (const result of inOrder(tasks, pace.limit, work)) {
      switch (result.type) {
        case 'found':
        case 'missing':
        case 'failed':
          position = { ...position, done: [...position.done, result.version] };
          if (result.type === 'failed') {
            yield { type: 'debt', scope: { ids: [result.id] }, reason: await gate.failed(result.error) };
            // Each may have taken minutes: a stop must not cost them.
            yield pageEvent(details, position);
            details = [];
            break;
          }
          gate.succeeded();
          if (result.type === 'found') {
            details.push(result.detail);
            position = { ...position, found: position.found + 1 };
            yield* debtOf(result.detail);
          } else position = { ...position, missing: added(position.missing, result.id) };
          if (!isFull(details)) break;
          yield pageEvent(details, position);
          details = [];
          break;
        case 'listed':
          position = { ...position, listing: result.next, done: [] };
          yield pageEvent(details, position, result);
          details = [];
          break;
        case 'restart':
          position = beginning;
          yield result;
          break;
        case 'end':
          yield* askAgain(position, gate, isOwed);
          yield result;
          break;
        case 'lost':
          yield result;
          break;
        default:
          result satisfies never;
      }
    }
  }

  return {
    read: walk,
    probe: (query) => searcher.probe(query),
    list: (query) => listWindow(searcher, query, deps),
  };
}
