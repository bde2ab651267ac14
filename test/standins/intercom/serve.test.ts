/** The simulator as a child process. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';

const SERVE = fileURLToPath(new URL('../../../lib/standins/intercom/serve.ts', import.meta.url));
const run = promisify(execFile);
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

test('prints one line when ready, serves, stops at SIGTERM', async () => {
  const child = spawn(process.execPath, [
    SERVE,
    '--preset',
    'tiny',
    '--size',
    'tags=3',
    '--seed',
    '7',
    '--rate-limit',
    '9',
    '--timezone',
    'UTC',
  ]);
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { url, token } = JSON.parse(String(line)) as { url: string; token: string };
  const reply = await fetch(`${url}/tags`, { headers: { authorization: `Bearer ${token}` } });
  expect(reply.headers.get('x-ratelimit-limit')).toBe('9');
  expect(((await reply.json()) as { data: unknown[] }).data).toHaveLength(3);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('explains itself and refuses nonsense', async () => {
  expect((await run(process.execPath, [SERVE, '--help'])).stdout).toContain('--size OBJECT=N');
  await expect(run(process.execPath, [SERVE, '--size', 'contacts=many'])).rejects.toThrow(
    'takes a whole number',
  );
  await expect(run(process.execPath, [SERVE, '--size', 'cats=1'])).rejects.toThrow('unknown size "cats"');
  await expect(run(process.execPath, [SERVE, '--preset', 'huge'])).rejects.toThrow(
    '--preset is one of demo, tiny',
  );
});
