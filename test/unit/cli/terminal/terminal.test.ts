/** The process as a terminal, over pipes that say they are one. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createTerminal } from '../../../../lib/cli/terminal/terminal.ts';

test.each(['', ' '])('a PAGER of %j means none: the text is printed', async (PAGER) => {
  const stream = () => Object.assign(new PassThrough(), { isTTY: true, rows: 2 });
  const stdout = stream();
  const host = Object.assign(new EventEmitter(), {
    stdin: stream(),
    stdout,
    stderr: stream(),
    env: { PATH: process.env.PATH, PAGER },
  }) as unknown as NodeJS.Process;
  await createTerminal(host).page('a\nb\nc\nd');
  expect(String(stdout.read())).toBe('a\nb\nc\nd\n');
});
