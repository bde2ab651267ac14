/** Time-outs of every AWS client. The SDK has none by default: a lost packet would cost the whole invocation. */

export interface ClientTimes {
  /** Until the connection is open. */
  readonly connectMs: number;
  /** Until the answer begins, and then between two pieces of it. */
  readonly requestMs: number;
}

/** The SDK tries three times, which fits into a minute. */
const TIMES: ClientTimes = { connectMs: 3_000, requestMs: 15_000 };

/** A part has 8 MiB, and its upload counts. */
const S3_TIMES: ClientTimes = { connectMs: 3_000, requestMs: 30_000 };

export const withTimes = ({ connectMs, requestMs }: ClientTimes) => ({
  requestHandler: {
    connectionTimeout: connectMs,
    requestTimeout: requestMs,
    socketTimeout: requestMs,
    // Otherwise the SDK only prints a warning.
    throwOnRequestTimeout: true,
  },
});

/** For the constructor of every client except S3's. */
export const AWS_CLIENT = withTimes(TIMES);

export const S3_CLIENT = withTimes(S3_TIMES);
