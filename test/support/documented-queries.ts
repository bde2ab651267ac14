/** The example queries of the documentation, which live there alone. */
import { textOf } from './documents.ts';

/** The text before each block, up to a comma or colon, the block, and the beginning of the answer if it is shown. */
export const queriesIn = (path: string): readonly (readonly [title: string, sql: string, answer: string])[] =>
  [...textOf(path).matchAll(/\n([^\n]+):\n\n```sql\n([^`]+)```\n(?:\n```text\n([^`]+)```\n)?/g)].map(
    ([, title = '', sql = '', answer = '']) => [title.split(',')[0] ?? '', sql, answer] as const,
  );

export const DOCUMENTED_QUERIES = queriesIn('docs/queries.md');
