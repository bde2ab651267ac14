/** The lines of a stored file, without holding all of its text in memory. */
import { createGunzip } from 'node:zlib';
import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../core/json.ts';
import { damagedFile } from './damaged-file.ts';

const NEWLINE = 10;

/** The content of the file, piece by piece. @throws ContractError if its gzip stream is damaged */
async function* contentOf(key: string, body: Uint8Array): AsyncIterable<Buffer> {
  if (!key.endsWith('.gz')) {
    yield Buffer.from(body);
    return;
  }
  try {
    yield* createGunzip().end(body);
  } catch {
    throw damagedFile(key, 'is damaged: it is not gzip, or not all of it');
  }
}

/** The lines of a file, each with its newline, byte for byte. @throws ContractError if its gzip stream is damaged */
export async function* linesOf(key: string, body: Uint8Array): AsyncIterable<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of contentOf(key, body)) {
    const text: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = text.indexOf(NEWLINE); end !== -1; end = text.indexOf(NEWLINE, start)) {
      yield text.subarray(start, end + 1);
      start = end + 1;
    }
    rest = text.subarray(start);
  }
  if (rest.length > 0) yield rest;
}

/** Undefined if the text is not JSON. The parser's own message would quote the text. */
function jsonIn(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

export interface Line {
  /** With its newline. */
  readonly text: string;
  readonly row: JsonObject;
}

/** The lines of a file of rows. @throws ContractError that names the file, and the line that is not a row */
export async function* rowsOf(key: string, body: Uint8Array): AsyncIterable<Line> {
  let number = 0;
  for await (const line of linesOf(key, body)) {
    number += 1;
    const text = line.toString('utf8');
    const row = jsonIn(text);
    if (!isJsonObject(row)) throw damagedFile(key, `is damaged: line ${number} is not a JSON object`);
    yield { text, row };
  }
}
