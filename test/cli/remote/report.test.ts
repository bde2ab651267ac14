/** report of a deployed pipeline, with the real command: the runs from S3, the questions by Athena. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QUESTIONS } from '../../../lib/cli/report/questions.ts';
import { type Athena, startAthena } from '../../support/remote/athena.ts';
import { deployForAll, temporaryDirectory } from '../../support/remote/deployed.ts';

const { cloudFormation, command, configFile } = await deployForAll({ connected: true });

let athena: Athena;
beforeAll(async () => {
  athena = await startAthena(dirname(configFile));
  // Athena is not embedded, so that its workgroup has no local value.
  for (const [name, stack] of cloudFormation.stacks) {
    if (!name.endsWith('-data')) continue;
    const outputs = { ...stack.outputs, AthenaWorkgroup: 'the-workgroup', GlueDatabase: 'the_database' };
    cloudFormation.stacks.set(name, { ...stack, outputs });
  }
});
afterAll(() => athena?.close());

/** Presses Ctrl-C once the queries say so. */
async function interrupted(isTime: () => boolean) {
  const environment = { AWS_ENDPOINT_URL_ATHENA: athena.url };
  athena.isStuck = true;
  const ended = await command(['report', '--to', join(await temporaryDirectory(), 'report.html')], {
    environment,
    onStart(child) {
      const timer = setInterval(() => {
        if (!isTime()) return;
        clearInterval(timer);
        child.kill('SIGINT');
      }, 10);
      child.once('close', () => clearInterval(timer));
    },
  });
  athena.isStuck = false;
  return ended;
}

async function report(): Promise<{ readonly page: string; readonly stderr: string }> {
  const file = join(await temporaryDirectory(), 'report.html');
  const environment = { AWS_ENDPOINT_URL_ATHENA: athena.url };
  const { status, stdout, stderr } = await command(['report', '--to', file], { environment });
  expect([status, stdout]).toEqual([0, `Wrote ${file}.\n`]);
  return { page: await readFile(file, 'utf8'), stderr };
}

describe('report', () => {
  it('says that nothing was committed before the first run', async () => {
    const { page, stderr } = await report();
    expect(stderr).toBe('');
    expect(page).toContain('Nothing has been committed yet.');
    expect(athena.started).toEqual([]);
  });

  it('asks Athena the five questions, and shows its answers', async () => {
    expect((await command(['run'])).status).toBe(0);
    const { page, stderr } = await report();
    expect(stderr).toBe('');
    const place = { workgroup: 'the-workgroup', database: 'the_database' };
    expect(athena.started).toEqual(QUESTIONS.map(({ sql }) => ({ sql, ...place })));
    expect(page).not.toContain('no answer here');
    for (const label of ['Conversations opened each week', 'Conversations by outcome of the AI agent']) {
      expect(page).toContain(`aria-label="${label}"`);
    }
  });

  it.each([
    ['starts', () => athena.started],
    ['runs', () => athena.looked],
  ])('stops the query in Athena at Ctrl-C while it %s', async (_when, seen) => {
    const before = { seen: seen().length, started: athena.started.length, stopped: athena.stopped.length };
    const ended = await interrupted(() => seen().length > before.seen);
    expect(ended).toEqual({ status: 130, stdout: '', stderr: '' });
    expect(athena.started).toHaveLength(before.started + 1);
    expect(athena.stopped.slice(before.stopped)).toEqual([`query-${athena.started.length}`]);
  });

  it('says that the query goes on if Athena does not let it stop', async () => {
    athena.refusal = {
      operation: 'StopQueryExecution',
      type: 'AccessDeniedException',
      message: 'You are not authorized',
    };
    const { length } = athena.looked;
    const { status, stderr } = await interrupted(() => athena.looked.length > length);
    athena.refusal = null;
    expect(status).toBe(130);
    expect(stderr).toMatch(/^Query query-\d+ goes on in Athena: .*athena:StopQueryExecution/);
  });

  it('has the runs even if Athena may not be asked, and says what is missing', async () => {
    athena.refusal = { type: 'AccessDeniedException', message: 'You are not authorized' };
    const { page, stderr } = await report();
    athena.refusal = null;
    expect(page).toContain('Completeness of each object');
    expect(page.match(/This question has no answer here/g)).toHaveLength(5);
    expect(stderr).toContain('Support overview: ');
    expect(stderr).toContain('athena:StartQueryExecution');
  });
});
