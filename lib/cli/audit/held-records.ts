/**
 * What the lake holds, read from the files that manifests list, in the directory or the bucket. All ids of an object
 * are in memory, about 100 bytes each. A missing file counts as empty, so the audit shows its records as missing.
 */
import type { Manifest } from '../../../functions/core/engine-files.ts';
import type { JsonObject } from '../../../functions/core/json.ts';
import { DELETIONS, OBJECT_NAMES, type ObjectName, type TableName } from '../../../functions/core/names.ts';
import type { Lake } from '../../../functions/core/ports.ts';
import type { EpochSeconds } from '../../../functions/core/time.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import { rowsOf } from '../../../functions/sync/lines.ts';
import { manifestsOf, thatCount } from '../../../functions/sync/manifests.ts';

export type ReadableLake = Pick<Lake, 'get' | 'list'>;

async function* rowsIn(
  lake: ReadableLake,
  manifests: readonly Manifest[],
  table: TableName,
): AsyncGenerator<JsonObject, void, void> {
  for (const { tables } of manifests) {
    for (const { key } of tables[table]?.files ?? []) {
      const bytes = await lake.get(key);
      if (bytes === null) continue;
      for await (const { row } of rowsOf(key, bytes)) yield row;
    }
  }
}

/** The manifests of an object that count, oldest first. */
export const countingManifests = async (
  lake: ReadableLake,
  object: ObjectName,
): Promise<readonly Manifest[]> => thatCount(await manifestsOf(lake, object)).map(({ manifest }) => manifest);

/** When each deleted record of the object was found to be deleted. */
async function deletionsOf(
  lake: ReadableLake,
  object: ObjectName,
): Promise<ReadonlyMap<string, EpochSeconds>> {
  const deleted = new Map<string, EpochSeconds>();
  for (const name of OBJECT_NAMES) {
    if (name !== object && OBJECTS[name].recordsOf !== object) continue;
    for await (const row of rowsIn(lake, await countingManifests(lake, name), DELETIONS)) {
      if (row.object !== object) continue;
      const id = String(row.id);
      deleted.set(id, Math.max(deleted.get(id) ?? 0, Number(row.detected_at)));
    }
  }
  return deleted;
}

/** The time that a version begins with (functions/rows/version.ts). */
const stampOf = (version: unknown): EpochSeconds => Number(String(version).slice(0, 11));

const knowsTags = ({ _unknown: unknown }: JsonObject): boolean => !String(unknown ?? '').includes('"tags"');

export interface HeldRecords {
  /** Time of the newest version of each record that is not known to be deleted. */
  readonly times: ReadonlyMap<string, EpochSeconds>;
  /** Newest version of each record that knows its tags; empty if nobody asked. */
  readonly tagVersions: ReadonlyMap<string, string>;
}

/** The current state of an incremental object. */
export async function heldRecords(
  lake: ReadableLake,
  object: ObjectName,
  manifests: readonly Manifest[],
  withTags: boolean,
): Promise<HeldRecords> {
  const times = new Map<string, EpochSeconds>();
  const tagVersions = new Map<string, string>();
  for await (const row of rowsIn(lake, manifests, object)) {
    const id = String(row.id);
    const version = String(row._version);
    times.set(id, Math.max(times.get(id) ?? 0, stampOf(version)));
    if (withTags && knowsTags(row) && version > (tagVersions.get(id) ?? '')) tagVersions.set(id, version);
  }
  for (const [id, at] of await deletionsOf(lake, object)) {
    if (at < (times.get(id) ?? Number.POSITIVE_INFINITY)) continue;
    times.delete(id);
  }
  return { times, tagVersions };
}

/** Contacts by tag, from the newest version of each contact that knows its tags. */
export async function heldTags(
  lake: ReadableLake,
  manifests: readonly Manifest[],
  { tagVersions }: HeldRecords,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const tags = new Map<string, Set<string>>();
  for await (const row of rowsIn(lake, manifests, 'contact_tag')) {
    const contact = String(row.contact_id);
    if (tagVersions.get(contact) !== row._parent_version) continue;
    const tag = String(row.tag_id);
    const contacts = tags.get(tag) ?? new Set();
    tags.set(tag, contacts.add(contact));
  }
  return tags;
}

/** Records that earlier runs held and the last run does not, and that are not known to be deleted. */
export async function vanishedRecords(
  lake: ReadableLake,
  object: ObjectName,
  manifests: readonly Manifest[],
): Promise<readonly string[]> {
  const ids = new Set<string>();
  for await (const { id } of rowsIn(lake, manifests.slice(0, -1), object)) ids.add(String(id));
  for await (const { id } of rowsIn(lake, manifests.slice(-1), object)) ids.delete(String(id));
  for (const id of (await deletionsOf(lake, object)).keys()) ids.delete(id);
  return [...ids];
}
