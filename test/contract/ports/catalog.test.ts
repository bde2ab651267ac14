import { describe, expect, test } from 'vitest';
import { createGlueCatalog } from '../../../functions/aws/glue-catalog.ts';
import { configuredTables, derivedViews } from '../../../functions/catalog/configured.ts';
import { athenaLeaf } from '../../../functions/catalog/json-paths.ts';
import { parseConfig } from '../../../functions/config/config.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import type { Attributes, Catalog } from '../../../functions/core/ports.ts';
import type { SeenTables } from '../../../functions/core/sightings.ts';
import { OBJECTS, TABLES } from '../../../functions/objects/index.ts';
import { useAwsEndpoints } from '../../support/aws-endpoints.ts';
import { readCatalog } from '../../support/glue-tables.ts';
import { createMemoryCatalog, type TypesByTable } from '../../support/memory/memory-catalog.ts';

const endpoints = useAwsEndpoints();

interface Catalogs {
  /** The catalog as one object's functions use it, under these field rules. */
  readonly of: (object: ObjectName, fields?: Record<string, unknown>) => Catalog;
  readonly types: () => Promise<TypesByTable>;
}

describe.each<[string, () => Promise<Catalogs>]>([
  [
    'memory',
    async () => {
      const catalog = createMemoryCatalog();
      return { of: (...about) => catalog.of(tablesFor(...about)), types: async () => catalog.types() };
    },
  ],
  [
    'Glue',
    async () => {
      const database = await endpoints().newDatabase();
      return {
        of: (...about) =>
          createGlueCatalog(endpoints().glue, { database, root: 's3://lake/', ...viewsFor(...about) }),
        types: async () => (await readCatalog(endpoints().glue, database)).types,
      };
    },
  ],
])('the catalog (%s)', (_name, create) => {
  const FIRST_DAY = '2026-11-22';

  test('has the tables of an object before the first run, and the shared tables', async () => {
    const { of, types } = await create();
    expect(await of('contacts').publish({ columns: {}, firstDay: FIRST_DAY })).toEqual({
      status: 'published',
    });
    const tables = await types();
    expect(Object.keys(tables).sort()).toEqual([
      'contact_company',
      'contact_subscription',
      'contact_tag',
      'contacts',
      'deletions',
      'rejects',
    ]);
    expect(tables.contact_tag).toEqual({
      contact_id: 'string',
      tag_id: 'string',
      _run_id: 'string',
      _extracted_at: 'bigint',
      _parent_version: 'string',
    });
    expect(tables.contacts).toMatchObject({ created_at: 'bigint', unsubscribed_from_emails: 'boolean' });
  });

  test('adds new columns and wider types, and removes nothing for older knowledge', async () => {
    const { of, types } = await create();
    const catalog = of('tags');
    const steps: readonly SeenTables[] = [
      {},
      { tags: { later: [], score: ['integer'] } },
      { tags: { later: ['boolean'], score: ['integer', 'string'] } },
    ];
    for (const columns of steps) await catalog.publish({ columns, firstDay: FIRST_DAY });
    const wide = await types();
    expect(wide.tags).toMatchObject({ later: 'boolean', score: 'string' });
    for (const columns of steps) await catalog.publish({ columns, firstDay: FIRST_DAY });
    expect(await types()).toEqual(wide);
  });

  test('has no excluded column, even if it existed before', async () => {
    const { of, types } = await create();
    const columns: SeenTables = { tags: { name: ['string'], shade: ['string'], kept: ['string'] } };
    await of('tags').publish({ columns, firstDay: FIRST_DAY });
    expect((await types()).tags).toHaveProperty('shade');
    await of('tags', { tags: { name: 'exclude', shade: 'exclude' } }).publish({
      columns,
      firstDay: FIRST_DAY,
    });
    const { tags } = await types();
    expect(tags).not.toHaveProperty('shade');
    expect(tags).not.toHaveProperty('name');
    expect(tags).toHaveProperty('kept');
  });

  test('is complete after many calls at once, for one object and for others', async () => {
    const { of, types } = await create();
    const objects = ['contacts', 'companies', 'tags', 'teams', 'tickets'] as const;
    const publishing = objects.flatMap((object) =>
      [1, 2, 3].map((count) => {
        const columns: SeenTables = { [object]: { [`field_${count}`]: ['string'] } };
        return of(object).publish({ columns, firstDay: FIRST_DAY });
      }),
    );
    const answers = await Promise.all(publishing);
    expect(answers).toEqual(answers.map(() => ({ status: 'published' })));
    const tables = await types();
    for (const object of objects) {
      expect(tables[object]).toMatchObject({ field_1: 'string', field_2: 'string', field_3: 'string' });
    }
    expect(tables).toHaveProperty('team_admin');
  });
});

function tablesFor(object: ObjectName, fields: Record<string, unknown> = {}) {
  const config = parseConfig({ fields }, TABLES);
  return (columns: SeenTables) => configuredTables([OBJECTS[object]], config, columns);
}

/** What one object publishes if every object is configured. */
function viewsFor(object: ObjectName, fields: Record<string, unknown> = {}) {
  const config = parseConfig({ fields }, TABLES);
  const derived = (attributes: Attributes) =>
    derivedViews(object, Object.values(OBJECTS), config, attributes, athenaLeaf);
  return { tables: tablesFor(object, fields), derived };
}

test('Glue is written to only if something differs, and its views show what their histories have', async () => {
  const database = await endpoints().newDatabase();
  const catalog = createGlueCatalog(endpoints().glue, {
    database,
    root: 's3://lake/',
    ...viewsFor('contacts'),
  });
  const columns: SeenTables = { contacts: { mood: ['string'], later: [] } };
  await catalog.publish({ columns, firstDay: '2026-11-22' });
  const first = await readCatalog(endpoints().glue, database);
  expect(new Set(first.versions.values())).toEqual(new Set(['0']));
  await catalog.publish({ columns, firstDay: '2026-12-01' });
  expect((await readCatalog(endpoints().glue, database)).versions).toEqual(first.versions);
  await catalog.publish({ columns: { contacts: { later: ['number'] } }, firstDay: '2026-11-22' });
  const changed = [...(await readCatalog(endpoints().glue, database)).versions].filter(
    ([, one]) => one !== '0',
  );
  expect(changed).toEqual([
    ['contacts', '1'],
    ['contacts_files', '1'],
    ['contacts_history', '1'],
    ['contacts_live', '1'],
  ]);
});
