/**
 * What the workflow retries by itself, and for how long. Everything else goes to the Catch at once: repeating a
 * `PermissionError`, `ConnectionError`, `ContractError` or bug does not help.
 */
import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps } from 'aws-cdk-lib/aws-stepfunctions';

/**
 * RetryableError: the network or Intercom was down for longer than the client retries. The Lambda errors are failures
 * of AWS. Delays of at most 5, 10, 20, 40, 80, 160 and then 4 × 300 s add up to 1,515 s, and full jitter halves that on
 * average. So an object survives an outage of ten minutes, perhaps of 25. After a longer one it fails, and its next run
 * continues from the cursor.
 */
const TROUBLE: RetryProps = {
  errors: [
    'RetryableError',
    'Lambda.ServiceException',
    'Lambda.AWSLambdaException',
    'Lambda.SdkClientException',
    'Lambda.ClientExecutionTimeoutException',
  ],
  interval: Duration.seconds(5),
  backoffRate: 2,
  maxDelay: Duration.seconds(300),
  maxAttempts: 10,
  jitterStrategy: JitterType.FULL,
};

/**
 * The concurrency of the account is used up, perhaps by others and perhaps for long. Delays of at most 2, 4, … 512 s
 * (together 1,022 s) and then 24 × 900 s add up to 22,622 s = 6.3 h, or about 3.1 h with full jitter. The delays are
 * this long because each try is 3 of the 25,000 events that an execution may have (docs/decisions/017): 16 slices that
 * are always throttled make 16 × 33 × 3 = 1,584.
 */
const THROTTLING: RetryProps = {
  errors: ['Lambda.TooManyRequestsException'],
  interval: Duration.seconds(2),
  backoffRate: 2,
  maxDelay: Duration.seconds(900),
  maxAttempts: 33,
  jitterStrategy: JitterType.FULL,
};

/**
 * The invocation ended without an answer: out of memory, a crash, a time-out, or lost. An attempt that was cut off loses
 * only the work since its last receipt. One that dies three more times would keep dying.
 */
const CRASHES: RetryProps = {
  errors: [
    'Lambda.Unknown',
    'Sandbox.Timedout',
    'Runtime.ExitError',
    'Runtime.OutOfMemory',
    'States.Timeout',
  ],
  interval: Duration.seconds(10),
  backoffRate: 2,
  maxAttempts: 3,
  jitterStrategy: JitterType.FULL,
};

/** For every task. The count restarts each time a state is entered, so a slice that continues has all retries again. */
export const RETRIES: readonly RetryProps[] = [TROUBLE, THROTTLING, CRASHES];
