import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../functions/core/json.ts';
import {
  admits,
  goneColumns,
  type RecordedSchema,
  type RunSight,
  recordSchema,
} from '../../../functions/core/schema.ts';
import {
  createSightings,
  type SeenColumns,
  type SeenTables,
  unionSeen,
} from '../../../functions/core/sightings.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import { asWritten, excludes } from '../../../functions/rows/field-rules.ts';

/** A field may have the name of something that every object has. */
const ODD: SeenColumns = { ['constructor' as string]: ['json'] };

const seenIn = (...values: readonly string[]) => {
  const sightings = createSightings();
  for (const value of values) sightings.see('x', parseJson(value));
  return sightings.columns().x;
};

const sight = (seen: SeenTables, changes: Partial<RunSight> = {}): RunSight => ({
  declaration: OBJECTS.companies,
  isExcluded: () => false,
  schemaChanges: 'auto-sync',
  seen,
  records: 10,
  isWhole: true,
  ...changes,
});

const recorded = (columns: SeenTables, changes: Partial<RecordedSchema> = {}): RecordedSchema => ({
  version: 3,
  columns,
  missing: {},
  ...changes,
});

describe('types seen', () => {
  it.each([
    ['integer', '9007199254740991'],
    ['long', '9007199254740993'],
    ['long', '-9223372036854775808'],
    ['huge', '9223372036854775808'],
    ['number', '1.5'],
    ['number', '1e300'],
    ['string', '"1"'],
    ['boolean', 'false'],
    ['json', '{}'],
    ['json', '[]'],
  ])('%s: %s', (type, value) => {
    expect(seenIn(value)).toEqual([type]);
  });

  it('are empty for null, but the column is listed', () => {
    expect(seenIn('null')).toEqual([]);
    expect(seenIn()).toBeUndefined();
  });

  it('are collected, sorted, and merged with those of other slices', () => {
    expect(seenIn('"a"', 'null', '1', '"b"')).toEqual(['integer', 'string']);
    const a: SeenTables = { tags: { x: ['string'], ...ODD } };
    const b: SeenTables = { tags: { x: ['integer'] }, teams: { y: [] } };
    expect(unionSeen(a, b)).toEqual({
      tags: { constructor: ['json'], x: ['integer', 'string'] },
      teams: { y: [] },
    });
  });
});

describe('what is recorded', () => {
  it('begins with the first run: undeclared fields are added', () => {
    const seen: SeenTables = { companies: { id: ['string'], plan_b: ['json'], ...ODD } };
    expect(recordSchema(null, sight(seen))).toEqual({
      version: 1,
      added: ['companies.constructor: json', 'companies.plan_b: json'],
      changed: [],
      dropped: [],
      columns: seen,
      missing: {},
    });
  });

  it('stays the same if nothing is new', () => {
    const before = recorded({ companies: { id: ['string'], extra: ['string'] } });
    const run = recordSchema(before, sight({ companies: { id: ['string'], extra: ['string'] } }));
    expect(run).toMatchObject({ version: 3, added: [], changed: [], dropped: [], columns: before.columns });
  });

  it('includes a declared column that appears for the first time, without reporting a change', () => {
    const run = recordSchema(recorded({}), sight({ companies: { size: ['integer'] } }));
    expect(run).toMatchObject({
      version: 3,
      added: [],
      changed: [],
      columns: { companies: { size: ['integer'] } },
    });
  });

  it('widens, and reports each new type once', () => {
    const seen: SeenTables = { companies: { size: ['integer', 'number'], extra: ['boolean'] } };
    const first = recordSchema(
      recorded({ companies: { size: ['integer'], extra: ['string'] } }),
      sight(seen),
    );
    expect(first).toMatchObject({
      version: 4,
      changed: ['companies.extra: string -> boolean', 'companies.size: integer -> number'],
      columns: { companies: { size: ['integer', 'number'], extra: ['boolean', 'string'] } },
    });
    expect(recordSchema(first, sight(seen))).toMatchObject({ version: 4, changed: [] });
    const third = recordSchema(first, sight({ companies: { size: ['string'], extra: [] } }));
    expect(third.changed).toEqual(['companies.size: integer|number -> string']);
  });

  it('reports the first value of a column that was always null', () => {
    const run = recordSchema(
      recorded({ companies: { extra: [] } }),
      sight({ companies: { extra: ['string'] } }),
    );
    expect(run.changed).toEqual(['companies.extra: null -> string']);
  });

  it('accepts an id as a number or as text', () => {
    const run = recordSchema(
      null,
      sight({ company_tag: { tag_id: ['integer'] }, companies: { id: ['long'] } }),
    );
    expect(run.changed).toEqual([]);
  });
});

it('expects text in a hashed column, whatever type is declared', () => {
  const rules = { fields: { companies: { size: 'hash' } }, sensitiveFields: 'replicate' } as const;
  const declaration = asWritten(OBJECTS.companies, rules);
  const hashed = sight({ companies: { size: ['string'] } }, { declaration });
  expect(recordSchema(null, hashed)).toMatchObject({ added: [], changed: [] });
  expect(recordSchema(recorded({ companies: { size: ['integer'] } }), hashed)).toMatchObject({ changed: [] });
});

describe('a field that Intercom no longer sends', () => {
  const before = recorded({ companies: { id: ['string'], website: ['string'] } });
  const without: SeenTables = { companies: { id: ['string'] } };

  it('is gone at once from an object that is read whole, is reported once, and stays a column', () => {
    const run = recordSchema(before, sight(without));
    expect(run).toMatchObject({ version: 4, dropped: ['companies.website: no longer sent'] });
    expect(run.columns).toEqual(before.columns);
    expect(goneColumns(run)).toEqual(['companies.website']);
    expect(recordSchema(run, sight(without))).toMatchObject({ version: 4, dropped: [] });
  });

  it('is gone from an incremental object after enough records without it, over several runs', () => {
    const few = recordSchema(before, sight(without, { isWhole: false, records: 150 }));
    expect(few).toMatchObject({ version: 3, dropped: [], missing: { 'companies.website': 150 } });
    const more = recordSchema(few, sight(without, { isWhole: false, records: 50 }));
    expect(more).toMatchObject({ version: 4, dropped: ['companies.website: no longer sent'] });
  });

  it('is counted from zero again if it appears in between', () => {
    const few = recordSchema(before, sight(without, { isWhole: false, records: 150 }));
    const again = recordSchema(few, sight(before.columns, { isWhole: false, records: 1 }));
    expect(again.missing).toEqual({});
  });

  it('is added again when it comes back', () => {
    const gone = recordSchema(before, sight(without));
    const back = recordSchema(gone, sight(before.columns));
    expect(back).toMatchObject({ version: 5, added: ['companies.website: string'], missing: {} });
  });

  it('is not reported if a field rule excludes it', () => {
    const rules = {
      fields: { companies: { website: 'exclude', extra: 'exclude' } },
      sensitiveFields: 'hash',
    } as const;
    const declaration = asWritten(OBJECTS.companies, rules);
    const isExcluded = excludes(OBJECTS.companies, rules);
    expect(declaration.columns.map(({ name }) => name)).not.toContain('website');
    const known = recorded({ companies: { id: ['string'], website: ['string'], extra: ['integer'] } });
    expect(recordSchema(known, sight(without, { declaration, isExcluded }))).toMatchObject({
      version: 3,
      dropped: [],
      missing: {},
    });
  });

  it('is not reported by a run that read nothing', () => {
    expect(recordSchema(before, sight({}, { records: 0 }))).toMatchObject({ version: 3, missing: {} });
  });
});

describe("schemaChanges: 'block'", () => {
  const seen: SeenTables = { companies: { id: ['string'], extra: ['string'] } };
  const block = { schemaChanges: 'block' } as const;

  it('admits every field of the first run', () => {
    expect(admits('block', null, 'companies')('extra')).toBe(true);
    expect(recordSchema(null, sight(seen, block))).toMatchObject({
      added: ['companies.extra: string'],
      columns: seen,
    });
  });

  it('keeps known fields and leaves out others, and reports that every time', () => {
    const before = recorded({ companies: { id: ['string'], extra: ['string'] } });
    expect(admits('block', before, 'companies')('extra')).toBe(true);
    expect(admits('block', before, 'companies')('constructor')).toBe(false);
    const more: SeenTables = { companies: { ...seen.companies, late: ['json'] } };
    for (let runs = 0; runs < 2; runs += 1) {
      const run = recordSchema(before, sight(more, block));
      expect(run).toMatchObject({ version: 3, added: [], dropped: ['companies.late: blocked'] });
      expect(run.columns).toEqual(before.columns);
    }
  });

  it('still widens types', () => {
    const before = recorded({ companies: { extra: ['string'] } });
    const run = recordSchema(before, sight({ companies: { extra: ['json'] } }, block));
    expect(run.changed).toEqual(['companies.extra: string -> json']);
  });
});
