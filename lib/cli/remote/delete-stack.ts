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
/** Functions in a VPC take up to forty minutes to give their network interfaces back. */
const PATIENCE_MS = 3_600_000;

/** Refuses before anything changes. @throws InputError if CloudFormation is working on the stack */
export function requireIdle({ StackName, StackStatus }: Stack): void {
  const status = String(StackStatus);
  if (!status.endsWith('_IN_PROGRESS') || /^(DELETE|REVIEW)_/.test(status)) return;
  throw new InputError(
    `Stack ${StackName} is ${status}. Nothing was changed. Wait until the deployment has ended, then try again.`,
    { code: 'stack_busy' },
  );
}

/**
 * Deletes the stack; what its template keeps stays.
 * @param meanwhile called before each look at how far CloudFormation is
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
  // Asked again while it is being deleted, CloudFormation goes on.
  await cloudFormation.send(new DeleteStackCommand({ StackName: StackId }));
  const until = clock.now() + PATIENCE_MS;
  for (;;) {
    await meanwhile();
    const now = await describeStack(cloudFormation, StackId);
    const status = now?.StackStatus ?? 'DELETE_COMPLETE';
    if (status === 'DELETE_COMPLETE') return;
    if (status !== 'DELETE_IN_PROGRESS') {
      throw new InputError(
        `CloudFormation does not delete stack ${StackName}: it is ${status}${now?.StackStatusReason === undefined ? '' : ` (${now.StackStatusReason})`}. The events of the stack in the console say why.`,
        { code: 'stack_not_deleted' },
      );
    }
    if (clock.now() > until) {
      throw new RetryableError(`CloudFormation has been deleting stack ${StackName} for an hour.`, {
        code: 'stack_busy',
      });
    }
    await clock.sleep(POLL_MS, signal);
  }
}
