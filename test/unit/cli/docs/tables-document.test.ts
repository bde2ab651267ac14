import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OBJECTS } from '../../../../functions/objects/index.ts';
import { tablesDocument } from '../../../../lib/cli/docs/tables-document.ts';
import { TABLES } from '../../../support/local/tables.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const text = tablesDocument(OBJECTS);
const sections = new Map(text.split('\n## ').map((part) => [part.slice(0, part.indexOf('\n')), part]));

describe('docs/tables.md', () => {
  it('is current (if not, run `npm run docs:tables`)', () => {
    expect(readFileSync(resolve(ROOT, 'docs/tables.md'), 'utf8')).toBe(text);
  });

  it.each(Object.entries(TABLES))('has %s with its key and every column', (table, { key }) => {
    const section = sections.get(table) ?? '';
    expect(section).toContain(`Primary key: ${key.map((name) => `\`${name}\``).join(', ')}.`);
    for (const name of key) expect(section).toContain(`| \`${name}\` (key) |`);
  });

  it('has every declared column with a meaning', () => {
    for (const { name, columns, children } of Object.values(OBJECTS)) {
      for (const table of [{ table: name, columns }, ...children]) {
        for (const column of table.columns) {
          expect(sections.get(table.table)).toMatch(
            new RegExp(`\\| \`${column.name}\`( \\(key\\))? \\| [^|]+ \\| \\S`),
          );
        }
      }
    }
  });

  it('joins every child with its parent, in text and diagram', () => {
    for (const [table, facts] of Object.entries(TABLES)) {
      if (!('parent' in facts)) continue;
      const column = facts.parent.key.at(-1) ?? '';
      expect(sections.get(table)).toContain(`\`${column}\` = \`${facts.parent.table}.id\``);
      expect(sections.get('How they join')).toContain(`${facts.parent.table} ||--o{ ${table} : ${column}`);
    }
  });
});
