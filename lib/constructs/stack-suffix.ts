import { Fn, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/**
 * Eight hexadecimal digits of the stack's id, known at deployment. CloudFormation gives each new stack another id, so a
 * name with this suffix never collides with what an earlier stack left behind (docs/decisions/016).
 */
export const stackSuffix = (scope: Construct): string => {
  const uuid = Fn.select(2, Fn.split('/', Stack.of(scope).stackId));
  return Fn.select(0, Fn.split('-', uuid));
};

/**
 * The name of a log group to which an AWS service delivers. Below `/aws/vendedlogs/`, all services share one statement
 * in the account's policy for log delivery. Any other name adds to that policy, which may have 5,120 characters.
 */
export const vendedLogName = (scope: Construct, service: 'states' | 'apis', pipelineName: string): string =>
  `/aws/vendedlogs/${service}/${pipelineName}-${stackSuffix(scope)}`;
