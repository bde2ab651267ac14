import { describe, expect, it } from 'vitest';
import { isPipelineError } from '../../../../functions/core/errors.ts';
import { explainAws, unexpectedAws } from '../../../../lib/cli/remote/aws-trouble.ts';

const CALL = { action: 's3:GetObject', region: 'eu-west-1', profile: null };

/** An error as the SDK throws it. */
function thrown(name: string, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { name, ...more });
}

const explained = (error: Error, call = CALL): string => {
  const result = explainAws(error, call);
  if (!isPipelineError(result)) throw new Error('It was not explained.');
  return `${result.name} ${result.code}: ${result.message}`;
};

describe('an error of AWS', () => {
  it.each([
    [
      'a closed network',
      thrown('AggregateError', '', { code: 'ETIMEDOUT' }),
      /^RetryableError aws_unreachable/,
    ],
    [
      'a request without an answer',
      thrown('TimeoutError', 'a request has exceeded'),
      /^RetryableError aws_unreachable/,
    ],
    [
      'a proxy with a certificate of its own',
      thrown('Error', 'self-signed', { code: 'SELF_SIGNED_CERT_IN_CHAIN' }),
      /^InputError aws_untrusted.*NODE_EXTRA_CA_CERTS/,
    ],
    [
      'a clock that is wrong',
      thrown('RequestTimeTooSkewed', 'The difference is too large.'),
      /^InputError aws_clock/,
    ],
    ['throttling', thrown('ThrottlingException', 'Rate exceeded'), /^RetryableError aws_unavailable/],
    [
      'a bare 403',
      thrown('UnknownError', 'Forbidden', { $metadata: { httpStatusCode: 403 } }),
      /may not do s3:GetObject \(AWS says: Forbidden\)/,
    ],
    [
      'a key of KMS',
      thrown('AccessDeniedException', 'Access to KMS is not allowed'),
      /AWS says: Access to KMS is not allowed/,
    ],
    [
      'a role that may not be assumed',
      thrown(
        'AccessDenied',
        'User: arn:aws:iam::1:user/a is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::2:role/b',
      ),
      /user\/a may not do sts:AssumeRole on arn:aws:iam::2:role\/b\. Ask/,
    ],
  ])('%s', (_what, error, message) => {
    expect(explained(error)).toMatch(message);
  });

  it('names the profile that was asked for', () => {
    const error = thrown('ExpiredToken', 'expired');
    expect(explained(error, { ...CALL, profile: 'work' } as never)).toMatch(
      /of profile 'work' have expired: log in again \('aws sso login --profile work'\)/,
    );
  });

  it.each([
    ['dynamodb:GetItem', 'ResourceNotFoundException', 'state table'],
    ['s3:ListBucket', 'NoSuchBucket', 'bucket'],
    ['secretsmanager:GetSecretValue', 'ResourceNotFoundException', 'secret'],
    ['states:ListExecutions', 'StateMachineDoesNotExist', 'state machine'],
  ])('says what was deleted: %s', (action, name, what) => {
    const error = explainAws(thrown(name, 'not found'), { ...CALL, action });
    expect(error).toMatchObject({ name: 'InputError', code: 'aws_gone' });
    expect((error as Error).message).toMatch(
      new RegExp(`^The ${what} of the pipeline does not exist any more`),
    );
  });

  it('says that a secret was deleted while it can still be restored', () => {
    const message = "You can't perform this operation on the secret because it was marked for deletion.";
    const call = { ...CALL, action: 'secretsmanager:GetSecretValue' };
    expect(
      explainAws(Object.assign(new Error(message), { name: 'InvalidRequestException' }), call),
    ).toMatchObject({
      code: 'aws_gone',
      message: expect.stringMatching(
        /^The secret of the pipeline does not exist any more .*marked for deletion/,
      ),
    });
  });

  it('makes one sentence of an error of AWS that it does not know, and none of a bug', () => {
    const error = thrown('StrangeException', 'so\n  strange', { $metadata: { httpStatusCode: 400 } });
    expect(unexpectedAws(error)).toBe(
      'AWS refused a request for a reason that this command does not know (StrangeException: so strange).',
    );
    expect(unexpectedAws(new TypeError('x is not a function'))).toBeNull();
  });

  it.each([
    [
      'a missing file',
      thrown('NoSuchKey', 'The specified key does not exist.', { $metadata: { httpStatusCode: 404 } }),
    ],
    ['a failed condition', thrown('ConditionalCheckFailedException', 'The conditional request failed')],
    ['a bug', new TypeError('x is not a function')],
  ])('leaves %s unchanged', (_what, error) => {
    expect(explainAws(error, CALL)).toBe(error);
  });
});
