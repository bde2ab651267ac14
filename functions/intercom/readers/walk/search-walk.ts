/**
 * Walks the pages of a search (docs/intercom-api.md 4, 5), for the search reader and the conversation parts
 * reader. Neither the order of the records nor a count is needed to read all of them.
 */
import type { SearchRead } from '../../../core/declaration.ts';
import { ContractError, RetryableError } from '../../../core/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, stringifyJson } from '../../../core/json.ts';
import type { Listing, Observed, Probe, SliceQuery } from '../../../core/reading.ts';
import { idText, parseTime } from '../../../core/scalars.ts';
import { DAY_SECONDS, type EpochMs, type EpochSeconds, toSeconds } from '../../../core/time.ts';
import type { Answer, IntercomClient, RequestOptions } from '../../http/client.ts';
import type { Failure } from '../../http/failures.ts';
import { type CursorPage, contractError, cursorPage, recordsOf, totalCount } from './list-answers.ts';
import { askSmaller, createPageSizes, halvings } from './page-sizes.ts';
import type { AskOptions } from './requests.ts';
import { followOrder, isInOrder, type SearchPosition, searchBeginning } from './search-position.ts';
import { type Filter, searchBody, searchFilters, searchFrom, upperOf } from './search-query.ts';
import { createWalkGuard } from './walk-guard.ts';

export type SearchStep =
  | {
      readonly type: 'page';
      readonly records: readonly JsonValue[];
      readonly receivedAtMs: EpochMs;
      /** Where the walk continues after this page. */
      readonly position: SearchPosition;
      readonly observed: Observed;
    }
  | { readonly type: 'restart'; readonly reason: string }
  | { readonly type: 'end'; readonly matched: number | null };

/** Searches of one object. */
export interface Searcher {
  /** Walks a slice from its beginning or a position. */
  walk(query: SliceQuery, start: SearchPosition | null): AsyncGenerator<SearchStep, void, void>;
  /** Counts a window and looks at its earliest record, with one request. */
  probe(query: SliceQuery): Promise<Probe>;
  /** Lists the ids of a window. */
  list(query: SliceQuery): Promise<Listing>;
}

/** This many refused cursors in a row without progress are tolerated. */
const MOST_REFUSALS = 3;

const REFUSALS: readonly (number | null)[] = [400, 404, 410, 422];

/** A cursor that Intercom no longer takes (docs/intercom-api.md 3.2): the same search was answered a page before. */
const isRefusedCursor = ({ kind, status }: Failure): boolean =>
  (kind === 'refused' || kind === 'not_found') && REFUSALS.includes(status);

/** Search indexes lag by minutes. A record that changed within this time may be out of its place. */
const MOST_LAG_SECONDS = 3_600;

const plus = (sum: number | null, count: number | null): number | null =>
  sum === null || count === null ? null : sum + count;

/** The position after a page: at its cursor, at the next search, or at the end. */
function afterPage(state: SearchPosition, page: CursorPage, searches: number): SearchPosition {
  const isFirst = state.counted === state.search;
  const isLast = page.cursor === null;
  const search = isLast ? state.search + 1 : state.search;
  return {
    ...state,
    startingAfter: page.cursor,
    search,
    counted: isFirst ? state.counted + 1 : state.counted,
    firstCount: isFirst ? plus(state.firstCount, page.total) : state.firstCount,
    read: page.read,
    pages: state.pages + 1,
    highest: isLast ? null : state.highest,
    ended: search >= searches,
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

export function createSearcher(read: SearchRead, client: IntercomClient, ask: AskOptions): Searcher {
  const { path, granularity } = read;

  /** Records can only leave a closed window, so it is counted after the walk. */
  async function askCount(query: SliceQuery, accept?: RequestOptions['accept']): Promise<Answer> {
    const [filter] = searchFilters(query);
    if (filter === undefined) throw new Error(`${path}: nothing to count`);
    return client.post(path, searchBody(filter, 1, null), ask('urgent', { accept }));
  }

  /** Times from here on may belong to records that are out of their place. */
  function horizonOf(query: SliceQuery, startedAt: EpochSeconds): EpochSeconds {
    const upper = upperOf(query);
    const slack = granularity === 'day' ? 2 * DAY_SECONDS : 1;
    const settled = startedAt - MOST_LAG_SECONDS;
    return upper === null ? settled : Math.min(settled, upper + slack);
  }

  /**
   * Intercom's count of the slice. In a closed window it is the one after the walk, which one page brings itself;
   * in an open one the one before. A count that cannot be had proves nothing, and stops nothing.
   */
  async function matchedBy(query: SliceQuery, { firstCount, pages }: SearchPosition): Promise<number | null> {
    if (upperOf(query) === null || pages <= 1) return firstCount;
    try {
      return totalCount((await askCount(query)).body);
    } catch (error) {
      if (error instanceof ContractError || error instanceof RetryableError) return null;
      throw error;
    }
  }

  /** The filters to search with: those of the whole slice, unless a cursor was refused. */
  const filtersAt = (query: SliceQuery, { resumedFrom }: SearchPosition): readonly Filter[] =>
    searchFilters(resumedFrom === null ? query : searchFrom(query, resumedFrom));

  async function* walk(
    query: SliceQuery,
    start: SearchPosition | null,
  ): AsyncGenerator<SearchStep, void, void> {
    const sizes = createPageSizes(halvings(read.perPage), start?.perPage);
    const guard = createWalkGuard(path);
    let state = start ?? searchBeginning(read.perPage);
    const searches = searchFilters(query).length;
    state = { ...state, ended: state.ended || state.search >= searches };

    while (!state.ended) {
      const filter = filtersAt(query, state)[state.search];
      if (filter === undefined) throw new Error(`${path}: no search ${state.search}`);
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
        if (state.resumedFrom === null) yield { type: 'restart', reason: 'Intercom refused the cursor' };
        continue;
      }
      sizes.good();
      const page = accept(answer.body);
      guard.check(page);
      const startedAt = state.startedAt ?? toSeconds(answer.date ?? answer.receivedAtMs);
      const order = followOrder(page.records, state, horizonOf(query, startedAt));
      state = afterPage({ ...state, ...order, startedAt, perPage: sizes.current() }, page, searches);
      yield {
        type: 'page',
        records: page.records,
        receivedAtMs: answer.receivedAtMs,
        position: state,
        observed: order.ordered ? {} : NOT_SORTED,
      };
    }
    yield { type: 'end', matched: await matchedBy(query, state) };
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
    list,
    async probe(query) {
      const listed = (body: JsonObject) => recordsOf(body, [read.recordsKey], path);
      const { body } = await askCount(query, listed);
      const [first] = listed(body);
      return {
        matched: totalCount(body),
        first: isJsonObject(first) ? parseTime(first.updated_at) : null,
      };
    },
  };
}
