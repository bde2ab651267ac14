import { expect, test } from 'vitest';
import { errorOf, failureOf } from '../../../../functions/intercom/http/failures.ts';

const CONTEXT = {
  method: 'GET',
  path: '/tags',
  host: 'api.intercom.io',
  version: '2.15',
  permission: null,
  reconnect: 'again',
};

const said = (error: object, requestId: string): string => {
  const body = { type: 'error.list', request_id: requestId, errors: [error] } as never;
  const failure = failureOf({ status: 422, body, requestId: null, serverDelayMs: null });
  return errorOf(failure, CONTEXT, true).message;
};

test('names status, code and request, but no word of the text that may be a value', () => {
  const message = 'Contact Jane Doe with jane%40x.com broken';
  const text = said({ code: 'data_invalid', message }, '000lr8ajoo9irbf28610');
  expect(text).toContain('(422, data_invalid, request 000lr8ajoo9irbf28610: Contact [...] with [...])');
});

test('other text in place of a code or a request id is not taken for one', () => {
  expect(said({ code: 'Jane Doe' }, 'jane@x.com')).toContain('(422)');
  expect(said({ type: 'jane%40x.com' }, 'Jane Doe')).toContain('(422)');
});
