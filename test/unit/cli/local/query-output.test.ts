/** What a person sees of an answer. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { resultText } from '../../../../lib/cli/local/query-output.ts';
import type { QueryResult } from '../../../../lib/cli/local/run-sql.ts';

const resultOf = (names: readonly string[], ...rows: QueryResult['rows']): QueryResult => ({
  columns: names.map((name) => ({ name, isExactNumber: false })),
  rows,
});

const WIDE = resultOf(['id', 'a_long_name'], ['1', 'text'], ['2', null]);

it('is one record below the other if a line of the table would be longer than the screen is wide', () => {
  expect(resultText(WIDE, 'table', 15)).toBe(`id  a_long_name
 1  text
 2  NULL
(2 rows)`);
  expect(resultText(WIDE, 'table', 14)).toBe(`-- 1 of 2 --
id           1
a_long_name  text
-- 2 of 2 --
id           2
a_long_name  NULL
(2 rows)`);
});

it('is always a table in a file, and if it has no rows', () => {
  expect(resultText(WIDE, 'table', null)).toContain('id  a_long_name');
  expect(resultText(resultOf(['id', 'a_long_name']), 'table', 5)).toBe('id  a_long_name\n(0 rows)');
});

it('has every name and value, however wide the screen is', () => {
  const text = fc.stringMatching(/^[a-z]{1,12}$/);
  fc.assert(
    fc.property(
      fc.uniqueArray(text, { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 1, max: 99 }),
      (names, width) => {
        const shown = resultText(
          resultOf(
            names,
            names.map((name) => `v-${name}`),
          ),
          'table',
          width,
        );
        for (const name of names) expect(shown).toMatch(new RegExp(`\\b${name}\\b[^]*\\bv-${name}\\b`));
      },
    ),
  );
});
