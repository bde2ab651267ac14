import { expect, test } from 'vitest';
import { boundClient } from '../../../../functions/intercom/http/bounded-client.ts';
import type { Answer, IntercomClient } from '../../../../functions/intercom/http/client.ts';

const ANSWER: Answer = { status: 200, body: {}, bytes: 0, receivedAtMs: 0, date: null, failure: null };

test('never runs more requests than allowed; failures make room; idle waits for all of them', async () => {
  let running = 0;
  let most = 0;
  let answered = 0;
  const send = async (path: string): Promise<Answer> => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((next) => setTimeout(next, 2));
    running -= 1;
    answered += 1;
    if (path === '/fails') throw new Error('down');
    return ANSWER;
  };
  const client: IntercomClient = { get: send, post: send };
  const bounded = boundClient(client, 2);
  const options = { priority: 'bulk' } as const;
  const failing = bounded.get('/fails', {}, options);
  const others = Array.from({ length: 6 }, (_unused, index) =>
    index % 2 === 0 ? bounded.get('/one', {}, options) : bounded.post('/one', {}, options),
  );
  await expect(failing).rejects.toThrow('down');
  await bounded.idle();
  expect(answered).toBe(7);
  expect(running).toBe(0);
  expect(most).toBe(2);
  await Promise.all(others);
});
