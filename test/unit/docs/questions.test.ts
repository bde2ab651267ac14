import { describe, expect, it } from 'vitest';
import { QUESTIONS } from '../../../lib/cli/report/questions.ts';
import { DOCUMENTED_QUERIES } from '../../support/documented-queries.ts';

describe('the questions of the report', () => {
  it.each(QUESTIONS)('are in docs/queries.md, word for word: $title', ({ title, sql }) => {
    const documented = DOCUMENTED_QUERIES.find(([name]) => name === title)?.[1];
    expect(documented?.trim()).toBe(sql);
  });
});
