/** Executions that run because a test says so. Those with `unknown` in their ARN do not exist. */
import type { Executions } from '../../../functions/core/ports.ts';

export interface StartedExecution {
  readonly stateMachineArn: string;
  readonly name: string;
  readonly input: unknown;
}

export interface MemoryExecutions extends Executions {
  readonly running: Set<string>;
  readonly started: StartedExecution[];
}

export function createMemoryExecutions(): MemoryExecutions {
  const running = new Set<string>();
  const started: StartedExecution[] = [];
  return {
    running,
    started,
    async status(executionArn) {
      if (executionArn.includes('unknown')) return 'unknown';
      return running.has(executionArn) ? 'running' : 'over';
    },
    async start(stateMachineArn, name, input) {
      if (started.some((one) => one.name === name)) return;
      started.push({ stateMachineArn, name, input });
    },
  };
}
