/** The lake as a map. */
import type { Lake } from '../../../functions/core/ports.ts';

export interface MemoryLake extends Lake {
  readonly files: Map<string, Uint8Array>;
  keys(prefix?: string): readonly string[];
  /** The file as JSON. */
  json<T>(key: string): T;
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export function createMemoryLake(): MemoryLake {
  const files = new Map<string, Uint8Array>();
  const storedAt = new Map<string, number>();
  const keys = (prefix = ''): readonly string[] =>
    [...files.keys()].filter((key) => key.startsWith(prefix)).sort(byBytes);
  return {
    files,
    keys,
    json<T>(key: string) {
      const body = files.get(key);
      if (body === undefined) throw new Error(`no ${key}`);
      return JSON.parse(Buffer.from(body).toString('utf8')) as T;
    },
    async putNew(key, body) {
      if (files.has(key)) return 'exists';
      files.set(key, Uint8Array.from(body));
      storedAt.set(key, Date.now());
      return 'written';
    },
    async get(key) {
      return files.get(key) ?? null;
    },
    async *list(prefix) {
      yield* keys(prefix);
    },
    async *sizes(prefix) {
      for (const key of keys(prefix)) {
        yield { key, bytes: files.get(key)?.length ?? 0, storedAtMs: storedAt.get(key) ?? 0 };
      }
    },
    async delete(names) {
      for (const name of names) files.delete(name);
    },
  };
}
