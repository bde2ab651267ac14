/** The list of mutations still fits the source. `npm run mutations` tries them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MUTATIONS } from './list.ts';
import { mutated } from './mutate.ts';

const ROOT = join(import.meta.dirname, '../..');

test.each(MUTATIONS.map((mutation) => [mutation.rule, mutation] as const))('%s', (_rule, mutation) => {
  const source = readFileSync(join(ROOT, mutation.file), 'utf8');
  expect(mutated(source, mutation)).not.toBe(source);
  for (const file of mutation.tests) expect(existsSync(join(ROOT, file)), file).toBe(true);
});
