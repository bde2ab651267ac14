/** Runs of a deployed pipeline, started and watched with the real command. */
import { afterEach, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../functions/core/engine-files.ts';
import type { Fault } from '../../../lib/standins/intercom/index.ts';
import { deployForAll, shown } from '../../support/remote/deployed.ts';

const { command, simulator, executions, putSecret, secret, environment, cloudFormation } = await deployForAll(
  {
    limits: { maxSlices: 2, sliceRecords: 30 },
  },
);

const undo: (() => void)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0)) one();
  await executions.idle();
});

function fault(path: string, respond: Fault['respond']): void {
  undo.push(simulator.addFault({ match: { path }, respond }));
}

const lambdaLimit = (limit: number | null): void => {
  cloudFormation.lambdaLimit = limit;
};

const SLOW: Fault['respond'] = { kind: 'delay', delayMs: 2_500 };

const summariesIn = (stdout: string): readonly RunSummary[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('run', () => {
  it('starts a run, shows its progress, and ends with its summary', async () => {
    const { status, stdout, stderr } = await command(['run', '--objects', 'admins,tags']);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const { size } = simulator.workspace.tags;
    expect(stdout).toMatch(new RegExp(`^tags +${size} +${size} +${size} +✓ complete$`, 'm'));
    expect(stderr).toMatch(/Started a run of pipeline 'intercom' \(account \d{12}, us-east-1\)/);
    expect(stderr).toMatch(/^run \S+: admins, tags$/m);
    expect(stderr).toMatch(new RegExp(`^tags: committed, ${size} rows$`, 'm'));
  });

  it('follows the next run while work remains; JSON is one line per run', async () => {
    const { status, stdout, stderr } = await command(['run', '--objects', 'contacts', '--json']);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const summaries = summariesIn(stdout);
    expect(summaries.length).toBeGreaterThan(1);
    expect(summaries.map(({ work_remains }) => work_remains)).toEqual(
      summaries.map((_one, index) => index < summaries.length - 1),
    );
    expect(stderr).toMatch(/There is more to read: the next run has started/);
  });

  it('fails if an object fails, with the reason for each, while the others succeed', async () => {
    fault('/admins', {
      status: 403,
      json: { type: 'error.list', errors: [{ code: 'forbidden', message: 'no' }] },
    });
    const { status, stdout, stderr } = await command(['run', '--objects', 'admins,tags']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^tags +\d+ +\d+ +\d+ +✓ complete$/m);
    expect(stdout).toMatch(/admins failed: .*tick 'Read admins'/);
    expect(stderr).toMatch(/^admins: failed: .*tick 'Read admins'/m);
  });

  it('reports why a run failed before it could begin', async () => {
    const connection = await secret('Connection');
    await putSecret('Connection', '{}');
    const { status, stdout, stderr } = await command(['run', '--objects', 'tags']);
    await putSecret('Connection', connection);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^error: run \S+ failed: The pipeline is not connected.*\(ConnectionError\)$/m);
  });

  it('reports that somebody stopped it, and how far it was', async () => {
    fault('/tags', SLOW);
    const ended = await command(['run', '--objects', 'tags,admins'], {
      onOutput: (text) => {
        const arn = executions.arns.at(-1);
        if (arn !== undefined && /admins: committed/.test(text)) executions.stop(arn);
      },
    });
    expect({ status: ended.status, stdout: ended.stdout }).toEqual({ status: 1, stdout: '' });
    expect(ended.stderr).toMatch(/^error: run \S+ was stopped by somebody\.$/m);
    expect(ended.stderr).toMatch(/^tags: reading$/m);
  });

  it('Ctrl-C stops the watching and not the run, and reports that', async () => {
    fault('/tags', SLOW);
    const { status, stderr } = await command(['run', '--objects', 'tags'], {
      onOutput: (text, child) => {
        if (/tags: reading/.test(text) && !child.killed) child.kill('SIGINT');
      },
    });
    expect(status).toBe(130);
    expect(stderr).toMatch(
      /Stopped watching\. The run continues in AWS\. To see the status: npm run pipeline -- status --config/,
    );
    const arn = executions.arns.at(-1) ?? '';
    expect((await executions.describe(arn))?.status).toBe('RUNNING');
    await executions.idle();
    expect((await executions.describe(arn))?.status).toBe('SUCCEEDED');
  });

  it('keeps watching through an AWS outage', async () => {
    fault('/tags', SLOW);
    let failures = 0;
    const describe = executions.describe;
    executions.describe = async (arn) => {
      failures += 1;
      if (failures > 2 && failures < 7) throw new Error('outage');
      return describe(arn);
    };
    const { status, stderr } = await command(['run', '--objects', 'tags']);
    executions.describe = describe;
    expect(stderr).toMatch(/AWS is busy \(states:DescribeExecution.*Trying again/);
    expect(status).toBe(0);
  });

  it('does not wait if asked not to', async () => {
    const { status, stdout, stderr } = await command(['run', '--objects', 'tags', '--no-wait']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: `${executions.arns.at(-1)}\n` });
    expect(stderr).toMatch(/The run continues by itself\. To see its status: /);
  });

  it('reports a run that is already in progress, whose objects are then skipped', async () => {
    fault('/tags', SLOW);
    await command(['run', '--objects', 'tags', '--no-wait']);
    const { status, stdout, stderr } = await command(['run', '--objects', 'tags']);
    expect(stderr).toMatch(/Run \S+ is already in progress\. This run skips the objects that it is reading/);
    expect(stdout).toMatch(/tags skipped: run \S+ is still working on it/);
    expect(stdout).toMatch(/\) succeeded, 1 of 1 object skipped: /);
    expect(status).toBe(0);
  });

  it('passes the options on as input', async () => {
    await command(['run', '--objects', 'tags', '--full-refresh', '--no-wait']);
    expect(executions.inputOf(executions.arns.at(-1) ?? '')).toEqual({
      objects: ['tags'],
      mode: 'full_refresh',
    });
  });
});

describe('stop', () => {
  it('says that nothing is in progress, and how to stop the schedules', async () => {
    const { status, stderr } = await command(['stop', '--yes']);
    expect(stderr).toMatch(/^No run of pipeline 'intercom' .* is in progress\.$/m);
    expect(stderr).toMatch(/set 'paused: true' and deploy/);
    expect(status).toBe(0);
  });

  it('stops a run once somebody agrees', async () => {
    fault('/tags', { kind: 'delay', delayMs: 8_000 });
    await command(['run', '--objects', 'tags', '--no-wait']);
    const arn = executions.arns.at(-1) ?? '';
    const refused = await command(['stop']);
    expect(refused.stderr).toMatch(/^Run \S+ has been in progress since /m);
    expect(refused.stderr).toMatch(/Nothing was changed\. Use --yes/);
    expect(refused.status).toBe(1);
    expect((await executions.describe(arn))?.status).toBe('RUNNING');
    const { status, stderr } = await command(['stop', '--yes']);
    expect(stderr).toMatch(/^Stopped run \S+\. Its functions end within a minute\.$/m);
    expect(status).toBe(0);
    await executions.idle();
    expect((await executions.describe(arn))?.status).toBe('ABORTED');
  });
});

describe('the Lambda limit of the account', () => {
  it('is named at the start of a run if it is small', async () => {
    lambdaLimit(10);
    const { status, stderr } = await command(['run', '--objects', 'tags', '--no-wait']);
    expect(stderr).toMatch(
      /^This account may run 10 Lambda functions at a time .*parallelism: \{ objects: 2, slices: 2 \}/m,
    );
    expect(status).toBe(0);
    await executions.idle();
    lambdaLimit(1_000);
    const enough = await command(['run', '--objects', 'tags', '--no-wait']);
    expect(enough.stderr).not.toMatch(/Lambda/);
  });

  it('is left aside by a run if AWS does not say', async () => {
    lambdaLimit(null);
    const { status, stderr } = await command(['run', '--objects', 'tags', '--no-wait']);
    expect(stderr).not.toMatch(/Lambda/);
    expect(status).toBe(0);
  });

  it('is named by check, or why it is unknown', async () => {
    lambdaLimit(10);
    expect((await command(['check'])).stderr).toMatch(/^This account may run 10 Lambda functions/m);
    lambdaLimit(null);
    expect((await command(['check'])).stderr).toMatch(
      /^Lambda's limit is unknown: .* may not do lambda:GetAccountSettings/m,
    );
  });
});

describe('backfill', () => {
  it('reads a range of one object and keeps the cursor', async () => {
    const args = ['backfill', 'tickets', '--from', '2020-01-01T00:00:00Z', '--to', '2020-02-01T00:00:00Z'];
    const { status, stdout } = await command([...args, '--json']);
    expect(status).toBe(0);
    expect(summariesIn(stdout)[0]).toMatchObject({ mode: 'backfill', objects: [{ object: 'tickets' }] });
  });

  it('requires a start', async () => {
    const { status, stderr } = await command(['backfill', 'tickets']);
    expect(stderr).toMatch(/required option '--from <time>' not specified/);
    expect(status).toBe(1);
  });
});

describe('bad input is refused in terms of the options, before anything starts', () => {
  const FROM = ['--from', '2025-01-01T00:00:00Z'];
  const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      'an unknown object',
      ['run', '--objects', 'contact'],
      /^error: --objects names "contact"; you may mean contacts\.$/m,
    ],
    ['no object', ['run', '--objects', ','], /^error: --objects must be a list of names\.$/m],
    [
      'a missing zone',
      ['backfill', 'tickets', '--from', '2025-01-01'],
      /^error: --from: '2025-01-01' has no time zone: write it as/m,
    ],
    [
      'a range backwards',
      ['backfill', 'tickets', ...FROM, '--to', '2024-01-01T00:00:00Z'],
      /^error: --from must be before --to\.$/m,
    ],
    [
      'the future',
      ['backfill', 'tickets', '--from', '2999-01-01T00:00:00Z'],
      /^error: --from lies in the future\.$/m,
    ],
    [
      'an object without times',
      ['backfill', 'tags', ...FROM],
      /^error: tags cannot be read by time; Intercom only returns all of it\.$/m,
    ],
    [
      'an unknown object to backfill',
      ['backfill', 'people', ...FROM],
      /^error: <object> names "people"; configured are/m,
    ],
    [
      'an unknown object to resync',
      ['resync', 'people'],
      /^error: <object>: 'people' is not one of the configured objects: contacts,/m,
    ],
    ['a missing object', ['resync'], /missing required argument 'object'/],
    ['an unknown option', ['run', '--fast=SECRETPART'], /unknown option '--fast'/],
    ['an unknown command', ['sync'], /unknown command 'sync'/],
  ];

  it.each(refused)('%s', async (_what, args, message) => {
    const before = executions.arns.length;
    const { status, stdout, stderr } = await command(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at |"objects"|"from"|SECRETPART/);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(executions.arns.length).toBe(before);
  });
});

it('never shows the token or the keys of AWS', () => {
  const text = shown.join('\n');
  expect(text.length).toBeGreaterThan(1_000);
  expect(text).not.toContain(simulator.token);
  expect(text).not.toContain(environment.AWS_ACCESS_KEY_ID);
});
