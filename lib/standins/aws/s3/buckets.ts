import { join } from 'node:path';
import { makeFolder } from '../durable-files.ts';
import { isKeySegment } from './keys.ts';
import { S3Failure } from './s3-failure.ts';

export interface Buckets {
  /** The folder must be one name, not `state`, and belong to no other bucket. */
  create(name: string, folder: string): Promise<void>;
  /** The folder of a bucket. Throws NoSuchBucket. */
  folderOf(name: string): string;
}

/** Which folder of the output directory is which bucket. */
export function createBuckets(directory: string): Buckets {
  const folders = new Map<string, string>();
  return {
    create: async (name, folder) => {
      if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name))
        throw new Error(`${name} is no name for a bucket.`);
      if (folder.includes('/') || !isKeySegment(folder) || folder === 'state') {
        throw new Error(`${folder} is no folder for a bucket.`);
      }
      const path = join(directory, folder);
      const owner = [...folders].find(([, taken]) => taken === path)?.[0] ?? name;
      if (owner !== name) throw new Error(`The folder ${folder} is the bucket ${owner} already.`);
      await makeFolder(path);
      folders.set(name, path);
    },
    folderOf: (name) => {
      const folder = folders.get(name);
      if (folder === undefined) throw new S3Failure('NoSuchBucket', `There is no bucket ${name}.`);
      return folder;
    },
  };
}
