import { S3Failure } from './s3-failure.ts';

/** Longest chunk header or trailer line that is taken. */
const LINE_LIMIT_BYTES = 4096;
const NEWLINE = 0x0a;

export interface BodyDecoder {
  /** The payload in the next bytes of the body; it may be in several pieces, or none. */
  decode(bytes: Buffer): Buffer[];
  /** To be called after the last bytes: refuses a body that stops early, and gives the trailers by lower-case name. */
  end(): ReadonlyMap<string, string>;
}

/** A body that is sent as it is. Its length is checked by HTTP. */
export function plainBody(): BodyDecoder {
  return { decode: (bytes) => [bytes], end: () => new Map() };
}

/**
 * S3's own chunked encoding, which SDKs use to send a checksum after a stream:
 * `<size in hex>[;chunk-signature=…]\r\n<payload>\r\n … 0\r\n<trailer>: <value>\r\n … \r\n`
 */
export function awsChunkedBody(): BodyDecoder {
  let state: 'size' | 'payload' | 'payload end' | 'trailers' | 'done' = 'size';
  let line = Buffer.alloc(0);
  let payloadLeft = 0;
  const trailers = new Map<string, string>();

  const takeLine = (text: string): void => {
    if (state === 'size') {
      payloadLeft = chunkSize(text);
      state = payloadLeft === 0 ? 'trailers' : 'payload';
    } else if (state === 'payload end') {
      if (text !== '') throw malformed('a chunk is longer than its size says');
      state = 'size';
    } else if (text === '') {
      state = 'done';
    } else {
      const [name, value] = trailer(text);
      trailers.set(name, value);
    }
  };

  return {
    decode: (bytes) => {
      const pieces: Buffer[] = [];
      let rest = bytes;
      while (rest.length > 0) {
        if (state === 'done') throw malformed('there are bytes after its end');
        if (state === 'payload') {
          const piece = rest.subarray(0, payloadLeft);
          pieces.push(piece);
          payloadLeft -= piece.length;
          if (payloadLeft === 0) state = 'payload end';
          rest = rest.subarray(piece.length);
          continue;
        }
        const newline = rest.indexOf(NEWLINE);
        line = Buffer.concat([line, newline === -1 ? rest : rest.subarray(0, newline)]);
        if (line.length > LINE_LIMIT_BYTES) throw malformed('a line is too long');
        if (newline === -1) break;
        rest = rest.subarray(newline + 1);
        const text = line.toString('latin1').replace(/\r$/, '');
        line = Buffer.alloc(0);
        takeLine(text);
      }
      return pieces;
    },
    end: () => {
      if (state !== 'done') throw new S3Failure('IncompleteBody', 'The body ends before its last chunk.');
      return trailers;
    },
  };
}

function chunkSize(text: string): number {
  const [size = ''] = text.split(';', 1);
  if (!/^[\da-f]{1,8}$/i.test(size)) throw malformed('a chunk size is no hexadecimal number');
  return Number.parseInt(size, 16);
}

function trailer(text: string): [string, string] {
  const colon = text.indexOf(':');
  if (colon < 1) throw malformed('a trailer has no name');
  return [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()];
}

function malformed(why: string): S3Failure {
  return new S3Failure('InvalidRequest', `The body is not in the aws-chunked encoding: ${why}.`);
}
