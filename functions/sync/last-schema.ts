/** The schema that earlier runs recorded. */

import type { Manifest } from '../core/engine-files.ts';
import { manifestPrefix } from '../core/lake-keys.ts';
import type { RecordedSchema } from '../core/schema.ts';
import type { ObjectDependencies } from './dependencies.ts';
import { readLast } from './store.ts';

/**
 * Takes the schema from the manifest that the state points to, or else from the object's last manifest: a
 * reset forgets only the cursor, and the files of earlier runs are still read.
 */
export async function lastSchema(
  { lake, declaration }: Pick<ObjectDependencies, 'lake' | 'declaration'>,
  manifest: Manifest | null,
): Promise<RecordedSchema | null> {
  const last = manifest ?? (await readLast<Manifest>(lake, manifestPrefix(declaration.name)));
  if (last === null) return null;
  const { version, columns, missing } = last.schema;
  return { version, columns, missing };
}
