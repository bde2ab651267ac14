/** Calls a handler as Lambda would: JSON in and out, a deadline, and errors as the workflow sees them. */
import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';

/** What a handler is given besides its event; without the three callbacks of old. */
export type InvocationContext = Omit<Context, 'done' | 'fail' | 'succeed'>;

/** A function of the template together with what runs in its place. */
export interface RunnableFunction {
  readonly arn: string;
  readonly timeoutSeconds: number;
  readonly memoryMiB: number;
  // A method, so that a handler may name the type of the event it is called with.
  handler(event: unknown, context: InvocationContext): Promise<unknown>;
}

/**
 * An error as it comes out of a `lambda:invoke` task: Retry and Catch match `name`, the message becomes
 * the Cause, which is the JSON of what Lambda's runtime reports.
 */
export class FunctionError extends Error {
  constructor(name: string, message: string, trace: readonly string[] = []) {
    super(JSON.stringify({ errorType: name, errorMessage: message, trace }));
    this.name = name;
  }
}

/**
 * Runs one invocation. As on AWS, nothing stops a handler but itself: one that outlives its time-out or the
 * abort of its workflow goes on in this process, unheard; its remaining time reads 0 then.
 * @param signal aborts the invocation
 * @throws FunctionError
 */
export async function invoke(
  { arn, handler, timeoutSeconds, memoryMiB }: RunnableFunction,
  payload: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const awsRequestId = randomUUID();
  const deadline = Date.now() + timeoutSeconds * 1000;
  const functionName = arn.split(':').at(-1) ?? arn;
  const context: InvocationContext = {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: arn,
    memoryLimitInMB: String(memoryMiB),
    awsRequestId,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: awsRequestId,
    getRemainingTimeInMillis: () => (signal.aborted ? 0 : Math.max(0, deadline - Date.now())),
  };
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const message = `RequestId: ${awsRequestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`;
    timeout.reject(new FunctionError('Sandbox.Timedout', message));
  }, timeoutSeconds * 1000);
  try {
    const event: unknown = JSON.parse(JSON.stringify(payload));
    return throughJson(await Promise.race([callSafely(handler, event, context), timeout.promise]));
  } catch (error) {
    throw error instanceof FunctionError ? error : asFunctionError(error);
  } finally {
    clearTimeout(timer);
  }
}

/** A handler that throws before it awaits is no different from one that rejects. */
async function callSafely(
  handler: RunnableFunction['handler'],
  event: unknown,
  context: InvocationContext,
): Promise<unknown> {
  return await handler(event, context);
}

/** A handler without a result answers null. */
const throughJson = (result: unknown): unknown => JSON.parse(JSON.stringify(result ?? null));

function asFunctionError(error: unknown): FunctionError {
  if (error instanceof Error) return new FunctionError(error.name, error.message, error.stack?.split('\n'));
  return new FunctionError(typeof error, String(error));
}
