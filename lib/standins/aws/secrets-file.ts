import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { errnoOf } from './disk-trouble.ts';
import { replaceFile } from './durable-files.ts';
import { OutputDirectoryError } from './errors.ts';

const storedSecret = z.object({
  /** Missing until a first value is put. */
  value: z.string().exactOptional(),
  versionId: z.string(),
  /** Epoch seconds. */
  createdAt: z.number(),
  changedAt: z.number(),
});
const storedSecrets = z.record(z.string(), storedSecret);

export type StoredSecret = Readonly<z.infer<typeof storedSecret>>;
export type StoredSecrets = Readonly<Record<string, StoredSecret>>;

export interface SecretsFile {
  /** Read from disk each time, so that a value may also be filled in by hand. */
  read(): Promise<StoredSecrets>;
  /** Applies a change to what is stored; changes wait for one another. */
  update(change: (secrets: StoredSecrets) => StoredSecrets): Promise<void>;
  createIfMissing(name: string, value: string): Promise<void>;
}

/** All secrets in one JSON file that only its owner may read (0600) and that is replaced as a whole. */
export function openSecretsFile(path: string): SecretsFile {
  let last: Promise<void> = Promise.resolve();
  const update: SecretsFile['update'] = (change) => {
    const mine = last.then(async () => {
      const before = await readSecrets(path);
      const after = change(before);
      if (after !== before) await replaceFile(path, `${JSON.stringify(after, null, 2)}\n`);
    });
    last = mine.catch(() => undefined);
    return mine;
  };
  return {
    read: () => readSecrets(path),
    update,
    createIfMissing: (name, value) =>
      update((secrets) =>
        Object.hasOwn(secrets, name) ? secrets : { ...secrets, [name]: newSecret(value, randomUUID()) },
      ),
  };
}

/** A secret as it is first stored. */
export function newSecret(value: string | undefined, versionId: string): StoredSecret {
  const now = Date.now() / 1000;
  return { ...(value !== undefined && { value }), versionId, createdAt: now, changedAt: now };
}

/** @throws OutputDirectoryError where the file is damaged: making it anew would change every hash */
async function readSecrets(path: string): Promise<StoredSecrets> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return '{}';
    throw error;
  });
  const { data } = storedSecrets.safeParse(jsonIn(text));
  if (data !== undefined) return data;
  const what = `${path} is not valid JSON any more, or not what was stored there. Repair it or restore it from a copy. It holds the key of the hashes: only where no field is hashed may it be removed instead, and is made anew.`;
  throw new OutputDirectoryError(dirname(dirname(path)), what, undefined);
}

/** Undefined where it is none; the parser's own message would quote the file, which is secret. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
