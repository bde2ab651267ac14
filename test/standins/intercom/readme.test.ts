/** The README of the simulator names every switch. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DEFAULT_SWITCHES } from '../../../lib/standins/intercom/index.ts';

const readme = readFileSync(new URL('../../../lib/standins/intercom/README.md', import.meta.url), 'utf8');
const rows = new Map(
  readme.split('\n').flatMap((line) => {
    const name = /^\| `(\w+)` +\|/.exec(line)?.[1];
    return name === undefined ? [] : [[name, line] as const];
  }),
);

test('every switch has a row in the README, and every row is a switch', () => {
  expect([...rows.keys()].sort()).toEqual(Object.keys(DEFAULT_SWITCHES).sort());
});

test.each(Object.entries(DEFAULT_SWITCHES))('%s: the default is bold', (name, value) => {
  expect(rows.get(name)).toContain(`**\`${typeof value === 'string' ? value : JSON.stringify(value)}\`**`);
});
