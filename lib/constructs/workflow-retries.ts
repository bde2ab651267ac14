/**
 * What the workflow tries again by itself, and for how long. Everything else goes to the Catch at once:
 * `PermissionError`, `ConnectionError`, `ContractError` and bugs do not get better by repetition.
 */
import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps } from 'aws-cdk-lib/aws-stepfunctions';

/**
 * RetryableError is a network or an Intercom that stayed down beyond the client's own retries; the
 * Lambda errors are AWS's own trouble. Delays of at most 5, 10, 20, 40, 80, 160 and then 4 × 300 s add
 * up to 1,515 s, with full jitter about half: an outage of ten minutes is sat out, of 25 minutes
 * perhaps, and a longer one fails the object, whose next run goes on from the cursor.
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
 * The account's concurrency is used up, which says nothing about us and may last. Delays of at most
 * 2, 4, … 512 s (together 1,022 s) and then 24 × 900 s add up to 22,622 s = 6.3 h, with full jitter
 * about 3.1 h. The cap is this high because each try is 3 events of the 25,000 an execution may have
 * (see workflow.ts): 64 slices that are throttled all the time make 64 × 33 × 3 = 6,336.
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
 * The invocation ended without an answer: out of memory, a crash, out of time, or lost. An attempt that
 * was cut off costs what it did since its last receipt; one that dies three more times would go on dying.
 */
const CRASHES: RetryProps = {
  errors: ['Lambda.Unknown', 'Sandbox.Timedout', 'Runtime.ExitError', 'States.Timeout'],
  interval: Duration.seconds(10),
  backoffRate: 2,
  maxAttempts: 3,
  jitterStrategy: JitterType.FULL,
};

/** Of every task. Counted anew each time a state is entered, so a slice that goes on has all of them again. */
export const RETRIES: readonly RetryProps[] = [TROUBLE, THROTTLING, CRASHES];
