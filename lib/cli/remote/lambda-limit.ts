/** How many functions the account may run at a time, and whether the pipeline leaves enough for others. */
import { GetAccountSettingsCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { invocationsAtOnce, type ResolvedConfig } from '../../../functions/config/config.ts';
import { isPipelineError } from '../../../functions/core/errors.ts';
import { unexpectedAws } from './aws-trouble.ts';

type Parallelism = ResolvedConfig['parallelism'];

/** `unknown`: AWS did not say. */
export type LambdaLimit =
  | {
      readonly status: 'known';
      /** How many invocations the account may run at a time in this region, without those that are reserved. */
      readonly unreserved: number;
    }
  | { readonly status: 'unknown'; readonly message: string };

/** Reads the limit. A refusal is no error: everything else works without this right. */
export async function readLambdaLimit(client: LambdaClient): Promise<LambdaLimit> {
  try {
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
    const unreserved = AccountLimit?.UnreservedConcurrentExecutions;
    if (unreserved !== undefined) return { status: 'known', unreserved };
    return { status: 'unknown', message: 'AWS gave no limit.' };
  } catch (error) {
    const message = isPipelineError(error) ? error.message : unexpectedAws(error);
    if (message === null) throw error;
    return { status: 'unknown', message };
  }
}

/** The largest setting that uses at most half of the limit. */
function fitting(
  { objects, slices }: Parallelism,
  unreserved: number,
): Pick<Parallelism, 'objects' | 'slices'> {
  const most = Math.max(1, Math.floor(unreserved / 2));
  const fewer = Math.min(objects, Math.max(1, Math.floor(Math.sqrt(most))));
  return { objects: fewer, slices: Math.min(slices, Math.max(1, Math.floor(most / fewer))) };
}

/** What to set if the pipeline may use more than half of what the account can run; null if there is enough. */
export function lambdaAdvice(limit: LambdaLimit, parallelism: Parallelism): string | null {
  if (limit.status === 'unknown' || invocationsAtOnce(parallelism) * 2 <= limit.unreserved) return null;
  const { objects, slices } = fitting(parallelism, limit.unreserved);
  return `This account may run ${limit.unreserved} Lambda functions at a time in this region, and a run of the pipeline uses up to ${invocationsAtOnce(parallelism)}. Other functions may then have to wait. Set 'parallelism: { objects: ${objects}, slices: ${slices} }' and deploy, or ask AWS for a higher Lambda quota "Concurrent executions".`;
}
