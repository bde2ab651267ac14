/**
 * Takes what a page lists: records with their ids, times and complete lists, and rejects. Lists that Intercom cut off
 * at ten items or left out are asked for once (docs/intercom-api.md 6.2, 10).
 */
import type { ChildDeclaration, ListQuestion, ObjectDeclaration } from '../../../core/declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts';
import type { ReadRecord, Reject } from '../../../core/reading.ts';
import {
  findList,
  listUnder,
  type RecordLists,
  recordLists,
  referredTo,
} from '../../../core/relationship.ts';
import type { EpochMs } from '../../../core/time.ts';
import { isNotFound } from '../../http/failures.ts';
import type { FailureGate } from './failure-gate.ts';
import { identify, oddItems, recordId, sortOut, withLists } from './identify.ts';
import { inOrder } from './in-order.ts';
import { onlyRecord, totalCount } from './list-answers.ts';
import { walkNumbers } from './number-walk.ts';
import { REQUESTS_IN_FLIGHT } from './pace.ts';
import { type AskOptions, pathOf, type ReaderDeps } from './requests.ts';

export interface TakenRecords {
  readonly records: readonly ReadRecord[];
  readonly rejects: readonly Reject[];
  /** Records whose lists are known to be incomplete. */
  readonly debts: readonly { readonly id: string; readonly reason: string }[];
}

/** @param path where the values were listed, for the rejects */
export type TakeRecords = (
  values: readonly JsonValue[],
  receivedAtMs: EpochMs,
  path: string,
) => Promise<TakenRecords>;

/** After this many records in a row whose list stayed unknown although it was asked for, it is not asked for again. */
const ENOUGH_UNKNOWN = 20;

/** Items of a sub-list, or the value of the record's own field; null if the record is gone by now (404). */
type AskedList = { readonly value: JsonValue } | null;

const counted = (items: readonly JsonValue[], total: number | null): AskedList => ({
  value: { type: 'list', data: items, total_count: Math.max(items.length, total ?? 0), has_more: false },
});

interface Completed {
  /** Fields that were asked for. */
  readonly fields: JsonObject;
  /** A list that came in part is owed; a list that did not come stays unknown. */
  readonly failures: readonly { readonly error: unknown; readonly path: string; readonly isOwed: boolean }[];
  readonly shortfalls: readonly string[];
}

const NOTHING_ASKED: Completed = { fields: {}, failures: [], shortfalls: [] };

export function createRecordTaker(
  declaration: ObjectDeclaration,
  deps: ReaderDeps,
  ask: AskOptions,
  gate: FailureGate,
): TakeRecords {
  const { client, pace } = deps;
  const askable = declaration.children.filter((child) => child.ask !== undefined);
  const unknownInARow = new Map<ChildDeclaration, number>();
  /** At this moment: other lists are asked for at the same time. */
  const inARow = (child: ChildDeclaration): number => unknownInARow.get(child) ?? 0;

  async function askList(question: ListQuestion, field: string, id: string): Promise<AskedList> {
    const path = pathOf(question.path, id);
    if (question.kind === 'page_number') {
      const items: JsonValue[] = [];
      let total: number | null = null;
      let pages = 0;
      for await (const page of walkNumbers(client, ask, { ...question, path }, { absent: isNotFound })) {
        pages += 1;
        items.push(...page.records);
        total = Math.max(total ?? 0, page.total ?? 0);
      }
      return pages === 0 ? null : counted(items, total);
    }
    const accept = question.kind === 'record' ? onlyRecord(id, question.path) : undefined;
    const { body, failure } = await client.get(path, {}, ask('bulk', { accept, expect: isNotFound }));
    if (failure !== null) return null;
    if (question.kind === 'record') return { value: body[field] ?? null };
    const items = listUnder(body, question.recordsKeys);
    return items === undefined ? { value: null } : counted(items, totalCount(body));
  }

  const countIn = (holder: JsonValue | undefined): number =>
    isJsonObject(holder) && typeof holder.total_count === 'number' ? holder.total_count : 0;

  /** The sub-list replaces what was embedded, but not a larger count: both are Intercom's. */
  function replaced(before: JsonValue | undefined, after: JsonValue): JsonValue {
    if (!isJsonObject(after) || !isJsonObject(before)) return after;
    return { ...before, ...after, total_count: Math.max(countIn(before), countIn(after)) };
  }

  async function completeOne(record: JsonObject, child: ChildDeclaration): Promise<Completed> {
    const { field } = child.list;
    const before = findList(child, record);
    const question = child.ask;
    if (question === undefined || before?.isWhole === true) return NOTHING_ASKED;
    const referred = referredTo(child, record);
    const isUnknown = before === null && referred === null;
    if (isUnknown) unknownInARow.set(child, inARow(child));
    if (isUnknown && inARow(child) >= ENOUGH_UNKNOWN) return NOTHING_ASKED;
    try {
      const asked = await askList(question, field, recordId(declaration, record) ?? '');
      const given = referred === null ? record[field] : { total_count: referred };
      const value = asked === null ? null : isUnknown ? asked.value : replaced(given, asked.value);
      const after = value === null ? null : findList(child, { [field]: value });
      if (isUnknown) unknownInARow.set(child, after === null ? inARow(child) + 1 : 0);
      if (after === null) {
        if (isUnknown) return NOTHING_ASKED;
        // If the record is gone, the next run does not find it, and owes nothing.
        const why = asked === null ? `${field} were not found` : `${field} did not come in a known shape`;
        return { ...NOTHING_ASKED, shortfalls: [why] };
      }
      const complete = { ...NOTHING_ASKED, fields: { [field]: value } };
      if (after.isWhole) return complete;
      const have = after.items.length + after.odd.length;
      const shortfall = `${have} of ${after.total} ${field} were listed`;
      return { ...complete, shortfalls: [shortfall] };
    } catch (error) {
      if (isUnknown) unknownInARow.set(child, inARow(child) + 1);
      return { ...NOTHING_ASKED, failures: [{ error, path: question.path, isOwed: !isUnknown }] };
    }
  }

  /** Most records need no request: their lists come whole, or Intercom does not send them at all. */
  const needsAsking = (record: JsonObject, { found }: RecordLists): boolean =>
    declaration.children.some((child, index) => {
      if (child.ask === undefined) return false;
      const list = found[index] ?? null;
      if (list !== null) return !list.isWhole;
      return inARow(child) < ENOUGH_UNKNOWN || referredTo(child, record) !== null;
    });

  /**
   * Records at once. Few at once if lists did not come: the first answers may show that there is no point in asking.
   */
  const atOnce = (): number =>
    unknownInARow.size === 0 ? pace.limit() : Math.min(REQUESTS_IN_FLIGHT, pace.limit());

  /** Asks for all lists of a record at once. */
  async function complete(record: JsonObject) {
    const done = await Promise.all(askable.map((child) => completeOne(record, child)));
    const answered = askable.filter((_, index) => Object.keys(done[index]?.fields ?? {}).length > 0);
    return {
      answered: answered.map(({ ask: question }) => question?.path),
      record: Object.assign({}, record, ...done.map(({ fields }) => fields)) as JsonObject,
      failures: done.flatMap(({ failures }) => failures),
      shortfalls: done.flatMap(({ shortfalls }) => shortfalls),
    };
  }

  return async (values, receivedAtMs, path) => {
    const { records: listed, rejects } = sortOut(declaration, values, receivedAtMs, path);
    const records: ReadRecord[] = [];
    const debts: { readonly id: string; readonly reason: string }[] = [];
    const all: Reject[] = [...rejects];
    const take = (record: JsonObject, lists?: RecordLists): ReadRecord => {
      const one = withLists(declaration, identify(declaration, record, receivedAtMs), lists);
      records.push(one);
      all.push(...oddItems(declaration, one));
      return one;
    };
    const looked = listed.map((record) => {
      const lists = recordLists(declaration, record);
      return { record, lists, isAsked: needsAsking(record, lists) };
    });
    const asked = looked.flatMap(({ record, isAsked }) => (isAsked ? [record] : []));
    let taken = 0;
    const takeWhole = (): void => {
      for (let next = looked[taken]; next?.isAsked === false; next = looked[taken]) {
        take(next.record, next.lists);
        taken += 1;
        if (askable.length > 0) gate.succeeded();
      }
    };
    takeWhole();
    for await (const { record, answered, failures, shortfalls } of inOrder(asked, atOnce, complete)) {
      const one = take(record);
      taken += 1;
      const reasons = [...shortfalls];
      for (const { error, path: refused, isOwed } of failures) {
        const reason = await gate.failed(error, refused);
        if (isOwed) reasons.push(reason);
      }
      if (failures.length === 0) for (const one of [undefined, ...answered]) gate.succeeded(one);
      if (reasons.length > 0) debts.push({ id: one.id, reason: reasons.join('; ') });
      takeWhole();
    }
    return { records, rejects: all, debts };
  };
}
