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
import { callAws } from './errors.ts';

export function createSfnExecutions(client = new SFNClient(AWS_CLIENT)): Executions {
  return {
    async status(executionArn) {
      try {
        const command = new DescribeExecutionCommand({ executionArn });
        const { status } = await callAws('describe the execution', () => client.send(command));
        return status === 'RUNNING' || status === 'PENDING_REDRIVE' ? 'running' : 'over';
      } catch (error) {
        if (error instanceof ExecutionDoesNotExist) return 'unknown';
        throw error;
      }
    },
    async start(stateMachineArn, name, input) {
      try {
        const command = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) });
        await callAws('start the next run', () => client.send(command));
      } catch (error) {
        if (!(error instanceof ExecutionAlreadyExists)) throw error;
      }
    },
  };
}
