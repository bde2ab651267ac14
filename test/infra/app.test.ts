/** The CDK app in a process of its own, without credentials, region or terminal. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const { context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8'));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'app-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As the CDK's command starts it for `-c config=FILE`. */
function synth(name: string, config: unknown) {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(config));
  const outdir = join(folder, name);
  mkdirSync(outdir);
  const { status, stderr } = spawnSync(process.execPath, ['bin/app.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      CDK_OUTDIR: outdir,
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, config: file }),
    },
  });
  const read = (path: string) => JSON.parse(readFileSync(join(outdir, path), 'utf8'));
  return { status, stderr, read };
}

describe('several pipelines in a file', () => {
  test('have two stacks each, with their own deployment settings', () => {
    const { status, stderr, read } = synth('several', [
      { name: 'us', objects: ['tags'], frequency: { every: '2 hours' } },
      {
        name: 'eu',
        region: 'EU',
        objects: ['tags'],
        paused: true,
        encryption: 'own-key',
        logRetentionDays: 30,
      },
    ]);
    expect(stderr.split('\n').filter((line) => !line.startsWith('Bundling asset'))).toEqual(['']);
    expect(status).toBe(0);
    const stacks = Object.entries(read('manifest.json').artifacts as Record<string, { type: string }>)
      .filter(([, { type }]) => type === 'aws:cloudformation:stack')
      .map(([name]) => name);
    expect(stacks.toSorted()).toEqual(['eu', 'eu-data', 'us', 'us-data']);
    const schedules = JSON.stringify(read('us.template.json'));
    expect(schedules).toContain('rate(2 hours)');
    expect(schedules).toContain('"State":"ENABLED"');
    expect(JSON.stringify(read('eu.template.json'))).toContain('"State":"DISABLED"');
    expect(JSON.stringify(read('eu-data.template.json'))).toContain('AWS::KMS::Key');
    expect(JSON.stringify(read('us-data.template.json'))).not.toContain('AWS::KMS::Key');
    expect(JSON.stringify(read('eu.template.json'))).toContain('"RetentionInDays":30');
  });

  test('with mistakes lead to one message and no stack', () => {
    const { status, stderr } = synth('mistakes', [{ region: 'FR' }, { frequency: { cron: '*/5 * * * *' } }]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/mistakes\.json: The configuration has 3 mistakes:\n {2}\[0\]\.region: .*\n/);
    expect(stderr).toMatch(/\[1\]\.frequency\.cron: fires at .* and again 5 minutes later/);
    expect(stderr).not.toContain('    at ');
  });
});
