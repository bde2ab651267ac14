/** Deletes a stack and waits until it is gone. */
import {
  DeleteStackCommand,
  type Stack,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { InputError, RetryableError } from '../../../functions/core/errors.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { AwsClients } from './aws-clients.ts';
import { describeStack } from './stacks.ts';

const POLL_MS = 5_000;
/** AWS takes up to forty minutes to release the network interfaces of functions in a VPC. */
const PATIENCE_MS = 3_600_000;

/** Called before anything changes. @throws InputError if CloudFormation is working on the stack */
export function requireIdle({ StackName, StackStatus }: Stack): void {
  const status = String(StackStatus);
  if (!status.endsWith('_IN_PROGRESS') || /^(DELETE|REVIEW)_/.test(status)) return;
  throw new InputError(
    `Stack ${StackName} is ${status}. Nothing was changed. Wait until the deployment ends, then try again.`,
    { code: 'stack_busy' },
  );
}

/**
 * Deletes the stack, without the resources that its template retains.
 * @param meanwhile called before each look at the progress of CloudFormation
 * @throws InputError with CloudFormation's reason if it does not delete the stack; RetryableError after an hour
 */
export async function deleteStack(
  { cloudFormation }: AwsClients,
  { clock, signal }: Pick<Terminal, 'clock' | 'signal'>,
  stack: Stack,
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<void> {
  const { StackName = '', StackId = StackName } = stack;
  if (stack.EnableTerminationProtection === true) {
    await cloudFormation.send(
      new UpdateTerminationProtectionCommand({ StackName, EnableTerminationProtection: false }),
    );
  }
  // If the stack is already being deleted, CloudFormation just continues.
  await cloudFormation.send(new DeleteStackCommand({ StackName: StackId }));
  const until = clock.now() + PATIENCE_MS;
  for (;;) {
    await meanwhile();
    const now = await describeStack(cloudFormation, StackId);
    const status = now?.StackStatus ?? 'DELETE_COMPLETE';
    if (status === 'DELETE_COMPLETE') return;
    if (status !== 'DELETE_IN_PROGRESS') {
      throw new InputError(
        `CloudFormation does not delete stack ${StackName}: it is ${status}${now?.StackStatusReason === undefined ? '' : ` (${now.StackStatusReason})`}. See the events of the stack in the CloudFormation console.`,
        { code: 'stack_not_deleted' },
      );
    }
    if (clock.now() > until) {
      throw new RetryableError(
        `CloudFormation has been deleting stack ${StackName} for an hour. See its events in the CloudFormation console.`,
        { code: 'stack_busy' },
      );
    }
    await clock.sleep(POLL_MS, signal);
  }
}
