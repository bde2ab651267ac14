/**
 * Writes rows into immutable parts. Each table has one open part, streamed through gzip and put once: when
 * it is full, or at a checkpoint. Memory use depends on the open parts, never on the size of the object.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createGzip, type Gzip } from 'node:zlib';
import type { Part } from '../../core/engine-files.ts';
import { ContractError } from '../../core/errors.ts';
import { partKey } from '../../core/lake-keys.ts';
import type { ObjectName, TableName } from '../../core/names.ts';
import type { Lake } from '../../core/ports.ts';
import type { Row } from '../../rows/rows.ts';

/** Rows are collected up to this size before gzip gets them: fewer, larger writes. Larger rows go on their own. */
const BUFFER_BYTES = 128 * 1024;

/** Bytes that one character of a string can take in UTF-8. */
export const MAX_BYTES_PER_CHARACTER = 3;

/** Half the work of level 6, for files that are a twentieth larger (measured by `npm run bench`). */
const GZIP_LEVEL = 4;

/** Collects compressed or plain bytes until the part is put. */
interface Encoder {
  /** Resolves when the bytes have been taken: the caller may then reuse their memory. */
  write(bytes: Uint8Array): Promise<void>;
  /** Stored bytes so far, without what the encoder still holds. */
  size(): number;
  end(): Promise<Buffer>;
}

function plainEncoder(): Encoder {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    async write(bytes) {
      const chunk = Buffer.from(bytes);
      chunks.push(chunk);
      size += chunk.length;
    },
    size: () => size,
    end: async () => Buffer.concat(chunks),
  };
}

function gzipEncoder(): Encoder {
  const gzip: Gzip = createGzip({ level: GZIP_LEVEL });
  const chunks: Buffer[] = [];
  let size = 0;
  gzip.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
  });
  return {
    write: (bytes) =>
      new Promise((done, failed) => {
        gzip.write(bytes, (error) => (error ? failed(error) : done()));
      }),
    size: () => size,
    async end() {
      gzip.end();
      await once(gzip, 'end');
      return Buffer.concat(chunks);
    },
  };
}

interface OpenPart {
  readonly encoder: Encoder;
  /** Rows as UTF-8, up to `used`. */
  buffer: Buffer;
  used: number;
  /** The buffer whose rows are being encoded. It is reused when that is done. */
  spare: Buffer;
  encoding: Promise<void>;
  rows: number;
}

const createBuffer = (): Buffer => Buffer.allocUnsafeSlow(BUFFER_BYTES);

/** Waits for what is being encoded, then hands over the buffer's rows and continues in the other buffer. */
async function passOn(part: OpenPart): Promise<void> {
  await part.encoding;
  if (part.used === 0) return;
  const full = part.buffer;
  part.encoding = part.encoder.write(full.subarray(0, part.used));
  // An error surfaces when the next rows are handed over.
  part.encoding.catch(() => undefined);
  part.buffer = part.spare;
  part.spare = full;
  part.used = 0;
}

const NEWLINE = 10;

/** Adds a line to the buffer. False if it may not fit. */
function append(part: OpenPart, line: string): boolean {
  if (line.length * MAX_BYTES_PER_CHARACTER >= BUFFER_BYTES - part.used) return false;
  part.used += part.buffer.write(line, part.used);
  part.buffer[part.used] = NEWLINE;
  part.used += 1;
  return true;
}

export interface PartWriter {
  /** Takes rows, and puts the parts that are full. */
  write(rows: readonly Row[]): Promise<void>;
  /** Closes and puts every open part. Returns all parts put since the last flush. */
  flush(): Promise<readonly Part[]>;
  /** Forgets what was written since the last flush. Parts that were already put stay, but nothing lists them. */
  discard(): void;
}

export interface PartOrigin {
  readonly object: ObjectName;
  readonly runId: string;
  readonly slice: string;
  /** Unique to the invocation: no other attempt can write the same key. */
  readonly attempt: string;
  readonly compression: 'gzip' | 'none';
  readonly partBytes: number;
}

type PartStore = Pick<Lake, 'get' | 'putNew'>;

/** If the part exists, this is a retry of our own put whose answer was lost, or two attempts share a name. */
async function putPart(lake: PartStore, key: string, body: Buffer): Promise<void> {
  if ((await lake.putNew(key, body)) === 'written') return;
  const stored = await lake.get(key);
  if (stored !== null && body.equals(stored)) return;
  throw new ContractError(`'${key}' already exists with other bytes: two attempts share a name.`, {
    code: 'part_exists',
  });
}

export function createPartWriter(lake: PartStore, origin: PartOrigin): PartWriter {
  const open = new Map<TableName, OpenPart>();
  let finished: Part[] = [];
  let number = 0;

  function partOf(table: TableName): OpenPart {
    const existing = open.get(table);
    if (existing !== undefined) return existing;
    const encoder = origin.compression === 'gzip' ? gzipEncoder() : plainEncoder();
    const buffers = { buffer: createBuffer(), spare: createBuffer(), used: 0 };
    const part: OpenPart = { encoder, ...buffers, encoding: Promise.resolve(), rows: 0 };
    open.set(table, part);
    return part;
  }

  async function close(table: TableName, part: OpenPart): Promise<void> {
    open.delete(table);
    await passOn(part);
    await part.encoding;
    const body = await part.encoder.end();
    number += 1;
    const key = partKey(table, origin.runId, { ...origin, number });
    await putPart(lake, key, body);
    const sha256 = createHash('sha256').update(body).digest('hex');
    finished.push({ table, key, rows: part.rows, bytes: body.length, sha256 });
  }

  return {
    async write(rows) {
      for (const { table, line } of rows) {
        const part = partOf(table);
        part.rows += 1;
        if (append(part, line)) continue;
        await passOn(part);
        if (!append(part, line)) {
          await part.encoding;
          await part.encoder.write(Buffer.from(`${line}\n`));
        }
        if (part.encoder.size() >= origin.partBytes) await close(table, part);
      }
    },
    async flush() {
      for (const [table, part] of [...open]) await close(table, part);
      const parts = finished;
      finished = [];
      return parts;
    },
    discard() {
      open.clear();
      finished = [];
    },
  };
}
