import { appendFile, rename, stat } from 'node:fs/promises';
import { errnoOf } from './disk-trouble.ts';

/** A file of this size replaces the older file, so that years of runs do not fill the disk. */
const MAX_BYTES = 8 * 1024 * 1024;

export interface EventsFile {
  /** Appends one event as a line of JSON. */
  append(event: Readonly<Record<string, unknown>>): Promise<void>;
}

/** The events of the default bus as NDJSON. Lines are written one after the other. */
export function openEventsFile(path: string): EventsFile {
  let last: Promise<void> = Promise.resolve();
  return {
    append(event) {
      const mine = last.then(async () => {
        if ((await sizeOf(path)) >= MAX_BYTES) await rename(path, path.replace(/\.ndjson$/, '.older.ndjson'));
        await appendFile(path, `${JSON.stringify(event)}\n`);
      });
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
}
