/** Rules that change while rows of earlier runs are still current. */
import { expect, test } from 'vitest';
import { withoutChildren } from '../../../../functions/core/declared-tables.ts';
import type { RunSummary } from '../../../../functions/core/engine-files.ts';
import type { HashSource } from '../../../../functions/core/ports.ts';
import { OBJECTS } from '../../../../functions/objects/index.ts';
import { createPipeline, dependenciesOf, readerOf, testHash } from '../../../support/dependencies.ts';
import { manifestsOf } from '../../../support/rows-of.ts';
import { pageOf, recordOf } from '../../../support/slices.ts';
import { runOnce } from '../../../support/workflow.ts';

interface Rules {
  readonly fields?: Record<string, Record<string, string>>;
  readonly sensitiveFields?: 'replicate' | 'hash';
  readonly tables?: { readonly exclude: readonly ('contact_tag' | 'contact_company')[] };
  readonly key?: string;
}

const anotherKey: HashSource = { hashText: async () => (text) => testHash(`other ${text}`) };

/** Runs one object again and again, each time under these rules. */
function runs(object: 'contacts' | 'teams') {
  const pipeline = createPipeline();
  const reader = readerOf(async function* () {
    yield pageOf([recordOf('c1', 5)], 1);
    yield { type: 'end', matched: null };
  });
  return async ({ key, ...config }: Rules, input: unknown = {}) => {
    const declaration = withoutChildren(OBJECTS[object], config.tables?.exclude ?? []);
    const overrides = { declaration, ...(key === 'another' && { hashes: anotherKey }) };
    pipeline.clock.advance(3_600_000);
    await runOnce(pipeline, dependenciesOf(pipeline, { object, reader, config, overrides }), input);
    const [summary] = pipeline.lake
      .keys('runs/')
      .map((one) => pipeline.lake.json<RunSummary>(one))
      .reverse();
    const mixed = manifestsOf(pipeline.lake, object).at(-1)?.rules?.mixed;
    expect(summary?.objects[0]?.mixed_rules ?? false).toBe(mixed);
    expect(summary?.notes.some((note) => note.includes('A full refresh writes them again'))).toBe(mixed);
    return mixed;
  };
}

test.each<[string, Rules, Rules]>([
  ['hashing is turned on', {}, { sensitiveFields: 'hash' }],
  ['hashing is turned off', { sensitiveFields: 'hash' }, {}],
  ['a child table is included again', { tables: { exclude: ['contact_tag'] } }, {}],
  ['a field is included again', { fields: { contacts: { name: 'exclude' } } }, {}],
  ['a value inside a column is hashed', {}, { fields: { contacts: { 'location.city': 'hash' } } }],
  ['an undeclared field is hashed', {}, { fields: { contacts: { shiny: 'hash' } } }],
  ['the hash key changes', { sensitiveFields: 'hash' }, { sensitiveFields: 'hash', key: 'another' }],
])('%s: every run says so until everything is read again', async (_what, before, after) => {
  const run = runs('contacts');
  expect(await run(before)).toBe(false);
  expect(await run(before)).toBe(false);
  expect(await run(after)).toBe(true);
  expect(await run(after)).toBe(true);
  expect(await run(after, { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' })).toBe(true);
  // Under which rules each older run wrote its rows is not recorded.
  expect(await run(before)).toBe(true);
  expect(await run(after, { mode: 'full_refresh' })).toBe(false);
  expect(await run(after)).toBe(false);
});

test.each<[string, Rules]>([
  ['another object', { fields: { companies: { name: 'exclude' } } }],
  ['a key that nothing is hashed with', { key: 'another' }],
  ['a child table that is left out', { tables: { exclude: ['contact_tag'] } }],
  ['a field that is left out', { fields: { contacts: { name: 'exclude' } } }],
  ['a rule that repeats the default', { fields: { contacts: { name: 'replicate' } } }],
])('a change of %s does not mix rules', async (_what, after) => {
  const run = runs('contacts');
  await run({});
  expect(await run(after)).toBe(false);
});

test('an object that every run reads whole never has mixed rules', async () => {
  const run = runs('teams');
  await run({});
  expect(await run({ sensitiveFields: 'hash' })).toBe(false);
});
