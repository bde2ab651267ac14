import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { errnoOf } from './disk-trouble.ts';
import { replaceFile } from './durable-files.ts';
import { OutputDirectoryError } from './errors.ts';

const storedSecret = z.object({
  /** Missing until a first value is set. */
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
  /** Reads from disk each time, so that you can also fill in a value by hand. */
  read(): Promise<StoredSecrets>;
  /** Applies a change to the stored secrets. Changes wait for one another. */
  update(change: (secrets: StoredSecrets) => StoredSecrets): Promise<void>;
  createIfMissing(name: string, value: string): Promise<void>;
}

/** All secrets in one JSON file. Only its owner may read it (0600), and it is always replaced as a whole. */
export function openSecretsFile(path: string): SecretsFile {
  let last: Promise<void> = Promise.resolve();
  const update: SecretsFile['update'] = (change) => {
    const mine = last.then(async () => {
      const before = await readSecrets(path);
      const after = change(before);
      if (after !== before) replaceFile(path, `${JSON.stringify(after, null, 2)}\n`);
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

export function newSecret(value: string | undefined, versionId: string): StoredSecret {
  const now = Date.now() / 1000;
  return { ...(value !== undefined && { value }), versionId, createdAt: now, changedAt: now };
}

/** @throws OutputDirectoryError if the file is damaged: a new one would change every hash */
async function readSecrets(path: string): Promise<StoredSecrets> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return '{}';
    throw error;
  });
  const { data } = storedSecrets.safeParse(jsonIn(text));
  if (data !== undefined) return data;
  const what = `${path} is damaged: it is not valid JSON, or not what was stored there. Repair it or restore it from a copy: it holds the hash key. If no field is hashed and nobody was erased, you may also remove it; it is then created again.`;
  throw new OutputDirectoryError(dirname(dirname(path)), what, undefined);
}

/** Undefined if the text is not JSON. The parser's own message would quote the secret file. */
function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
