import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { crc32 } from 'node:zlib';
import { S3Failure } from './s3-failure.ts';

interface Digest {
  update(bytes: Buffer): void;
  /** Base64, as S3 sends checksums. */
  value(): string;
}

/** The checksums that can be verified, by the header or trailer that carries them. */
const DIGESTS: Readonly<Record<string, () => Digest>> = {
  'x-amz-checksum-crc32': crc32Digest,
  'x-amz-checksum-sha1': () => hashDigest('sha1'),
  'x-amz-checksum-sha256': () => hashDigest('sha256'),
  'content-md5': () => hashDigest('md5'),
};

/** Headers that tell about checksums and carry none. */
const NO_CHECKSUM: ReadonlySet<string> = new Set(['x-amz-checksum-mode', 'x-amz-checksum-type']);

export interface Verification {
  update(bytes: Buffer): void;
  /** Throws BadDigest unless every promised checksum has come and is right. */
  finish(trailers: ReadonlyMap<string, string>): void;
}

/** Verifies all checksums that the headers carry or announce as trailers. One that cannot be verified is refused. */
export function verifyChecksums(headers: IncomingHttpHeaders): Verification {
  const announced = String(headers['x-amz-trailer'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const names = [...Object.keys(headers), ...announced].filter(carriesChecksum);
  const digests = names.map((name) => {
    const digest = DIGESTS[name];
    if (digest === undefined) throw new S3Failure('NotImplemented', `${name} cannot be verified here.`);
    return { name, digest: digest() };
  });
  return {
    update: (bytes) => {
      for (const { digest } of digests) digest.update(bytes);
    },
    finish: (trailers) => {
      for (const { name, digest } of digests) {
        if ((headers[name] ?? trailers.get(name)) !== digest.value()) {
          throw new S3Failure('BadDigest', `The body does not have the ${name} that it was sent with.`);
        }
      }
    },
  };
}

function carriesChecksum(name: string): boolean {
  return name === 'content-md5' || (name.startsWith('x-amz-checksum-') && !NO_CHECKSUM.has(name));
}

function crc32Digest(): Digest {
  let crc = 0;
  return {
    update: (bytes) => {
      crc = crc32(bytes, crc);
    },
    value: () => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc);
      return bytes.toString('base64');
    },
  };
}

function hashDigest(algorithm: string): Digest {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    value: () => hash.digest('base64'),
  };
}
