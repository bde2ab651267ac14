/**
 * Reads the list of deleted records, newest deletion first (docs/intercom-api.md 11.9). It needs a newer version of
 * the API than everything else, so Intercom may refuse it: that is observed, and nothing else depends on it.
 */
import type { DeletedList, ObjectDeclaration } from '../../core/declaration.ts';
import { ContractError, PermissionError, RetryableError, UnavailableError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Position, ReadEvent } from '../../core/reading.ts';
import { parseTime } from '../../core/scalars.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { recordId, sortOut } from './walk/identify.ts';
import { walkNumbers } from './walk/number-walk.ts';
import { askAt, askOptions, type ReaderDeps } from './walk/requests.ts';

type Time = EpochSeconds | null;

type DeletedPosition = {
  readonly offset: number;
  /** Time of the last deletion before the offset; none at the beginning. */
  readonly last: readonly Time[];
  /** What the walk ends with; missing while there is more to read. */
  readonly matched?: 0 | null;
};

const BEGINNING: DeletedPosition = { offset: 0, last: [] };

const KEY = { primaryKey: ['id'] } as const;

const NOT_SORTED = { deleted_list: 'not newest first' } as const;

const isNewestFirst = (times: readonly Time[]): boolean =>
  times.every((time, index) => {
    const before = index === 0 ? time : times[index - 1];
    return time !== null && before != null && before >= time;
  });

/** Errors that may concern this list alone. A dead token or a bug does not. */
const isOfTheList = (
  error: unknown,
): error is PermissionError | UnavailableError | ContractError | RetryableError =>
  error instanceof PermissionError ||
  error instanceof UnavailableError ||
  error instanceof ContractError ||
  error instanceof RetryableError;

/**
 * Ends with `matched` 0, or null if the list could not be read: a later run then reads what was deleted.
 * @param since deletions before this time are known; null: none are
 */
export async function* readDeletedList(
  declaration: ObjectDeclaration,
  list: DeletedList,
  deps: ReaderDeps,
  since: EpochSeconds | null,
  start: Position | null,
): AsyncGenerator<ReadEvent, void, void> {
  const { path, recordsKey, perPageSizes, timeField } = list;
  const ask = askAt(askOptions(declaration, deps), list.version);
  const timeOf = (record: JsonObject): Time => parseTime(record[timeField]);
  let position = (start as DeletedPosition | null) ?? BEGINNING;
  const isNew = (time: Time): boolean => since === null || time === null || time >= since;

  async function* pages(): AsyncGenerator<ReadEvent, void, void> {
    const numbers = { path, recordsKeys: [recordsKey], perPageSizes };
    for await (const page of walkNumbers(deps.client, ask, numbers, { offset: position.offset })) {
      const { records, rejects } = sortOut(KEY, page.records, page.receivedAtMs, path);
      const ids = records
        .filter((record) => isNew(timeOf(record)))
        .map((record) => recordId(KEY, record) ?? '');
      if (ids.length > 0) yield { type: 'deleted', ids, how: 'deleted_list' };
      const times = records.map(timeOf);
      const sorted = isNewestFirst([...position.last, ...times]);
      const last = times.length === 0 ? position.last : times.slice(-1);
      const [oldest = null] = last;
      // Only if the order holds does an old deletion mean that all those after it are old.
      const isOver = page.isLast || (sorted && oldest !== null && !isNew(oldest));
      position = { offset: page.nextOffset, last, ...(isOver && { matched: 0 }) };
      const observed = sorted ? {} : NOT_SORTED;
      yield { type: 'page', records: [], ids: [], position, rejects, evidence: { observed } };
      if (isOver) return;
    }
  }

  try {
    if (position.matched === undefined) yield* pages();
  } catch (error) {
    if (!isOfTheList(error)) throw error;
    position = { ...position, matched: null };
    const observed = { deleted_list: `not read: ${error.code}` };
    yield { type: 'page', records: [], ids: [], position, evidence: { observed } };
  }
  yield { type: 'end', matched: position.matched ?? null };
}
