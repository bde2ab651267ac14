import { expect, test } from 'vitest';
import { ContractError } from '../../../../functions/core/errors.ts';
import type { JsonObject } from '../../../../functions/core/json.ts';
import { serve, testClient } from '../../../support/intercom/reader-harness.ts';

const accept = (body: JsonObject): void => {
  if (!Array.isArray(body.data)) throw new ContractError('no data', { code: 'records_missing' });
};

test('an answer that lacks what was asked for is asked for again', async () => {
  let asked = 0;
  const server = await serve(() => {
    asked += 1;
    return { json: asked === 1 ? { data: 'odd' } : { data: [] } };
  });
  const { client } = testClient(server.url);
  expect((await client.get('/tags', {}, { priority: 'urgent', accept })).body).toEqual({ data: [] });
  expect(server.requests).toHaveLength(2);
});

test('if it stays so, its own error is thrown', async () => {
  const server = await serve(() => ({ json: {} }));
  const { client } = testClient(server.url);
  const answer = client.get('/tags', {}, { priority: 'urgent', accept });
  await expect(answer).rejects.toMatchObject({ name: 'ContractError', code: 'records_missing' });
  expect(server.requests).toHaveLength(6);
});
