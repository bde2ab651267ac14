/** What `run` says when nobody watches the run any more, with a clock that jumps. */
import { expect, it } from 'vitest';
import { RetryableError } from '../../../../functions/core/errors.ts';
import { followRun } from '../../../../lib/cli/remote/follow.ts';
import type { RunExecution } from '../../../../lib/cli/remote/runs.ts';
import type { Terminal } from '../../../../lib/cli/terminal/terminal.ts';

const ARN = 'arn:aws:states:eu-west-1:123456789012:execution:shop:one';

const execution = (status: RunExecution['status']): RunExecution => ({
  arn: ARN,
  runId: '20261101T000000000Z-abcdef',
  startedAt: new Date(0),
  status,
  error: null,
  cause: null,
});

const outage = new RetryableError('AWS does not answer.', { code: 'aws_busy' });

/** Follows a run whose executions are described like this; returns what it told, and the error. */
async function follow(
  describe: () => Promise<RunExecution | null>,
  get: () => Promise<null> = async () => null,
): Promise<{ readonly told: string; readonly error: unknown }> {
  let now = 0;
  let told = '';
  const terminal = {
    clock: {
      now: () => now,
      sleep: async (ms: number) => {
        now += ms;
      },
    },
    signal: new AbortController().signal,
    tell: (text: string) => {
      told += `${text}\n`;
    },
    live: () => ({ note: () => undefined, stop: () => undefined }),
  } as unknown as Terminal;
  const pipeline = {
    runs: { describe },
    lake: { get, async *list() {} },
    command: (words: string) => `npm run pipeline -- ${words}`,
  } as unknown as Parameters<typeof followRun>[1];
  const error = await followRun(terminal, pipeline, ARN, false).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return { told, error };
}

it('does not say that an execution continues that Step Functions does not know', async () => {
  const { told, error } = await follow(async () => null);
  expect(String(error)).toContain(`Step Functions does not know the execution ${ARN}: it was never started`);
  expect(told).toBe('Watching ended. To see the status: npm run pipeline -- status\n');
});

it('nor does one that was there and is gone', async () => {
  const seen = [execution('running')];
  const { told } = await follow(async () => seen.shift() ?? null);
  expect(told).not.toContain('continues');
});

it('says that a run continues while AWS does not answer', async () => {
  const { told, error } = await follow(() => Promise.reject(outage));
  expect(error).toBe(outage);
  expect(told).toMatch(/^Watching ended\. The run continues in AWS\. /);
});

it('says that a run has ended whose summary cannot be read', async () => {
  const { told, error } = await follow(
    async () => execution('succeeded'),
    () => Promise.reject(outage),
  );
  expect(error).toBe(outage);
  expect(told).toMatch(/^Watching ended\. The run has ended\. /);
});
