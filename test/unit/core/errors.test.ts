import { expect, test } from 'vitest';
import * as errors from '../../../functions/core/errors.ts';

const { isPipelineError, messageOfCause, ...classes } = errors;

test.each(Object.entries(classes))(
  '%s carries its class as a literal name, which the workflow matches',
  (name, Class) => {
    const cause = new Error('why');
    const error = new Class('what', { code: 'some_code', cause });
    expect(error).toMatchObject({ name, message: 'what', code: 'some_code', cause });
    expect(error).toBeInstanceOf(Error);
    expect(isPipelineError(error)).toBe(true);
  },
);

test('any other error is a bug', () => {
  expect(isPipelineError(new TypeError('x'))).toBe(false);
  expect(isPipelineError('ContractError')).toBe(false);
  expect(isPipelineError(Object.assign(new Error('x'), { name: 'ContractError', code: 'x' }))).toBe(false);
});

test.each([
  ['{"errorType": "ContractError", "errorMessage": "what happened"}', 'what happened'],
  ['{"error": "other"}', '{"error": "other"}'],
  ['null', 'null'],
  ['plain text', 'plain text'],
])('the message in the cause %s is %s', (cause, message) => {
  expect(messageOfCause(cause)).toBe(message);
});
