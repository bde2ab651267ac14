import { diskTrouble } from '../disk-trouble.ts';

const STATUS = {
  AccessDenied: 403,
  BadDigest: 400,
  // Not 500 or 503: the SDK would retry, and a full disk stays full.
  InsufficientStorage: 507,
  InternalError: 500,
  InvalidArgument: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedXML: 400,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NotImplemented: 501,
  OperationAborted: 409,
  PreconditionFailed: 412,
} as const;

export type S3Code = keyof typeof STATUS;

/** An answer that the SDK turns into an error with this name. */
export class S3Failure extends Error {
  override readonly name = 'S3Failure' as const;
  readonly code: S3Code;
  readonly status: number;

  constructor(code: S3Code, message: string) {
    super(message);
    this.code = code;
    this.status = STATUS[code];
  }
}

/** Turns any error into an answer for the caller. */
export function asS3Failure(error: unknown, folder: string): S3Failure {
  if (error instanceof S3Failure) return error;
  const trouble = diskTrouble(error, folder);
  if (trouble?.kind === 'full') return new S3Failure('InsufficientStorage', trouble.message);
  if (trouble?.kind === 'denied') return new S3Failure('AccessDenied', trouble.message);
  return new S3Failure('InternalError', error instanceof Error ? error.message : String(error));
}
