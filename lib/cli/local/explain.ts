/** What goes wrong with the output directory, as one sentence. */
import { DirectoryInUseError, OutputDirectoryError } from '../../standins/aws/index.ts';

/** What a disk says when it takes no more; the state of a run can meet it as well as its data. */
const DISK_TROUBLE: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk of the output directory is full: make room',
  EDQUOT: 'the quota of the output directory is used up: make room',
  EROFS: 'the output directory is on a read-only file system: make it writable',
};

/** One sentence for trouble with the disk or the directory; null for anything else. */
export function explainDisk(error: unknown): string | null {
  if (error instanceof DirectoryInUseError || error instanceof OutputDirectoryError) return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const advice = DISK_TROUBLE[code];
  return advice === undefined ? null : `${advice}, and run the same command again; nothing is lost (${code})`;
}
