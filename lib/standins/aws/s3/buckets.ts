import { join } from 'node:path';
import { makeFolder } from '../durable-files.ts';
import { isKeySegment } from './keys.ts';
import { S3Failure } from './s3-failure.ts';

export interface Buckets {
  /** The folder must be a single name other than `state` and must not belong to another bucket. */
  create(name: string, folder: string): Promise<void>;
  /** The folder of a bucket. @throws S3Failure NoSuchBucket */
  folderOf(name: string): string;
}

/** Maps buckets to folders of the output directory. */
export function createBuckets(directory: string): Buckets {
  const folders = new Map<string, string>();
  return {
    create: async (name, folder) => {
      if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name))
        throw new Error(`${name} is not a valid bucket name.`);
      if (folder.includes('/') || !isKeySegment(folder) || folder === 'state') {
        throw new Error(`${folder} cannot be the folder of a bucket.`);
      }
      const path = join(directory, folder);
      const owner = [...folders].find(([, taken]) => taken === path)?.[0] ?? name;
      if (owner !== name) throw new Error(`The folder ${folder} already belongs to the bucket ${owner}.`);
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
