/** Brings the catalog up to date with what an object has committed. */

import type { Manifest, Outcome } from '../core/engine-files.ts';
import { RetryableError } from '../core/errors.ts';
import { manifestPrefix, outcomeKey, runDateOf } from '../core/lake-keys.ts';
import type { Lake, Publication } from '../core/ports.ts';
import type { ObjectDependencies } from './dependencies.ts';
import { lastSchema } from './last-schema.ts';
import { readAttributes } from './read-attributes.ts';
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
  const attributes = await readAttributes(lake, manifest);
  return catalog.publish({ columns: schema?.columns ?? {}, firstDay, attributes });
}

/**
 * Publishes after a commit. If the catalog refuses, the summary of the run says so and nothing fails: the data
 * is committed, and repeating would not help.
 * @throws RetryableError if the catalog cannot be reached. The commit stands; repeating it publishes again.
 */
export async function publishCommitted(dependencies: PublishDependencies, runId: string): Promise<void> {
  const answer = await publish(dependencies, runId);
  if (answer.status === 'published') return;
  const outcome: Outcome = { status: 'committed', message: answer.message };
  await storeOnce<Outcome>(dependencies.lake, outcomeKey(runId, dependencies.declaration.name), outcome);
}

/**
 * Publishes empty tables before the first run of an object reads anything. Trouble with the catalog does not
 * stop the run: the commit publishes again, and reports it.
 */
export async function publishEmpty(dependencies: PublishDependencies, runId: string): Promise<void> {
  try {
    await publish(dependencies, runId);
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
  }
}
