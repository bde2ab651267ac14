/**
 * Completes lists that Intercom cuts at 10 items inside a record (docs/intercom-api.md 6.2). The sub-list
 * behind `has_more` replaces the embedded items. `total_count` stays the larger of Intercom's two counts, so
 * that the engine can prove the list complete.
 */
import type { EmbeddedList, ObjectDeclaration } from '../../../core/declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts';
import { isNotFound } from '../../http/failures.ts';
import { recordId } from './identify.ts';
import { inOrder } from './in-order.ts';
import { parseCount, recordsOf, totalCount } from './list-answers.ts';
import { walkNumbers } from './number-walk.ts';
import { type AskOptions, pathOf, type ReaderDeps } from './requests.ts';

export interface CompletedRecord {
  readonly record: JsonObject;
  /** Set if a sub-list could not be read; the record then still has its first items. */
  readonly failure: unknown;
}

interface WholeList {
  readonly items: readonly JsonValue[];
  /** The count that came with the sub-list; 0 if none came. */
  readonly total: number;
}

const embedded = (list: JsonObject): readonly JsonValue[] => (Array.isArray(list.data) ? list.data : []);

const statedCount = (list: JsonObject): number => parseCount(list.total_count) ?? 0;

const isWhole = (list: JsonObject): boolean =>
  list.has_more !== true && embedded(list).length >= statedCount(list);

export function createListCompleter(declaration: ObjectDeclaration, deps: ReaderDeps, ask: AskOptions) {
  const { client } = deps;

  /** @returns null if the record is gone by now (404) */
  async function fetchNumbered(list: EmbeddedList, path: string): Promise<WholeList | null> {
    const { recordsKeys, perPageSizes = [50, 25, 5, 1] } = list;
    const numbered = { path, recordsKeys, perPageSizes };
    const items: JsonValue[] = [];
    let total: number | null = null;
    for await (const page of walkNumbers(client, ask, numbered, { absent: isNotFound })) {
      items.push(...page.records);
      total = Math.max(total ?? 0, page.total ?? 0);
    }
    return total === null ? null : { items, total };
  }

  async function fetchOnce(list: EmbeddedList, path: string): Promise<WholeList | null> {
    const { body, failure } = await client.get(path, {}, ask('bulk', { expect: isNotFound }));
    return failure === null
      ? { items: recordsOf(body, list.recordsKeys, path), total: totalCount(body) ?? 0 }
      : null;
  }

  async function wholeList(list: EmbeddedList, value: JsonObject, id: string): Promise<JsonObject> {
    const path = pathOf(list.path, id);
    const whole = await (list.paging === 'page_number' ? fetchNumbered(list, path) : fetchOnce(list, path));
    if (whole === null) return { ...value, total_count: embedded(value).length };
    const { items, total } = whole;
    return {
      ...value,
      data: items,
      total_count: Math.max(items.length, total, statedCount(value)),
      has_more: false,
    };
  }

  async function complete(record: JsonObject): Promise<CompletedRecord> {
    const done: Record<string, JsonValue | undefined> = { ...record };
    let failure: unknown = null;
    for (const list of declaration.embeddedLists) {
      const value = record[list.field];
      if (!isJsonObject(value) || isWhole(value)) continue;
      try {
        done[list.field] = await wholeList(list, value, recordId(declaration, record));
      } catch (error) {
        failure = error;
      }
    }
    return { record: done, failure };
  }

  /** The records of a page with complete lists, in order; reads at most `inFlight` sub-lists at once. */
  return (records: readonly JsonObject[]): AsyncIterable<CompletedRecord> =>
    inOrder(records, deps.inFlight, complete);
}
