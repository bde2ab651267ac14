/** Calls a handler as Lambda would: JSON in and out, a deadline, and errors as the workflow sees them. */
import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';

/** The context that a handler receives with its event, without the three legacy callbacks. */
export type InvocationContext = Omit<Context, 'done' | 'fail' | 'succeed'>;

/** A function of the template and the handler that runs in its place. */
export interface RunnableFunction {
  readonly arn: string;
  readonly timeoutSeconds: number;
  readonly memoryMiB: number;
  /**
   * A method, so that a handler may declare the type of its event.
   * @param signal aborts with the execution, for a handler that runs in a thread
   */
  handler(event: unknown, context: InvocationContext, signal: AbortSignal): Promise<unknown>;
}

/**
 * An error as a `lambda:invoke` task reports it. Retry and Catch match its `name`. Its message becomes the Cause:
 * the JSON that Lambda's runtime reports.
 */
export class FunctionError extends Error {
  constructor(name: string, message: string, trace: readonly string[] = []) {
    super(JSON.stringify({ errorType: name, errorMessage: message, trace }));
    this.name = name;
  }
}

/**
 * Runs one invocation. Nothing can stop a handler from outside. If it outlives its timeout or its workflow is aborted,
 * it goes on and its result is ignored. After an abort its remaining time is 0.
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
    return throughJson(await Promise.race([callSafely(handler, event, context, signal), timeout.promise]));
  } catch (error) {
    throw error instanceof FunctionError ? error : asFunctionError(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Turns an exception before the first await into a rejection. */
async function callSafely(
  handler: RunnableFunction['handler'],
  event: unknown,
  context: InvocationContext,
  signal: AbortSignal,
): Promise<unknown> {
  return await handler(event, context, signal);
}

/** A handler without a result answers null. */
const throughJson = (result: unknown): unknown => JSON.parse(JSON.stringify(result ?? null));

function asFunctionError(error: unknown): FunctionError {
  if (error instanceof Error) return new FunctionError(error.name, error.message, error.stack?.split('\n'));
  return new FunctionError(typeof error, String(error));
}
