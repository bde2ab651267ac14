import { describe, expect, test } from 'vitest';
import { createSfnExecutions } from '../../../functions/aws/sfn-executions.ts';
import type { Executions } from '../../../functions/core/ports.ts';
import { type FakeBackend, useAwsEndpoints } from '../../support/aws-endpoints.ts';
import { createMemoryExecutions } from '../../support/memory/memory-executions.ts';

const endpoints = useAwsEndpoints();

describe.each<[string, () => { executions: Executions; backend: FakeBackend }]>([
  [
    'memory',
    () => {
      const executions = createMemoryExecutions();
      return { executions, backend: executions };
    },
  ],
  [
    'Step Functions',
    () => ({ executions: createSfnExecutions(endpoints().sfn), backend: endpoints().backend }),
  ],
])('executions (%s)', (_name, create) => {
  const ARN = 'arn:aws:states:us-east-1:123456789012:execution:sync:one';
  const MACHINE = 'arn:aws:states:us-east-1:123456789012:stateMachine:sync';

  test('are running while they run, over afterwards, and unknown if there are none', async () => {
    const { executions, backend } = create();
    backend.running.add(ARN);
    expect(await executions.status(ARN)).toBe('running');
    backend.running.delete(ARN);
    expect(await executions.status(ARN)).toBe('over');
    expect(await executions.status(`${ARN}-unknown`)).toBe('unknown');
  });

  test('are started once per name, with their input', async () => {
    const { executions, backend } = create();
    const input = { objects: ['tags'] };
    await executions.start(MACHINE, '20261122T120000000Z-aaaaaa-next', input);
    await executions.start(MACHINE, '20261122T120000000Z-aaaaaa-next', input);
    await executions.start(MACHINE, '20261122T120000000Z-bbbbbb-next', input);
    expect(backend.started.map(({ name }) => name)).toEqual([
      '20261122T120000000Z-aaaaaa-next',
      '20261122T120000000Z-bbbbbb-next',
    ]);
    expect(backend.started[0]).toEqual({
      stateMachineArn: MACHINE,
      name: '20261122T120000000Z-aaaaaa-next',
      input,
    });
  });
});
