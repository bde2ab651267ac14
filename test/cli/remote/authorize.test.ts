/** The waits of `connect`, with a clock that jumps. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runConnect } from '../../../lib/cli/remote/commands/connect.ts';
import type { Terminal } from '../../../lib/cli/terminal/terminal.ts';
import { deployForAll } from '../../support/remote/deployed.ts';

const { configFile, environment, callbackUrl, putSecret } = await deployForAll({ connected: false });
Object.assign(process.env, environment);

let told = '';
let waitedMs = 0;
beforeEach(() => {
  told = '';
  waitedMs = 0;
});
afterEach(() => putSecret('OAuthClient', '{"client_id":"","client_secret":""}'));

/** A terminal without a person, on which waiting takes no time. */
function jumpingTerminal(): Terminal {
  const begun = Date.now();
  const none = () => Promise.reject(new Error('nobody can be asked'));
  return {
    environment: process.env,
    clock: {
      now: () => begun + waitedMs,
      sleep: async (ms) => {
        waitedMs += ms;
      },
    },
    signal: new AbortController().signal,
    canAsk: false,
    print: () => undefined,
    page: async () => undefined,
    width: () => null,
    tell: (text) => {
      told += `${text}\n`;
    },
    live: () => ({ note: () => undefined, stop: () => undefined }),
    confirm: none,
    ask: none,
    askHidden: none,
    async *readLines() {},
    run: none,
  };
}

const begin = (): Promise<unknown> =>
  runConnect(jumpingTerminal(), { config: configFile, replaceWorkspace: true, yes: true });

const AGAIN = `npm run pipeline -- connect --replace-workspace --config ${configFile}`;

it('ends if nobody authorizes in time, and names a possible cause', async () => {
  await putSecret('OAuthClient', '{"client_id":"a","client_secret":"b"}');
  await expect(begin()).rejects.toThrow(
    `compare the app's redirect URL with ${callbackUrl}. Then start again: ${AGAIN}`,
  );
  expect(told).toMatch(/client id and client secret are already filled in/);
  expect(waitedMs).toBeGreaterThan(600_000);
  expect(waitedMs).toBeLessThan(700_000);
});

it('ends if nobody fills in the secret', async () => {
  await expect(begin()).rejects.toThrow(`still empty after an hour. Fill it in, then run: ${AGAIN}`);
  expect(waitedMs).toBeGreaterThan(3_600_000);
});
