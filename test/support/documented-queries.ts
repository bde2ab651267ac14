/** The example queries of the documentation, which live there alone. */
import { textOf } from './documents.ts';

/** The text before each block, up to a comma or colon, and the block. */
export const queriesIn = (path: string): readonly (readonly [title: string, sql: string])[] =>
  [...textOf(path).matchAll(/\n([^\n]+):\n\n```sql\n([^`]+)```/g)].map(
    ([, title = '', sql = '']) => [title.split(',')[0] ?? '', sql] as const,
  );

export const DOCUMENTED_QUERIES = queriesIn('docs/queries.md');
