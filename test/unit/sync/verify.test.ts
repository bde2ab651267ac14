import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../functions/core/engine-files.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import { verifyObject } from '../../../functions/sync/verify.ts';
import { createPipeline, dependenciesOf, type Pipeline } from '../../support/dependencies.ts';
import { createWorld, createWorldReader } from '../../support/search-world.ts';
import { runOnce } from '../../support/workflow.ts';

async function readContacts() {
  const pipeline = createPipeline();
  const tags = { data: [{ id: 't1' }] };
  const records = ['a', 'b', 'c'].map((id) => ({ id, updated_at: 1_700_000_000, created_at: 1, tags }));
  const reader = createWorldReader(createWorld(records, { granularity: 'second', inclusive: false }), {
    nowMs: pipeline.clock.now,
  });
  const config = { compression: 'gzip' };
  const dependencies = dependenciesOf(pipeline, { object: 'contacts', reader, config, limit: 166 });
  const read = () => runOnce(pipeline, dependencies, { mode: 'full_refresh' });
  await read();
  return { pipeline, read };
}

const contacts = async (): Promise<Pipeline> => (await readContacts()).pipeline;

const check = ({ lake }: Pipeline, deep = true) => verifyObject(lake, OBJECTS.contacts, { deep });

const problemsOf = async (pipeline: Pipeline, deep?: boolean): Promise<readonly string[]> =>
  (await check(pipeline, deep)).problems.map(({ problem }) => problem);

/** Puts other content in the place of a table's file, as if its manifest had listed that. */
function replace({ lake }: Pipeline, table: 'contacts' | 'contact_tag', text: string, rows: number): void {
  const [manifestKey = ''] = lake.keys('manifests/contacts/');
  const manifest = lake.json<Manifest>(manifestKey);
  const [file] = manifest.tables[table]?.files ?? [];
  if (file === undefined) throw new Error('no file');
  const body = gzipSync(text);
  lake.files.set(file.key, body);
  const sha256 = createHash('sha256').update(body).digest('hex');
  const files = [{ ...file, rows, bytes: body.length, sha256 }];
  const changed = { ...manifest, tables: { ...manifest.tables, [table]: { rows, files } } };
  lake.files.set(manifestKey, Buffer.from(JSON.stringify(changed)));
}

test('a lake as it was written has no problems', async () => {
  const pipeline = await contacts();
  expect(await check(pipeline)).toMatchObject({ manifests: 1, files: 2, rows: 6, problems: [], orphans: [] });
});

test('files that no manifest lists are named', async () => {
  const pipeline = await contacts();
  const key = 'tables/contacts/run_date=2026-11-22/run_id=20261122T000000000Z-ffffff/0001-a-0001.ndjson.gz';
  pipeline.lake.files.set(key, new Uint8Array(1));
  expect(await check(pipeline)).toMatchObject({ problems: [], orphans: [key] });
});

test('files that no manifest lists are named in tables that all objects share, and evidence, too', async () => {
  const pipeline = await contacts();
  const run = 'run_date=2026-11-22/run_id=20261122T000000000Z-ffffff';
  const ours = [
    'evidence/contacts/20261122T235959999Z-day-abcdef-cut.ndjson',
    `tables/deletions/${run}/contacts-0001-a-0001.ndjson.gz`,
    `tables/rejects/${run}/contacts-0001-a-0001.ndjson.gz`,
  ];
  for (const key of [...ours, `tables/deletions/${run}/tags-0001-a-0001.ndjson.gz`])
    pipeline.lake.files.set(key, new Uint8Array(1));
  expect(await check(pipeline)).toMatchObject({ problems: [], orphans: ours });
});

test('evidence that a manifest lists is looked at like any file', async () => {
  const pipeline = await contacts();
  const [manifest = ''] = pipeline.lake.keys('manifests/contacts/');
  const body = Buffer.from('{"run_id":"x"}\n');
  const key = 'evidence/contacts/20261122T235959999Z-day-abcdef-a.ndjson';
  const sha256 = createHash('sha256').update(body).digest('hex');
  const evidence = [{ key, rows: 1, bytes: body.length, sha256 }];
  const listing = Buffer.from(JSON.stringify({ ...pipeline.lake.json<Manifest>(manifest), evidence }));
  pipeline.lake.files.set(manifest, listing);
  expect(await problemsOf(pipeline, false)).toEqual(['it is missing']);
  pipeline.lake.files.set(key, body);
  expect(await check(pipeline)).toMatchObject({ files: 3, rows: 6, problems: [], orphans: [] });
  pipeline.lake.files.set(key, body.subarray(1));
  expect(await problemsOf(pipeline, false)).toEqual([`it has ${body.length - 1} bytes, not ${body.length}`]);
  pipeline.lake.files.set(key, Buffer.from('{"run_id":"y"}\n'));
  expect(await problemsOf(pipeline)).toEqual(['its SHA-256 differs']);
});

test('files of a run that commits meanwhile are no left-overs', async () => {
  const { pipeline, read } = await readContacts();
  const { lake, clock } = pipeline;
  let runs = 0;
  const busy = {
    ...lake,
    async *sizes(prefix: string) {
      runs += 1;
      clock.advance(60_000);
      if (runs === 1) expect((await read()).status).toBe('succeeded');
      yield* lake.sizes(prefix);
    },
  };
  const found = await verifyObject(busy, OBJECTS.contacts, { deep: true });
  expect(lake.keys('manifests/contacts/')).toHaveLength(2);
  expect(found).toMatchObject({ manifests: 1, problems: [], orphans: [] });
});

describe('finds a file that', () => {
  const keyOf = ({ lake }: Pipeline): string => lake.keys('tables/contacts/')[0] ?? '';

  test('is missing', async () => {
    const pipeline = await contacts();
    pipeline.lake.files.delete(keyOf(pipeline));
    expect(await problemsOf(pipeline, false)).toEqual(['it is missing']);
  });

  test('is cut, by its size alone', async () => {
    const pipeline = await contacts();
    const body = pipeline.lake.files.get(keyOf(pipeline)) ?? new Uint8Array();
    pipeline.lake.files.set(keyOf(pipeline), body.slice(0, -4));
    expect(await problemsOf(pipeline, false)).toEqual([
      `it has ${body.length - 4} bytes, not ${body.length}`,
    ]);
  });

  test('was changed without a change of size', async () => {
    const pipeline = await contacts();
    const body = Uint8Array.from(pipeline.lake.files.get(keyOf(pipeline)) ?? []);
    body[body.length - 1] = (body[body.length - 1] ?? 0) ^ 1;
    pipeline.lake.files.set(keyOf(pipeline), body);
    expect(await problemsOf(pipeline, false)).toEqual([]);
    expect(await problemsOf(pipeline)).toEqual(['its SHA-256 differs']);
  });

  test.each<[string, string, number, string]>([
    ['has other rows than listed', '{"id":"a","_version":"1"}\n', 3, 'it has 1 row, not 3'],
    ['has a row without a key', '{"id":null,"_version":"1"}\n', 1, 'row 1 has no id'],
    ['has a row without a version', '{"id":"a"}\n', 1, 'row 1 has no _version'],
    ['ends within a line', '{"id":"a","_version":"1"}', 1, 'its last line is cut off'],
    ['is not JSON', 'nonsense\n', 1, 'it cannot be read: '],
  ])('%s', async (_name, text, rows, problem) => {
    const pipeline = await contacts();
    replace(pipeline, 'contacts', text, rows);
    expect((await problemsOf(pipeline))[0]).toContain(problem);
  });

  test('has a child without its parent', async () => {
    const pipeline = await contacts();
    replace(pipeline, 'contact_tag', '{"contact_id":"a","tag_id":"t","_parent_version":"none"}\n', 1);
    expect(await problemsOf(pipeline)).toEqual(['row 1 belongs to no row of its parent']);
  });
});
