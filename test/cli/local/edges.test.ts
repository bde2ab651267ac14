/** Trouble outside the system ends with one clear message, a failure, and a readable lake. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeReadOnly, mountSmallDisk, startChild } from '../../support/aws/harness.ts';
import { local, temporaryDirectory, workspace } from '../../support/cli/run-command.ts';
import { readLake } from '../../support/local/lake-reader.ts';

async function server(listener: RequestListener): Promise<string> {
  const started = createServer(listener);
  await new Promise<void>((done) => started.listen(0, '127.0.0.1', done));
  onTestFinished(() => void started.close());
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
}

/** Expects one message, no stack, and a failure. */
function expectOneMessage(ended: { status: number | null; stderr: string }, message: RegExp): void {
  expect(ended.stderr).toMatch(message);
  expect(ended.stderr.match(/^error: /gm)).toHaveLength(1);
  expect(ended.stderr).not.toMatch(/\n\s+at /);
  expect(ended.status).toBe(1);
}

describe('a connection that cannot work ends at once', () => {
  it('a dead port', async () => {
    const url = await server(() => undefined);
    const dead = url.replace(/\d+$/, '1');
    const environment = { INTERCOM_ACCESS_TOKEN: 'tok', INTERCOM_BASE_URL: dead };
    const ended = await local(['sync', '--out', await temporaryDirectory()], environment);
    expect(ended.stderr).toMatch(/^checking the connection to 127\.0\.0\.1:1 \(INTERCOM_BASE_URL\)$/m);
    expectOneMessage(ended, /127\.0\.0\.1:1\b/);
  });

  it('ends quietly with 130 on Ctrl-C while it is checked', async () => {
    const url = await server(() => undefined);
    const environment = { INTERCOM_ACCESS_TOKEN: 'tok', INTERCOM_BASE_URL: url };
    const child = local(['sync', '--out', await temporaryDirectory()], environment, {
      signal: 'SIGINT',
      seen: /checking the connection/,
    });
    const { status, stderr } = await child;
    expect({ status, dump: /\n\s+at |triggerUncaught/.test(stderr) }).toEqual({ status: 130, dump: false });
    // Nothing was read.
    expect(stderr).toMatch(/^Stopping\. Press Ctrl-C again/m);
    expect(stderr).not.toMatch(/saving/i);
  });

  it('a wrong token', async () => {
    const { environment } = await workspace();
    const ended = await local(['sync', '--out', await temporaryDirectory()], {
      ...environment,
      INTERCOM_ACCESS_TOKEN: 'dG9rOndyb25n',
    });
    expectOneMessage(ended, /token/i);
    expect(ended.stderr).toMatch(/: set INTERCOM_ACCESS_TOKEN to a valid token of your app$/m);
    expect(ended.stderr).not.toMatch(/dG9rOndyb25n|npm run pipeline/);
  });

  it('a server that answers HTML', async () => {
    const url = await server((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<html><body>It works!</body></html>');
    });
    const environment = { INTERCOM_ACCESS_TOKEN: 'tok', INTERCOM_BASE_URL: url };
    const ended = await local(['sync', '--out', await temporaryDirectory()], environment);
    expectOneMessage(ended, /JSON/);
  });

  it('a base URL without https', async () => {
    const environment = { INTERCOM_ACCESS_TOKEN: 'tok', INTERCOM_BASE_URL: 'http://intercom.example' };
    const ended = await local(['sync', '--out', await temporaryDirectory()], environment);
    expectOneMessage(ended, /^error: INTERCOM_BASE_URL: must be https/);
  });
});

describe('a mistyped output directory', () => {
  it.each([[['status']], [['reset', '--objects', 'tags', '--yes']]])(
    '%s does not create it',
    async (command) => {
      const out = join(await temporaryDirectory(), 'typo');
      expectOneMessage(await local([...command, '--out', out]), /typo.* does not exist\. Name the directory/);
      expect(existsSync(out)).toBe(false);
    },
  );
});

describe('an output directory that cannot be used', () => {
  it('has a file in place of its state folder', async () => {
    const out = await temporaryDirectory();
    await writeFile(join(out, 'state'), '');
    expectOneMessage(
      await local(['demo', '--out', out]),
      /state, or a part of this path, is a file\. Remove/,
    );
  });

  it('is a file', async () => {
    const { environment } = await workspace();
    const out = join(await temporaryDirectory(), 'file');
    await writeFile(out, '');
    expectOneMessage(await local(['sync', '--out', out], environment), /file/);
  });

  it('is read-only', async ({ skip }) => {
    const { environment } = await workspace();
    const out = await temporaryDirectory();
    const done = await local(['sync', '--out', out, '--objects', 'tags'], environment);
    expect(done.status).toBe(0);
    if (!makeReadOnly(out)) skip('mounting a folder read-only takes root on Linux');
    expectOneMessage(
      await local(['sync', '--out', out, '--objects', 'tags'], environment),
      /read-only|cannot be written|not writable/i,
    );
    expect((await local(['status', '--out', out])).stdout).toMatch(/tags +committed/);
  });

  it('is on a disk that fills up during the run; once there is room the lake is completed', async ({
    skip,
  }) => {
    const { environment, simulator } = await workspace({ sizes: { ...SIZES_THAT_FILL } });
    const out = await mountSmallDisk('size=2m');
    if (out === undefined) return skip('mounting a small disk takes root on Linux');
    const ended = await local(['sync', '--out', out, '--objects', 'tags,conversation_parts'], environment);
    expect(ended.status).toBe(1);
    expect(ended.stdout + ended.stderr).toMatch(/disk|space|full/i);
    expect(ended.stderr).not.toMatch(/\n\s+at /);
    const lake = await readLake(out);
    expect([0, simulator.workspace.tags.size]).toContain(lake.current('tags').size);
  });
});

const SIZES_THAT_FILL = { conversations: 3_000, partsPerConversation: 30 };

it('refuses a second process in the same directory, but shows its status', async () => {
  const { environment } = await workspace();
  const out = await temporaryDirectory();
  await startChild(out);
  const ended = await local(['sync', '--out', out, '--objects', 'tags'], environment);
  expectOneMessage(ended, /in use|another process/i);
  expect((await local(['status', '--out', out])).status).toBe(0);
});
