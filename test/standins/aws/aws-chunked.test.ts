import fc from 'fast-check';
import { expect, test } from 'vitest';
import { awsChunkedBody } from '../../../lib/standins/aws/s3/aws-chunked.ts';

function encode(chunks: readonly Uint8Array[], trailers: string): Buffer {
  const parts = chunks.map((chunk) =>
    Buffer.concat([
      Buffer.from(`${chunk.length.toString(16)};chunk-signature=abc\r\n`),
      chunk,
      Buffer.from('\r\n'),
    ]),
  );
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailers}\r\n`)]);
}

function decode(bytes: Buffer, pieceLength: number) {
  const body = awsChunkedBody();
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += pieceLength) {
    pieces.push(...body.decode(bytes.subarray(start, start + pieceLength)));
  }
  return { payload: Buffer.concat(pieces), trailers: body.end() };
}

const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 });

test('the payload is the same however the body is cut up in transit', () => {
  fc.assert(
    fc.property(chunks, fc.integer({ min: 1, max: 50 }), (payload, pieceLength) => {
      const decoded = decode(encode(payload, 'X-Amz-Checksum-CRC32: abc==\r\n'), pieceLength);
      expect(decoded.payload.equals(Buffer.concat(payload))).toBe(true);
      expect([...decoded.trailers]).toEqual([['x-amz-checksum-crc32', 'abc==']]);
    }),
  );
});

test('a body that stops anywhere is refused', () => {
  fc.assert(
    fc.property(chunks, fc.nat(), (payload, cut) => {
      const bytes = encode(payload, '');
      expect(() => decode(bytes.subarray(0, cut % bytes.length), 7)).toThrow('ends before its last chunk');
    }),
  );
});

test.each([
  ['a size that is not a number', 'hello\r\n'],
  ['a chunk longer than its size', '2\r\nabc\r\n'],
  ['bytes after the end', '0\r\n\r\nmore'],
  ['a trailer without a name', '0\r\n:x\r\n\r\n'],
  ['an endless line', 'a'.repeat(5_000)],
])('%s is refused', (_, body) => {
  expect(() => decode(Buffer.from(body), 1_000)).toThrow('not in the aws-chunked encoding');
});
