/** What tests change from outside in the output directory of a pipeline whose functions run in threads, as on Lambda. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hashWith } from '../../../functions/aws/secrets-hash-source.ts';
import type { ErasureRequest } from '../../../functions/core/erasure.ts';
import { erasureNowKey, erasureRequestKey } from '../../../functions/core/lake-keys.ts';

/** Longer than a superseded run waits for queries. */
const AGE_MS = 3 * 3_600_000;

/** Makes what was committed of the object older: the threads have the machine's clock. */
export async function ageManifests(directory: string, object: string): Promise<void> {
  const folder = join(directory, 'lake', 'manifests', object);
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), 'utf8');
    const manifest = JSON.parse(text) as { readonly committed_at: string };
    const committed_at = new Date(Date.parse(manifest.committed_at) - AGE_MS).toISOString();
    await writeFile(join(folder, name), `${JSON.stringify({ ...manifest, committed_at })}\n`);
  }
}

/** Asks to erase a contact at once, as `person erase --now` does. Returns the id of the erasure. */
export async function askToErase(directory: string, contact: string): Promise<string> {
  const secrets = JSON.parse(await readFile(join(directory, 'state/secrets.json'), 'utf8'));
  const [, { value = '' } = {}] =
    Object.entries<{ value?: string }>(secrets).find(([name]) => name.startsWith('HashKey')) ?? [];
  const id = '20261201T000000000Z-abc123';
  const hashed = hashWith(value)(contact);
  const request: ErasureRequest = {
    format: 1,
    id,
    requested_at: '2026-12-01T00:00:00Z',
    subject: hashed,
    suppress: true,
    ids: [hashed],
    emails: [],
    external_ids: [],
    conversations: [],
  };
  for (const [key, content] of [
    [erasureRequestKey(id), request],
    [erasureNowKey(id), {}],
  ] as const) {
    const path = join(directory, 'lake', key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, JSON.stringify(content));
  }
  return id;
}
