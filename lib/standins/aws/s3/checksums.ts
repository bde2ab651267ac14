import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';
import { S3Failure } from './s3-failure.ts';

/** The checksum that the SDK sends by default. */
const CRC32 = 'x-amz-checksum-crc32';

/** Headers about checksums that hold none. */
const NO_CHECKSUM: ReadonlySet<string> = new Set(['x-amz-checksum-mode', 'x-amz-checksum-type']);

export interface Verification {
  update(bytes: Buffer): void;
  /** @throws S3Failure BadDigest if the body does not have the checksum that it was sent with */
  finish(): void;
}

/**
 * Verifies the CRC32 that the headers carry.
 * @throws S3Failure NotImplemented for any other checksum, and for one that follows the body
 */
export function verifyChecksums(headers: IncomingHttpHeaders): Verification {
  const other = Object.keys(headers).find((name) => name !== CRC32 && carriesChecksum(name));
  if (other !== undefined) throw new S3Failure('NotImplemented', `${other} cannot be verified here.`);
  const expected = headers[CRC32];
  let crc = 0;
  return {
    update: (bytes) => {
      if (expected !== undefined) crc = crc32(bytes, crc);
    },
    finish: () => {
      if (expected === undefined) return;
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc);
      if (bytes.toString('base64') === expected) return;
      throw new S3Failure('BadDigest', `The body does not have the ${CRC32} that it was sent with.`);
    },
  };
}

function carriesChecksum(name: string): boolean {
  if (name === 'content-md5' || name === 'x-amz-trailer') return true;
  return name.startsWith('x-amz-checksum-') && !NO_CHECKSUM.has(name);
}
