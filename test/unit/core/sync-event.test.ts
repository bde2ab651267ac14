import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ObjectSummary, RunSummary } from '../../../functions/core/engine-files.ts';
import { METRICS } from '../../../functions/core/metrics.ts';
import { OBJECT_NAMES } from '../../../functions/core/names.ts';
import {
  EVENT_DETAIL_TYPE,
  EVENT_SOURCE,
  type SyncCompleted,
  syncCompleted,
} from '../../../functions/core/sync-event.ts';

const summaryOf = (changes: Partial<ObjectSummary> = {}): ObjectSummary => ({
  object: 'tags',
  status: 'committed',
  message: null,
  error: null,
  rows: { tags: 3 },
  files: 1,
  bytes: 9,
  completeness: null,
  schema: { version: 2, added: ['tags.a: string'], changed: [], dropped: [] },
  cursor: null,
  work_remains: false,
  up_to: '2026-11-22T12:00:00.000Z',
  ...changes,
});

const runOf = (...objects: readonly ObjectSummary[]): RunSummary => ({
  format: 1,
  run_id: '20261122T120000000Z-aaaaaa',
  status: 'succeeded',
  mode: 'incremental',
  started_at: '2026-11-22T12:00:00.000Z',
  finished_at: '2026-11-22T12:01:00.000Z',
  workspace_id: 'w1',
  objects,
  notes: ['a note'],
  work_remains: false,
});

const bytesOf = (event: SyncCompleted): number => Buffer.byteLength(JSON.stringify(event));

describe('the event of a run', () => {
  test('adds up the rows of a table that several objects write', () => {
    const conversations = summaryOf({ object: 'conversations', rows: { conversations: 5, deletions: 1 } });
    const parts = summaryOf({ object: 'conversation_parts', rows: { conversation_parts: 7, deletions: 2 } });
    expect(syncCompleted('shop', runOf(conversations, parts)).rows).toEqual({
      conversations: 5,
      conversation_parts: 7,
      deletions: 3,
    });
  });

  test('carries neither messages nor notes, which may quote a record', () => {
    const failed = summaryOf({ status: 'failed', error: 'ContractError', message: 'about jane@doe.example' });
    const text = JSON.stringify(syncCompleted('shop', runOf(failed)));
    expect(text).toContain('ContractError');
    expect(text).not.toMatch(/jane|a note/);
  });

  test('stays below 256 KiB for any drift, and counts what it leaves out', () => {
    const columns = Array.from({ length: 20_000 }, (_unused, index) => `tags."é\u{1f600}${index}": string`);
    const schema = { version: 2, added: columns, changed: columns, dropped: columns };
    const objects = OBJECT_NAMES.map((object) => summaryOf({ object, schema }));
    const event = syncCompleted('shop', runOf(...objects));
    expect(bytesOf(event)).toBeLessThan(200 * 1024);
    expect(bytesOf(event)).toBeGreaterThan(100 * 1024);
    const told = event.objects.map((one) => one.schema?.added.length ?? 0);
    expect(told[0]).toBeGreaterThan(1_000);
    expect(event.objects[0]?.schema?.omitted).toBe(60_000 - (told[0] ?? 0));
    expect(event.objects.at(-1)?.schema).toEqual({ added: [], changed: [], dropped: [], omitted: 60_000 });
  });

  test('leaves out a single change that is too long, and reports the others', () => {
    const schema = { version: 2, added: ['x'.repeat(300_000), 'tags.b: string'], changed: [], dropped: [] };
    expect(syncCompleted('shop', runOf(summaryOf({ schema }))).objects[0]?.schema).toEqual({
      added: ['tags.b: string'],
      changed: [],
      dropped: [],
      omitted: 1,
    });
  });
});

describe('docs/events.md', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/events.md'), 'utf8');
  const [, example = '{}'] = /```json\n([\s\S]*?)```/.exec(text) ?? [];
  const documented = JSON.parse(example);

  /** Every path of keys; a list counts as its items. */
  const paths = (value: unknown, path = ''): readonly string[] => {
    if (Array.isArray(value)) return value.flatMap((item) => paths(item, `${path}[]`));
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => [
      `${path}.${key}`,
      ...paths(inner, `${path}.${key}`),
    ]);
  };

  test('shows exactly the keys that an event has', () => {
    const real = syncCompleted('intercom', runOf(summaryOf({ rows: { tags: 1 } })));
    const isOfATable = (path: string): boolean => path.startsWith('.rows.');
    const keys = (value: unknown) => new Set(paths(value).filter((path) => !isOfATable(path)));
    expect(keys(documented.detail)).toEqual(keys(real));
    expect(documented).toMatchObject({ source: EVENT_SOURCE, 'detail-type': EVENT_DETAIL_TYPE });
  });

  test('matches its example with the rule it shows', () => {
    const [, pattern = '{}'] = /```json pattern\n([\s\S]*?)```/.exec(text) ?? [];
    expect(JSON.parse(pattern)).toEqual({
      source: [documented.source],
      'detail-type': [documented['detail-type']],
      detail: { pipeline: [documented.detail.pipeline], status: ['failed'] },
    });
  });

  test('lists the metrics with their units', () => {
    const rows = [...text.matchAll(/^\| `([A-Z]\w+)` +\| (Count|Seconds) /gm)].map(([, name, unit]) => [
      name,
      unit,
    ]);
    expect(Object.fromEntries(rows)).toEqual(METRICS);
  });
});
