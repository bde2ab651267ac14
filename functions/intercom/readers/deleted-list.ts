/**
 * Reads the list of deleted records, newest deletion first (docs/intercom-api.md 11.9). It needs a newer version of
 * the API than everything else, so a workspace may refuse it: that is observed, and nothing else depends on it.
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

const KEY = { primaryKey: ['id'] } as const;

const NOT_SORTED = { deleted_list: 'not newest first' } as const;

const isNewestFirst = (times: readonly Time[]): boolean =>
  times.every((time, index) => {
    const before = index === 0 ? time : times[index - 1];
    return time !== null && before != null && before >= time;
  });

/** What may be wrong with the list alone. A dead token or a bug is not. */
const isOfTheList = (
  error: unknown,
): error is PermissionError | UnavailableError | ContractError | RetryableError =>
  error instanceof PermissionError ||
  error instanceof UnavailableError ||
  error instanceof ContractError ||
  error instanceof RetryableError;

/**
 * Ends with `matched` 0, or null if the list could not be read: what was deleted is then read by a later run.
 * @param since deletions before this time are known; null: none is
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
  const pages = walkNumbers(
    deps.client,
    ask,
    { path, recordsKeys: [recordsKey], perPageSizes },
    { offset: typeof start === 'number' ? start : 0 },
  );
  const timeOf = (record: JsonObject): Time => parseTime(record[timeField]);
  let last: readonly Time[] = [];
  let position: Position = start ?? 0;
  try {
    for await (const page of pages) {
      const { records, rejects } = sortOut(KEY, page.records, page.receivedAtMs, path);
      const isNew = (time: Time): boolean => since === null || time === null || time >= since;
      const ids = records
        .filter((record) => isNew(timeOf(record)))
        .map((record) => recordId(KEY, record) ?? '');
      if (ids.length > 0) yield { type: 'deleted', ids, how: 'deleted_list' };
      const times = records.map(timeOf);
      const sorted = isNewestFirst([...last, ...times]);
      last = times.slice(-1);
      position = page.nextOffset;
      const observed = sorted ? {} : NOT_SORTED;
      yield { type: 'page', records: [], ids: [], position, rejects, evidence: { observed } };
      // Only if the order holds does an old deletion mean that all after it are old.
      const oldest = last[0] ?? null;
      if (sorted && oldest !== null && !isNew(oldest)) break;
    }
    yield { type: 'end', matched: 0 };
  } catch (error) {
    if (!isOfTheList(error)) throw error;
    const observed = { deleted_list: `not read: ${error.code}` };
    yield { type: 'page', records: [], ids: [], position, evidence: { observed } };
    yield { type: 'end', matched: null };
  }
}
