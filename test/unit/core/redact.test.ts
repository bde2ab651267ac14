import { expect, test } from 'vitest';
import { redact } from '../../../functions/core/redact.ts';

test.each([
  ['User Not Found', 'User Not Found'],
  ['No contact with email ada.l+1@bücher.example.', 'No contact with email [e-mail]'],
  ["Value 'Ada Lovelace' isn't allowed, nor is \"Cork\"", "Value [value] isn't allowed, nor is [value]"],
  ['seen from 203.0.113.9, call +353 1 555-0100 now', 'seen from [address], call [phone] now'],
  ['Exceeded rate limit of 83 in 10_seconds', 'Exceeded rate limit of 83 in 10_seconds'],
])('%s', (text, left) => {
  expect(redact(text)).toBe(left);
});
