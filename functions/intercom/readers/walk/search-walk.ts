/**
 * Walks the pages of a search (docs/intercom-api.md 4, 5), for the search reader and the conversation parts
 * reader. Neither the order of the records nor a count is needed to read all of them.
 */
import type { SearchRead } from '../../../core/declaration.ts';
import { ContractError, RetryableError } from '../../../core/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, stringifyJson } from '../../../core/json.ts';
import { sum } from '../../../core/metrics.ts';
import type { Listing, Observed, Probe, SliceQuery } from '../../../core/reading.ts';
import { idText, parseTime } from '../../../core/scalars.ts';
import { DAY_SECONDS, type EpochMs, type EpochSeconds, toSeconds } from '../../../core/time.ts';
import type { Answer, RequestOptions } from '../../http/client.ts';
import type { Failure } from '../../http/failures.ts';
import { orNull } from './failure-gate.ts';
import { together } from './in-order.ts';
import { type CursorPage, contractError, cursorPage, recordsOf, totalCount } from './list-answers.ts';
import { askSmaller, createPageSizes, halvings } from './page-sizes.ts';
import type { AskOptions, ReaderDeps } from './requests.ts';
import {
  followOrder,
  isInOrder,
  type SearchPosition,
  type SearchPositions,
  searchBeginning,
} from './search-position.ts';
import {
  closedPart,
  type SearchQuery,
  searchBody,
  searchesOf,
  searchFilter,
  searchFrom,
  upperOf,
} from './search-query.ts';
import { createWalkGuard } from './walk-guard.ts';

export type SearchStep =
  | {
      readonly type: 'page';
      readonly records: readonly JsonValue[];
      readonly receivedAtMs: EpochMs;
      /** Where the walk continues after this page. */
      readonly position: SearchPositions;
      readonly observed: Observed;
    }
  | { readonly type: 'restart'; readonly reason: string }
  | { readonly type: 'end'; readonly matched: number | null };

/** A page of one search, or the fact that it begins again. */
type OneStep =
  | (Omit<Extract<SearchStep, { readonly type: 'page' }>, 'position'> & { readonly at: SearchPosition })
  | (Extract<SearchStep, { readonly type: 'restart' }> & { readonly at: SearchPosition });

export interface Searcher {
  /** Walks the searches of a slice, several at once, from its beginning or a position. */
  walk(query: SliceQuery, start: SearchPositions | null): AsyncGenerator<SearchStep, void, void>;
  /** Counts a window and looks at its earliest record, with one request. */
  probe(query: SliceQuery): Promise<Probe>;
  /** Intercom's count; null if it cannot be had, which proves nothing and stops nothing. */
  count(query: SearchQuery): Promise<number | null>;
  /** Lists the ids of a window. */
  list(query: SliceQuery): Promise<Listing>;
}

/** This many refused cursors in a row without progress are tolerated. */
const MOST_REFUSALS = 3;

const REFUSALS: readonly (number | null)[] = [400, 404, 410, 422];

/** A cursor that Intercom no longer accepts (docs/intercom-api.md 3.2): it answered the same search a page before. */
const isRefusedCursor = ({ kind, status }: Failure): boolean =>
  (kind === 'refused' || kind === 'not_found') && REFUSALS.includes(status);

/** Search indexes lag by minutes. A record that changed within this time may be out of place. */
const MOST_LAG_SECONDS = 3_600;

const plus = (sum: number | null, count: number | null): number | null =>
  sum === null || count === null ? null : sum + count;

/** The position after a page: at its cursor, or at the end. */
function afterPage(state: SearchPosition, page: CursorPage): SearchPosition {
  const isFirst = state.startingAfter === null && state.resumedFrom === null;
  return {
    ...state,
    startingAfter: page.cursor,
    firstCount: isFirst ? page.total : state.firstCount,
    read: page.read,
    pages: state.pages + 1,
    ended: page.cursor === null,
  };
}

/**
 * The position after a refused cursor: the last second of an ordered walk, else the beginning.
 * @throws ContractError if the cursors of this walk are refused again and again
 */
function afterRefusal(
  state: SearchPosition,
  granularity: SearchRead['granularity'],
  path: string,
): SearchPosition {
  const inSeconds = granularity === 'second' && isInOrder(state) && state.highest !== null;
  const progressed = inSeconds && state.highest !== state.resumedFrom;
  const refusals = progressed ? 1 : state.refusals + 1;
  if (refusals > MOST_REFUSALS) {
    throw contractError(
      'cursor_refused',
      `${path} refused its own cursors ${refusals} times without progress`,
    );
  }
  if (inSeconds) return { ...state, startingAfter: null, resumedFrom: state.highest, refusals };
  return { ...searchBeginning(state.perPage), refusals, pages: state.pages };
}

const NOT_SORTED: Observed = { sort: 'not honoured' };

export function createSearcher(
  read: SearchRead,
  { client, pace }: Pick<ReaderDeps, 'client' | 'pace'>,
  ask: AskOptions,
): Searcher {
  const { path, granularity } = read;

  const askCount = (query: SearchQuery, accept?: RequestOptions['accept']): Promise<Answer> =>
    client.post(path, searchBody(searchFilter(query), 1, null), ask('urgent', { accept }));

  /** Records with times from here on may be out of place. */
  function horizonOf(query: SearchQuery, startedAt: EpochSeconds): EpochSeconds {
    const upper = upperOf(query);
    const slack = granularity === 'day' ? 2 * DAY_SECONDS : 1;
    const settled = startedAt - MOST_LAG_SECONDS;
    return upper === null ? settled : Math.min(settled, upper + slack);
  }

  async function count(query: SearchQuery): Promise<number | null> {
    try {
      return totalCount((await askCount(query)).body);
    } catch (error) {
      if (error instanceof ContractError || error instanceof RetryableError) return null;
      throw error;
    }
  }

  /**
   * Intercom's count of the slice. Records can only leave a closed window, so it is counted after the walk, unless its
   * only page already brought that count. Records can only enter an open window, so its count is the one from before
   * the walk: it is older than the counts of the windows that a record may have left for it.
   */
  async function matchedBy(
    searches: readonly SearchQuery[],
    states: readonly SearchPosition[],
  ): Promise<number | null> {
    const counts = states.map(({ firstCount }) => firstCount);
    const isClosed = searches.map((search) => upperOf(search) !== null);
    const part = closedPart(searches);
    const pages = sum(states.map((state, index) => (isClosed[index] === true ? state.pages : 0)));
    if (part === null || pages <= 1) return counts.reduce(plus, 0);
    const before = counts.filter((_, index) => isClosed[index] === false);
    return [...before, await count(part)].reduce(plus, 0);
  }

  /** One search. It ends when it has to begin again: then all of them do. */
  async function* walkOne(query: SearchQuery, start: SearchPosition): AsyncGenerator<OneStep, void, void> {
    const sizes = createPageSizes(halvings(read.perPage), start.perPage);
    const guard = createWalkGuard(path);
    let state = start;
    while (!state.ended) {
      const filter = searchFilter(state.resumedFrom === null ? query : searchFrom(query, state.resumedFrom));
      const { startingAfter, read: readBefore } = state;
      const accept = (body: JsonObject): CursorPage => cursorPage(body, read.recordsKey, path, readBefore);
      const expect = startingAfter === null ? undefined : isRefusedCursor;
      const priority = startingAfter === null ? 'urgent' : 'bulk';
      const answer = await askSmaller(sizes, (perPage, patience) =>
        client.post(
          path,
          searchBody(filter, perPage, startingAfter),
          ask(priority, { accept, expect, patience }),
        ),
      );
      if (answer.failure !== null) {
        state = afterRefusal(state, granularity, path);
        guard.reset();
        if (state.resumedFrom !== null) continue;
        yield { type: 'restart', reason: 'Intercom refused the cursor', at: state };
        return;
      }
      sizes.good();
      const page = accept(answer.body);
      guard.check(page);
      const startedAt = state.startedAt ?? toSeconds(answer.date ?? answer.receivedAtMs);
      const order = followOrder(page.records, state, horizonOf(query, startedAt));
      state = afterPage({ ...state, ...order, startedAt, perPage: sizes.current() }, page);
      yield {
        type: 'page',
        records: page.records,
        receivedAtMs: answer.receivedAtMs,
        at: state,
        observed: order.ordered ? {} : NOT_SORTED,
      };
    }
  }

  async function* walk(
    query: SliceQuery,
    start: SearchPositions | null,
  ): AsyncGenerator<SearchStep, void, void> {
    const searches = searchesOf(query);
    let states = searches.map((_, index) => start?.searches[index] ?? searchBeginning(read.perPage));
    let isOver = false;
    while (!isOver) {
      isOver = true;
      const walks = searches.map((one, index) =>
        walkOne(one, states[index] ?? searchBeginning(read.perPage)),
      );
      for await (const { source, item } of together(walks, pace.limit)) {
        const { at, ...step } = item;
        states = states.with(source, at);
        if (step.type === 'page') {
          yield { ...step, position: { searches: states } };
          continue;
        }
        states = states.map(({ perPage, refusals, pages }) => ({
          ...searchBeginning(perPage),
          refusals,
          pages,
        }));
        yield step;
        isOver = false;
        break;
      }
    }
    yield { type: 'end', matched: await matchedBy(searches, states) };
  }

  async function list(query: SliceQuery): Promise<Listing> {
    const times = new Map<string, string>();
    let matched: number | null = null;
    for await (const step of walk(query, null)) {
      if (step.type === 'restart') times.clear();
      else if (step.type === 'end') matched = step.matched;
      else {
        for (const record of step.records) {
          const id = isJsonObject(record) ? idText(record.id) : null;
          if (id !== null && isJsonObject(record)) times.set(id, stringifyJson(record.updated_at ?? null));
        }
      }
    }
    return { matched, times };
  }

  return {
    walk,
    count,
    list,
    async probe(query) {
      const listed = (body: JsonObject) => recordsOf(body, [read.recordsKey], path);
      const [search] = searchesOf(query);
      if (search === undefined) throw new Error(`${path}: nothing to count`);
      const { body } = await askCount(search, listed);
      const [first] = listed(body);
      return {
        matched: totalCount(body),
        first: isJsonObject(first) ? parseTime(first.updated_at) : null,
      };
    },
  };
}

/**
 * Lists a window; null if it cannot be listed although Intercom answers: one bad window must not stop the object.
 * @throws the same as orLost
 */
export async function listWindow(
  { list }: Searcher,
  query: SliceQuery,
  { client, signal }: Pick<ReaderDeps, 'client' | 'signal'>,
): Promise<Listing | null> {
  return orNull(() => list(query), client, signal);
}
