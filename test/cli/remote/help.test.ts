/** Help for someone who has not read the README. */
import { expect, it } from 'vitest';
import { pipelineCommand } from '../../support/remote/deployed.ts';

const COMMANDS = [
  'connect',
  'check',
  'run',
  'status',
  'verify',
  'report',
  'stop',
  'resync',
  'backfill',
  'audit',
  'disconnect',
  'person',
  'adopt',
  'delete',
];

it('lists every command, in the order in which you need them', async () => {
  const { status, stdout } = await pipelineCommand(['--help']);
  expect(status).toBe(0);
  const listed = [...stdout.matchAll(/^ {2}([a-z]+)(?: \[options\]| {2,})/gm)].map(([, name]) => name);
  expect(listed).toEqual(COMMANDS);
  expect(stdout).toMatch(/npx cdk deploy/);
});

it.each(COMMANDS)('%s --help lists its own options and those that all commands have', async (name) => {
  const { status, stdout } = await pipelineCommand([name, '--help']);
  expect(status).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Usage: npm run pipeline -- ${name} \\[options\\]`));
  for (const option of ['--profile', '--region', '--pipeline', '--config']) expect(stdout).toContain(option);
  expect(stdout).not.toMatch(/undefined|\[never\]/);
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(95);
});
