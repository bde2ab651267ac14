/** Brings the catalog up to date with what is committed of an object. */

import type { Manifest, Outcome } from '../core/engine-files.ts';
import { RetryableError } from '../core/errors.ts';
import { manifestPrefix, outcomeKey, runDateOf } from '../core/lake-keys.ts';
import type { Lake, Publication } from '../core/ports.ts';
import type { ObjectDependencies } from './dependencies.ts';
import { lastSchema } from './last-schema.ts';
import { readStored, storeOnce } from './store.ts';

type PublishDependencies = Pick<ObjectDependencies, 'catalog' | 'lake' | 'state' | 'declaration'>;

async function firstKey(lake: Lake, prefix: string): Promise<string | null> {
  for await (const key of lake.list(prefix)) return key;
  return null;
}

async function publish(
  { catalog, lake, state, declaration }: PublishDependencies,
  runId: string,
): Promise<Publication> {
  const { committed } = await state.load(declaration.name);
  const manifest = committed && (await readStored<Manifest>(lake, committed.manifestKey));
  const schema = await lastSchema({ lake, declaration }, manifest);
  const prefix = manifestPrefix(declaration.name);
  const first = await firstKey(lake, prefix);
  const firstDay = runDateOf(first?.slice(prefix.length) ?? runId);
  return catalog.publish({ columns: schema?.columns ?? {}, firstDay });
}

/**
 * After a commit. A refusal is written down for the summary of the run and fails nothing: the data is
 * committed, and no repetition would help.
 * @throws RetryableError where the catalog cannot be reached; the commit stands, and a repeated one comes here
 */
export async function publishCommitted(dependencies: PublishDependencies, runId: string): Promise<void> {
  const answer = await publish(dependencies, runId);
  if (answer.status === 'published') return;
  const outcome: Outcome = { status: 'committed', message: answer.message };
  await storeOnce<Outcome>(dependencies.lake, outcomeKey(runId, dependencies.declaration.name), outcome);
}

/**
 * Before the first run of an object reads anything: its tables exist then, and are empty. Whatever is wrong
 * with the catalog keeps no data from being read; the commit comes here again, and tells.
 */
export async function publishEmpty(dependencies: PublishDependencies, runId: string): Promise<void> {
  try {
    await publish(dependencies, runId);
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
  }
}
