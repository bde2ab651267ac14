/** An attempt may end after any event: each one gets on, and together they read what one long attempt reads. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../functions/core/json.ts';
import type { ObjectName } from '../../functions/core/names.ts';
import type { SliceQuery } from '../../functions/core/reading.ts';
import { OBJECTS } from '../../functions/objects/index.ts';
import { extractSlice } from '../../functions/sync/extract/extract.ts';
import { createPipeline, dependenciesOf } from '../support/dependencies.ts';
import {
  errorList,
  type Handler,
  type Reply,
  serve,
  testReader,
  windowOf,
} from '../support/intercom/reader-harness.ts';
import { searchAnswer } from '../support/intercom/search-server.ts';
import { rowsOfParts } from '../support/rows-of.ts';
import { doneOf, HOLDER, planByHand } from '../support/slices.ts';
import { nextAttempt } from '../support/workflow.ts';

/** What becomes of a record: listed or not, and what its own GET answers. */
const FATES = ['listed', 'unlisted', 'gone', 'gone_after_listing', 'merged', 'refused', 'odd'] as const;
type Fate = (typeof FATES)[number];

const LIST = { type: 'list', data: [], total_count: 0, has_more: false };

function recordOf(id: string, fate: Fate): JsonObject {
  const updatedAt = 1_000 + Number(id);
  const part = fate === 'odd' ? { body: 'no id' } : { id: `p${id}`, updated_at: updatedAt };
  return {
    id,
    updated_at: updatedAt,
    tags: { ...LIST, tags: [] },
    companies: LIST,
    conversation_parts: { conversation_parts: [part], total_count: 1 },
  };
}

function single(id: string, fate: Fate, version: string): Reply {
  if (fate === 'refused') return { status: 422, json: errorList('odd') };
  if (fate === 'merged' && version !== '2.15')
    return { status: 410, json: errorList('contact_merged'), headers: { Link: `</contacts/z${id}>` } };
  if (fate === 'gone' || fate === 'gone_after_listing' || fate === 'merged')
    return { status: 404, json: errorList('not_found') };
  return { json: recordOf(id, fate) };
}

const LISTED: readonly Fate[] = ['listed', 'gone_after_listing', 'odd'];

interface Deletion {
  readonly id: string;
  readonly at: number | null;
}

function answering(fates: readonly Fate[], deletions: readonly Deletion[], cut: number): Handler {
  return ({ path, query, body, headers }) => {
    if (path === '/me') return { json: { type: 'admin' } };
    if (path === '/conversations/deleted') {
      const [page, size] = [Number(query.get('page')), Number(query.get('per_page'))];
      if (page > cut) return { status: 403, json: errorList('forbidden') };
      const rest = deletions.slice((page - 1) * size);
      const conversations = rest.slice(0, size).map(({ id, at }) => ({ id, deleted_at: at }));
      const next = rest.length > size ? `/?page=${page + 1}` : null;
      return {
        json: { conversations, total_count: deletions.length, pages: { page, per_page: size, next } },
      };
    }
    if (path.endsWith('/search')) {
      const all = fates.map((fate, id) => ({ fate, record: recordOf(String(id), fate) }));
      const listed = all.filter(({ fate }) => LISTED.includes(fate)).map(({ record }) => record);
      const recordsKey = path.split('/')[1] === 'contacts' ? 'data' : (path.split('/')[1] ?? '');
      return { json: searchAnswer(body, { records: () => listed, recordsKey }) };
    }
    const id = path.split('/').at(-1) ?? '';
    return single(id, fates[Number(id)] ?? 'gone', String(headers['intercom-version']));
  };
}

const ids = fc.array(fc.constantFrom(...FATES), { minLength: 1, maxLength: 12 });
const deletions = fc.array(
  fc.record({
    id: fc.nat(50).map(String),
    at: fc.option(fc.integer({ min: 1, max: 300 }), { freq: 20 }),
  }),
  { maxLength: 200 },
);

type QueryOf = (count: number, since: number | null) => SliceQuery;

const deleted: QueryOf = (_count, since) => ({ kind: 'deleted', since });
const byId: QueryOf = (count) => ({ kind: 'ids', ids: Array.from({ length: count }, (_, id) => `${id}`) });
const byWindow: QueryOf = () => windowOf(null, null);

const SEARCHED = ['contacts', 'conversations', 'tickets', 'conversation_parts'] as const;

const QUERIES: readonly { object: ObjectName; by: string; queryOf: QueryOf }[] = [
  { object: 'conversations', by: 'the list of deleted ones', queryOf: deleted },
  ...(['companies', ...SEARCHED] as const).map((object) => ({ object, by: 'id', queryOf: byId })),
  ...SEARCHED.map((object) => ({ object, by: 'window', queryOf: byWindow })),
];

/** Attempts that end as soon as they may. */
async function readIn(url: string, object: ObjectName, query: SliceQuery, remainingMs: number) {
  const pipeline = createPipeline();
  const { reader } = testReader(url, OBJECTS[object], { clock: pipeline.clock });
  const dependencies = dependenciesOf(pipeline, { object, reader, limits: { deadlineMarginMs: 1 } });
  const bounds = { from: null, to: null };
  const slice = { id: '0001', query, exact: bounds, debt: null };
  const other = { ...slice, id: '0002', query: windowOf(null, null) };
  await planByHand(pipeline, dependencies, { slices: [slice, other] });
  for (let attempts = 0; ; attempts += 1) {
    expect(attempts).toBeLessThan(300);
    const { status } = await extractSlice(dependencies, HOLDER, '0001', nextAttempt(remainingMs));
    if (status === 'done') break;
  }
  const { parts, deleted, newDebts, read, evidence, matched, short } = doneOf(pipeline.lake, object);
  const rows = (table: Parameters<typeof rowsOfParts>[2]) =>
    rowsOfParts(pipeline.lake, parts, table)
      .map((row) => JSON.stringify([row.id, row.object, row.how, row.merged_into, row.path]))
      .toSorted();
  return {
    rows: [rows(object), rows('deletions'), rows('rejects')],
    deleted: deleted.toSorted(),
    debts: newDebts.map((debt) => JSON.stringify(debt)).toSorted(),
    counts: { read, evidence, matched, short },
  };
}

test.each(QUERIES)('$object by $by', { timeout: 60_000 }, async ({ object, queryOf }) => {
  let handler: Handler = () => ({});
  const { url } = await serve((request) => handler(request));
  const inputs = [
    ids,
    deletions,
    fc.boolean(),
    fc.option(fc.nat(300)),
    fc.integer({ min: 0, max: 5 }),
  ] as const;
  await fc.assert(
    fc.asyncProperty(...inputs, async (fates, list, isSorted, since, cut) => {
      const sorted = isSorted ? list.toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0)) : list;
      handler = answering(fates, sorted, cut);
      const query = queryOf(fates.length, since);
      const whole = await readIn(url, object, query, 1_000);
      expect(await readIn(url, object, query, 0)).toEqual(whole);
    }),
    { numRuns: 40 },
  );
});
