/** The lines of a stored file, without holding all of its text in memory. */
import { createGunzip } from 'node:zlib';

export type Row = Readonly<Record<string, unknown>>;

const NEWLINE = 10;

/** The lines of a file, each with its newline, byte for byte. @throws if its gzip stream is damaged */
export async function* linesOf(key: string, body: Uint8Array): AsyncIterable<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of key.endsWith('.gz') ? createGunzip().end(body) : [Buffer.from(body)]) {
    const text: Buffer = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    let start = 0;
    for (let end = text.indexOf(NEWLINE); end !== -1; end = text.indexOf(NEWLINE, start)) {
      yield text.subarray(start, end + 1);
      start = end + 1;
    }
    rest = text.subarray(start);
  }
  if (rest.length > 0) yield rest;
}

export const rowOf = (line: Buffer): Row => JSON.parse(line.toString('utf8')) as Row;
