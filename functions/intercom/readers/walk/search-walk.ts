/**
 * Walks the pages of a search (docs/intercom-api.md 4, 5), for the search reader and the conversation parts
 * reader. It checks the order of the records, because 2.15 sorts without documenting it.
 */
import type { SearchRead } from '../../../core/declaration.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { Probe, SliceQuery } from '../../../core/reading.ts';
import { DAY_SECONDS, type EpochMs, type EpochSeconds, toSeconds } from '../../../core/time.ts';
import type { Answer, IntercomClient } from '../../http/client.ts';
import type { Failure } from '../../http/failures.ts';
import { stampOf } from './identify.ts';
import { type CursorPage, contractError, cursorPage, recordsOf, totalCount } from './list-answers.ts';
import { askSmaller, createPageSizes, halvings } from './page-sizes.ts';
import type { AskOptions } from './requests.ts';
import { highestInOrder, type SearchPosition, searchBeginning } from './search-position.ts';
import { type Filter, searchBody, searchFilters, searchFrom, upperOf } from './search-query.ts';
import { createWalkGuard } from './walk-guard.ts';

export type SearchStep =
  | {
      readonly type: 'page';
      readonly records: readonly JsonObject[];
      readonly receivedAtMs: EpochMs;
      /** Where the walk continues after this page. */
      readonly position: SearchPosition;
    }
  | { readonly type: 'restart'; readonly reason: string }
  | { readonly type: 'end'; readonly matched: number | null };

/** Searches of one object. */
export interface Searcher {
  /** Walks a slice from its beginning or a position. */
  walk(query: SliceQuery, start: SearchPosition | null): AsyncGenerator<SearchStep, void, void>;
  /** Counts a window and looks at its earliest record, with one request. */
  probe(query: SliceQuery): Promise<Probe>;
}

/** This many refused cursors in a row without progress are tolerated. */
const MOST_REFUSALS = 3;

/**
 * A cursor that Intercom no longer accepts (docs/intercom-api.md 3.2: 400 `client_error`,
 * "Invalid starting_after param").
 */
const isRefusedCursor = ({ status, detail }: Failure): boolean =>
  status === 400 && /starting_after/i.test(detail);

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
    highest: isLast ? null : state.highest,
    ended: search >= searches,
  };
}

/** The position after a refused cursor: the last second, or the beginning if the search compares whole days. */
function afterRefusal(
  state: SearchPosition,
  granularity: SearchRead['granularity'],
  path: string,
): SearchPosition {
  const inSeconds = granularity === 'second' && state.highest !== null;
  const progressed = inSeconds && state.highest !== state.resumedFrom;
  const refusals = progressed ? 1 : state.refusals + 1;
  if (refusals > MOST_REFUSALS) {
    throw contractError(
      'cursor_refused',
      `${path} refused its own cursors ${refusals} times without progress`,
    );
  }
  if (inSeconds) return { ...state, startingAfter: null, resumedFrom: state.highest, refusals };
  return { ...searchBeginning(state.perPage), refusals };
}

export function createSearcher(read: SearchRead, client: IntercomClient, ask: AskOptions): Searcher {
  const { path, granularity } = read;

  /** Records can only leave a closed window, so it is counted after the walk. */
  async function askCount(query: SliceQuery): Promise<Answer> {
    const [filter] = searchFilters(query);
    if (filter === undefined) throw new Error(`${path}: nothing to count`);
    return client.post(path, searchBody(filter, 1, null), ask('urgent'));
  }

  /** Times from here on may belong to records that moved during the walk. */
  function horizonOf(query: SliceQuery, startedAt: EpochSeconds): EpochSeconds {
    const upper = upperOf(query);
    const slack = granularity === 'day' ? 2 * DAY_SECONDS : 1;
    return upper === null ? startedAt : Math.min(startedAt, upper + slack);
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
      const { startingAfter } = state;
      const expect = startingAfter === null ? undefined : isRefusedCursor;
      const priority = startingAfter === null ? 'urgent' : 'bulk';
      const answer = await askSmaller(sizes, (perPage, patience) =>
        client.post(path, searchBody(filter, perPage, startingAfter), ask(priority, { expect, patience })),
      );
      if (answer.failure !== null) {
        state = afterRefusal(state, granularity, path);
        guard.reset();
        if (state.resumedFrom === null) yield { type: 'restart', reason: 'Intercom refused the cursor' };
        continue;
      }
      sizes.good();
      const page = cursorPage(answer.body, read.recordsKey, path, state.read);
      guard.check(page);
      const startedAt = state.startedAt ?? toSeconds(answer.date ?? answer.receivedAtMs);
      const highest = highestInOrder(page.records, state.highest, horizonOf(query, startedAt), path);
      state = afterPage({ ...state, startedAt, highest, perPage: sizes.current() }, page, searches);
      yield { type: 'page', records: page.records, receivedAtMs: answer.receivedAtMs, position: state };
    }

    const closed = upperOf(query) !== null;
    yield {
      type: 'end',
      matched: closed ? totalCount((await askCount(query)).body) : state.firstCount,
    };
  }

  return {
    walk,
    async probe(query) {
      const { body } = await askCount(query);
      const matched = totalCount(body);
      if (matched === null) throw contractError('count_missing', `${path} answered without total_count`);
      const [first] = recordsOf(body, [read.recordsKey], path);
      return { matched, first: first === undefined ? null : stampOf(first, 'updated_at') };
    },
  };
}
