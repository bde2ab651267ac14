import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redact } from '../../../../functions/intercom/http/redact.ts';

test.each([
  ['User Not Found', 'User Not Found'],
  ["Invalid query. Ensure 'field', 'operator', 'value' are present", null],
  ['page limit reached, please use scroll API', null],
  [
    "We couldn’t find that data attribute to update, isn't it",
    "We couldn’t find that data attribute to update, isn't [...]",
  ],
  ['No contact with email ada.l+1@bücher.example.', 'No contact with email [...]'],
  ['Contact Jane Doe with jane%40x.com broken', 'Contact [...] with [...]'],
  ["Value 'Ada Lovelace' isn't allowed, nor is \"Cork\"", "Value [...] isn't allowed, [...] is [...]"],
  ['`Ada` “Ada” ‘Ada’ «Ada» (Ada) Ada: not valid', '[...] not valid'],
  ["Contact O'Brien and 'O'Brien' not found", 'Contact [...] and [...] not found'],
  ['IP 203.0.113.9, IP 2001:db8::8a2e:370:7334, IP ::1 not valid', 'IP [...] IP [...] IP [...] not valid'],
  ['call +353 1 555-0100, 0171 234 5678 or 4929000000006', '[...] or [...]'],
  ['id(12345678) of page_7 and Admin/Ada=Ada', '[...] of [...] and [...]'],
  ['Exceeded rate limit of 83 in 10_seconds', 'Exceeded rate limit of [...] in [...]'],
])('%s', (text, left) => {
  expect(redact(text)).toBe(left ?? text);
});

test('no value passes, wherever it appears', () => {
  const value = fc.stringMatching(/^[a-z]{2,8}\d[a-z@%.:'-]{1,10}$/);
  const marks = fc.constantFrom('', '"', "'", '`', '“', '»', '(', ',', '\n', '\u00a0', '=');
  fc.assert(
    fc.property(value, marks, marks, (text, before, after) => {
      expect(redact(`Contact ${before}${text}${after} not found`)).not.toContain(text);
    }),
  );
});
