/** `audit` of a deployed pipeline with the real command: the bucket is read over S3, and a run repairs it. */
import { expect, it } from 'vitest';
import { deployForAll } from '../../support/remote/deployed.ts';

const { command, simulator, executions } = await deployForAll();

it('compares, repairs by a run, and is equal then', async () => {
  expect((await command(['run', '--objects', 'tickets'])).status).toBe(0);
  const audit = ['audit', '--yes', '--objects', 'tickets'];
  expect(await command(audit)).toMatchObject({ status: 0 });
  const [id = ''] = simulator.workspace.tickets.ids();
  simulator.workspace.tickets.delete(id);
  const { status, stdout, stderr } = await command([...audit, '--repair']);
  expect({ status, stderr }).toMatchObject({ status: 1 });
  expect(stdout).toContain(`tickets: 1 record deleted at Intercom: ${id}`);
  expect(stderr).toMatch(/Started a run of pipeline/);
  await executions.idle();
  expect(await command(audit)).toMatchObject({ status: 0 });
});
