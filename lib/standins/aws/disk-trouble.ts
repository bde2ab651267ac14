/** A disk error that the user can fix. */
export interface DiskTrouble {
  readonly kind: 'full' | 'denied';
  /** Says what is wrong, where, and what to do. */
  readonly message: string;
}

const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full',
  EDQUOT: 'The disk quota is used up',
};

const DENIED: Readonly<Record<string, string>> = {
  EROFS: 'The file system is read-only',
  EACCES: 'Writing is not allowed',
  EPERM: 'Writing is not permitted',
};

/** LevelDB reports the operating system's message without its error code. */
const CODE_OF_WORDS: readonly (readonly [RegExp, string])[] = [
  [/no space left on device/i, 'ENOSPC'],
  [/quota exceeded/i, 'EDQUOT'],
  [/read-only file system/i, 'EROFS'],
  [/permission denied/i, 'EACCES'],
  [/operation not permitted/i, 'EPERM'],
];

/** The trouble behind a file system or LevelDB error, or undefined if the error is something else. */
export function diskTrouble(error: unknown, folder: string): DiskTrouble | undefined {
  const code = codeOf(error) ?? '';
  const full = FULL[code];
  if (full !== undefined) {
    return {
      kind: 'full',
      message: `${full}: ${folder}. Free some space or choose another output directory, then start again; what is stored is kept.`,
    };
  }
  const denied = DENIED[code];
  if (denied !== undefined) {
    return {
      kind: 'denied',
      message: `${denied}: ${folder} (${code}). Make the folder writable or choose another output directory.`,
    };
  }
  return undefined;
}

/** The `code` of a file system error, e.g. `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function codeOf(error: unknown): string | undefined {
  const errno = errnoOf(error);
  if (errno !== undefined && (errno in FULL || errno in DENIED)) return errno;
  const message = error instanceof Error ? error.message : String(error);
  const words = CODE_OF_WORDS.find(([pattern]) => pattern.test(message));
  if (words !== undefined) return words[1];
  return error instanceof Error && error.cause !== undefined ? codeOf(error.cause) : undefined;
}
