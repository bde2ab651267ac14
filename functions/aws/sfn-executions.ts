/** Executions of the workflow in Step Functions. */
import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Executions } from '../core/ports.ts';
import { AWS_CLIENT } from './clients.ts';
import { callAws, optionsOf } from './errors.ts';

/** @param signal ends the calls in progress, shortly before the invocation ends */
export function createSfnExecutions(client: SFNClient, signal?: AbortSignal): Executions {
  const call = <T>(what: string, send: () => Promise<T>) => callAws(what, send, signal);
  return {
    async status(executionArn) {
      try {
        const command = new DescribeExecutionCommand({ executionArn });
        const { status } = await call('describe the execution', () =>
          client.send(command, optionsOf(signal)),
        );
        return status === 'RUNNING' || status === 'PENDING_REDRIVE' ? 'running' : 'over';
      } catch (error) {
        if (error instanceof ExecutionDoesNotExist) return 'unknown';
        throw error;
      }
    },
    async start(stateMachineArn, name, input) {
      try {
        const command = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) });
        await call('start the next run', () => client.send(command, optionsOf(signal)));
      } catch (error) {
        if (!(error instanceof ExecutionAlreadyExists)) throw error;
      }
    },
  };
}

/** @returns the executions for one attempt: `signal` ends their calls */
export function createSfn(): (signal?: AbortSignal) => Executions {
  const client = new SFNClient(AWS_CLIENT);
  return (signal) => createSfnExecutions(client, signal);
}
