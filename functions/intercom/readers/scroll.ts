/**
 * Reads companies by the workspace's only scroll (docs/intercom-api.md 6.3). Every call moves the scroll on, so
 * a call without a usable answer is never repeated: its page would be skipped unnoticed. Instead the walk
 * starts again.
 */
import type { ObjectDeclaration, ReadSpec } from '../../core/declaration.ts';
import { ContractError, PermissionError, RetryableError, UnavailableError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ObjectReader, Position, ReadEvent } from '../../core/reading.ts';
import { listUnder } from '../../core/relationship.ts';
import type { Answer } from '../http/client.ts';
import type { Failure } from '../http/failures.ts';
import { createFailureGate } from './walk/failure-gate.ts';
import { contractError, recordsOf, totalCount } from './walk/list-answers.ts';
import { askOptions, onlyWhole, type ReaderDeps } from './walk/requests.ts';
import { createRecordTaker } from './walk/take-records.ts';

type ScrollRead = Extract<ReadSpec, { kind: 'scroll' }>;

/**
 * Where a scroll continues. Resume only from the last position of an invocation: any call made after a
 * position has moved the scroll on.
 */
type ScrollPosition = {
  readonly scrollParam: string | null;
  readonly restarts: number;
  readonly ended: boolean;
};

const MOST_RESTARTS = 3;

/** An idle scroll expires after 60 s (docs/intercom-api.md 6.3). */
const WAIT_SECONDS = 65;

/** Another client holds the scroll; only the code shows this, never the text (docs/intercom-api.md 3.2). */
const isTaken = ({ codes }: Failure): boolean => codes.includes('scroll_exists');

const LOST: readonly Failure['kind'][] = ['not_found', 'server', 'timeout', 'network', 'malformed'];

/** The scroll expired, broke, or its answer was lost. */
const isLost = ({ kind }: Failure): boolean => LOST.includes(kind);

/** What Intercom answers, or does not, although the connection works. */
const isOfTheCount = (error: unknown): boolean =>
  error instanceof ContractError ||
  error instanceof PermissionError ||
  error instanceof UnavailableError ||
  (error instanceof RetryableError && error.code !== 'rate_limited');

export function createScrollReader(
  declaration: ObjectDeclaration,
  read: ScrollRead,
  deps: ReaderDeps,
): ObjectReader {
  const { client } = deps;
  const { path, recordsKey, countPath } = read;
  const ask = askOptions(declaration, deps);

  const scroll = (param: string | null): Promise<Answer> =>
    param === null
      ? client.get(path, {}, ask('urgent', { expect: isTaken }))
      : client.get(path, { scroll_param: param }, ask('urgent', { expect: isLost }));

  const paramOf = ({ scroll_param: param }: JsonObject, before: string | null): string | null =>
    typeof param === 'string' && param !== '' ? param : before;

  /** What the page lacks; null if it is whole. */
  function faultOf(body: JsonObject, before: string | null): ContractError | null {
    const values = listUnder(body, [recordsKey, 'data']);
    if (values === undefined)
      return contractError('records_missing', `${path} answered without '${recordsKey}'`);
    if (values.length === 0 || paramOf(body, before) !== null) return null;
    return contractError('scroll_param_missing', `${path} returned a page without a scroll_param`);
  }

  /** Null if the count cannot be had: the walk is complete without it, only unproven. */
  async function matched(): Promise<number | null> {
    try {
      return totalCount((await client.get(countPath, { per_page: 1 }, ask('urgent'))).body);
    } catch (error) {
      if (isOfTheCount(error)) return null;
      throw error;
    }
  }

  /** Restarts until a scroll reaches its end. Yields `wait` if another client holds the scroll. */
  async function* walk(start: Position | null): AsyncGenerator<ReadEvent, void, void> {
    let state = (start as ScrollPosition | null) ?? { scrollParam: null, restarts: 0, ended: false };
    let seen = new Set<string>();
    const take = createRecordTaker(declaration, deps, ask, createFailureGate(client, deps.signal));
    while (!state.ended) {
      const answer = await scroll(state.scrollParam);
      const { failure } = answer;
      if (failure !== null && isTaken(failure)) {
        yield { type: 'wait', seconds: WAIT_SECONDS, reason: 'another scroll of companies is open' };
        return;
      }
      const fault = failure === null ? faultOf(answer.body, state.scrollParam) : null;
      const lost = failure?.code ?? fault?.code ?? null;
      if (lost !== null) {
        if (state.restarts >= MOST_RESTARTS) {
          if (fault !== null) throw fault;
          throw new RetryableError(`The scroll of ${path} broke ${MOST_RESTARTS + 1} times (${lost})`, {
            code: 'scroll_broken',
          });
        }
        state = { scrollParam: null, restarts: state.restarts + 1, ended: false };
        seen = new Set();
        yield { type: 'restart', reason: `the scroll broke (${lost})` };
        continue;
      }
      const values = recordsOf(answer.body, [recordsKey], path);
      const { records, rejects } = await take(values, answer.receivedAtMs, recordsKey);
      const known = seen.size;
      for (const { id } of records) seen.add(id);
      const ended = values.length === 0;
      if (records.length > 0 && seen.size === known)
        throw contractError('repeated_page', `${path} returned the same companies twice`);
      state = { ...state, scrollParam: ended ? null : paramOf(answer.body, state.scrollParam), ended };
      yield {
        type: 'page',
        records,
        rejects,
        ids: records.map(({ id }) => id),
        position: state,
      };
    }
    yield { type: 'end', matched: await matched() };
  }

  return {
    read(slice, position) {
      onlyWhole(declaration, slice);
      return walk(position);
    },
    probe: null,
  };
}
