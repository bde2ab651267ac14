import { expect, it } from 'vitest';
import { completions } from '../../../../lib/cli/terminal/terminal.ts';

const WORDS = ['.tables', '.schema', 'contacts', 'contacts_flat', 'conversations', 'Camel'];

it.each([
  ['SELECT * FROM cont', ['contacts', 'contacts_flat'], 'cont'],
  ['SELECT camel', ['Camel'], 'camel'],
  ['SELECT count(conv', ['conversations'], 'conv'],
  ['SELECT * FROM ', [], ''],
  ['SELECT wrong', [], 'wrong'],
  ['.sc', ['.schema'], '.sc'],
  ['.schema conv', ['conversations'], 'conv'],
  ['SELECT a.sc', [], 'sc'],
])('%s', (line, found, begun) => {
  expect(completions(WORDS, line)).toEqual([found, begun]);
});
