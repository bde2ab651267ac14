/** The example queries of the documentation, which live there alone. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const README = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8');

/** The text before each block, up to a comma or colon, and the block. */
export const DOCUMENTED_QUERIES = [...README.matchAll(/\n([^\n]+):\n\n```sql\n([^`]+)```/g)].map(
  ([, title = '', sql = '']) => [title.split(',')[0] ?? '', sql] as const,
);
