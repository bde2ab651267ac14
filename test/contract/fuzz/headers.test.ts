/**
 * Header blocks of any kind, as bytes on the wire: an answer is exactly what was sent, or an error that says what
 * happens next. A body that was cut off is never taken for a whole one.
 */

import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ContractError, RetryableError } from '../../../functions/core/errors.ts';
import { testClient } from '../../support/intercom/reader-harness.ts';

const BODY = { type: 'list', data: [{ id: '1', name: 'ä "quoted"' }], total_count: 1 };
const TEXT = Buffer.from(JSON.stringify(BODY));

let answer: Buffer = Buffer.alloc(0);
let isLeftOpen = false;
let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      socket.write(answer);
      if (!isLeftOpen) socket.end();
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server?.close());

const LENGTHS: readonly (string | null)[] = [
  null,
  '',
  '0',
  '-1',
  '1.5',
  'odd',
  '1e3',
  '0x10',
  String(TEXT.length - 1),
  String(TEXT.length),
  String(TEXT.length),
  String(TEXT.length + 1),
  String(TEXT.length + 5_000),
  '99999999999999999999',
  `${TEXT.length}, ${TEXT.length}`,
  `${TEXT.length}, 3`,
];

const NAMES = [
  'date',
  'link',
  'x-request-id',
  'retry-after',
  'content-type',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'content-encoding',
  'transfer-encoding',
  'content-range',
  'location',
  'set-cookie',
  'vary',
  'content-length',
  'x-runtime',
  'connection',
] as const;

const value = fc.oneof(
  fc.constantFrom('', '0', '-1', '1.5', 'odd', '99999999999999999999', 'gzip', 'br', 'chunked', 'identity'),
  fc.constantFrom(
    'text/html',
    'application/json; charset=utf-16',
    'close',
    'keep-alive',
    '</x>; rel="canonical"',
  ),
  fc.constantFrom(
    'Fri, 31 Dec 9999 23:59:59 GMT',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    'x'.repeat(20_000),
    'ÿþ\u0001',
  ),
  fc.string({ maxLength: 30 }).map((text) => text.replaceAll(/[\r\n]/g, ' ')),
);

const answers = fc.record({
  length: fc.oneof(fc.constantFrom(...LENGTHS), fc.constant(String(TEXT.length))),
  headers: fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 3 }),
  body: fc.constantFrom<'plain' | 'gzip' | 'cut' | 'none'>(
    'plain',
    'plain',
    'plain',
    'plain',
    'gzip',
    'cut',
    'none',
  ),
  isLeftOpen: fc.boolean(),
});

const BODIES = {
  plain: TEXT,
  gzip: gzipSync(TEXT),
  cut: TEXT.subarray(0, TEXT.length / 2),
  none: Buffer.alloc(0),
} as const;

test('an answer under odd headers is whole, or an error by its class', { timeout: 120_000 }, async () => {
  let whole = 0;
  let failed = 0;
  await fc.assert(
    fc.asyncProperty(answers, async ({ length, headers, body, isLeftOpen: open }) => {
      const lines = [
        'HTTP/1.1 200 OK',
        ...(length === null ? [] : [`Content-Length: ${length}`]),
        ...headers.map(([name, text]) => `${name}: ${text}`),
        '',
        '',
      ];
      answer = Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), BODIES[body]]);
      isLeftOpen = open;
      const { client } = testClient(url, { timeoutMs: 100 });
      try {
        const { body: got } = await client.get('/tags', {}, { priority: 'bulk' });
        whole += 1;
        expect(got).toEqual(BODY);
      } catch (error) {
        if (error instanceof RetryableError || error instanceof ContractError) failed += 1;
        else throw error;
      }
    }),
    { numRuns: 300 },
  );
  process.stdout.write(`headers: ${whole} whole answers, ${failed} errors\n`);
  expect(whole).toBeGreaterThan(20);
  expect(failed).toBeGreaterThan(20);
});
