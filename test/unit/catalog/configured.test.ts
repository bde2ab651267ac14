/** Field rules decide which columns a table of the catalog has, and with which types. */
import { describe, expect, it } from 'vitest';
import { configuredTables } from '../../../functions/catalog/configured.ts';
import { parseConfig } from '../../../functions/config/config.ts';
import type { SeenTables } from '../../../functions/core/sightings.ts';
import { OBJECTS, TABLES } from '../../../functions/objects/index.ts';

function columnsOf(config: Record<string, unknown>, seen: SeenTables = {}, table = 'contacts') {
  const tables = configuredTables([OBJECTS.contacts], parseConfig(config, TABLES), seen);
  const found = tables.find(({ name }) => name === table);
  if (found === undefined) throw new Error(`no table ${table}`);
  return Object.fromEntries(found.columns.map(({ name, type }) => [name, type]));
}

describe('a column', () => {
  it('that is excluded does not exist, declared or not, whatever earlier files have', () => {
    const fields = { contacts: { name: 'exclude', mood: 'exclude', 'location.city': 'exclude' } };
    const seen: SeenTables = { contacts: { name: ['string'], mood: ['string'], other: ['string'] } };
    const columns = columnsOf({ fields }, seen);
    expect(columns).not.toHaveProperty('name');
    expect(columns).not.toHaveProperty('mood');
    expect(columns).toMatchObject({ location: 'string', other: 'string' });
  });

  it('that is hashed is text, even before the first run', () => {
    expect(columnsOf({}).created_at).toBe('bigint');
    expect(columnsOf({ fields: { contacts: { last_seen_at: 'hash' } } }).last_seen_at).toBe('string');
  });

  it('that is not declared becomes text with the first hash, and stays text', () => {
    expect(columnsOf({}, { contacts: { score: ['integer'] } }).score).toBe('double');
    for (const rule of ['hash', 'replicate']) {
      const fields = { contacts: { score: rule } };
      expect(columnsOf({ fields }, { contacts: { score: ['integer', 'string'] } }).score).toBe('string');
    }
  });
});

it('a column that a rule of the parent excludes is none, even if earlier runs have seen it', () => {
  const fields = { tickets: { 'ticket_parts.ticket_parts[].body': 'exclude' } } as const;
  const seen = { ticket_part: { body: ['string'], newer: ['string'] } } as const;
  const tables = configuredTables([OBJECTS.tickets], parseConfig({ fields }, TABLES), seen);
  const part = tables.find(({ name }) => name === 'ticket_part');
  expect(part?.excluded).toEqual(['body']);
  expect(part?.columns.map(({ name }) => name)).not.toContain('body');
  expect(part?.columns.map(({ name }) => name)).toContain('newer');
});

it('an excluded child has no table; its parent and the shared tables have', () => {
  const config = parseConfig({ tables: { exclude: ['contact_tag'] } }, TABLES);
  const names = configuredTables([OBJECTS.contacts], config, {}).map(({ name }) => name);
  expect(names).toEqual(['contacts', 'contact_company', 'contact_subscription', 'deletions', 'rejects']);
});
