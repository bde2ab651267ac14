/**
 * The event that tells others that a run has ended (docs/events.md). Names and counts only: no message
 * of an error, which may quote a record, and no value.
 */

import type { Completeness, ObjectSummary, RunMode, RunSummary } from './engine-files.ts';
import type { ObjectName, TableName } from './names.ts';
import type { SchemaDrift } from './schema.ts';

export const EVENT_SOURCE = 'intercom.pipeline';
export const EVENT_DETAIL_TYPE = 'Intercom Sync Completed';

export interface SyncedObject {
  readonly object: ObjectName;
  readonly status: ObjectSummary['status'];
  /** Class of the error of a failed object. */
  readonly error: string | null;
  /** Null where nothing was committed. */
  readonly completeness: Completeness['status'] | null;
  /** What is known to be unread after this run. */
  readonly debts: number;
  /** What this run changed in the schema; null where nothing was committed. */
  readonly schema:
    | (SchemaDrift & { /** Changes that would not fit; the manifest has them. */ readonly omitted: number })
    | null;
}

/** `detail` of the event. */
export interface SyncCompleted {
  readonly format: 1;
  readonly pipeline: string;
  readonly run_id: string;
  readonly status: RunSummary['status'];
  readonly mode: RunMode;
  readonly started_at: string;
  readonly finished_at: string;
  /** The next run has been started, because this one did not come to an end of the work. */
  readonly work_remains: boolean;
  readonly objects: readonly SyncedObject[];
  /** Rows committed by this run. */
  readonly rows: Readonly<Partial<Record<TableName, number>>>;
}

/** EventBridge takes 256 KiB; everything but the drift is a few. */
const MAX_DRIFT_BYTES = 128 * 1024;

const encoder = new TextEncoder();
/** As written in JSON, with its comma. */
const bytesOf = (text: string): number => encoder.encode(JSON.stringify(text)).length + 1;

/** Lets through so many bytes of drift, over all objects. */
function driftWithin(maxBytes: number): (drift: SchemaDrift) => SyncedObject['schema'] {
  let left = maxBytes;
  const fits = (text: string): boolean => {
    const bytes = bytesOf(text);
    if (bytes > left) return false;
    left -= bytes;
    return true;
  };
  return ({ added, changed, dropped }) => {
    const kept = { added: added.filter(fits), changed: changed.filter(fits), dropped: dropped.filter(fits) };
    const count = (drift: SchemaDrift): number =>
      drift.added.length + drift.changed.length + drift.dropped.length;
    return { ...kept, omitted: count({ added, changed, dropped }) - count(kept) };
  };
}

/** The event of a finished run: the same for the same summary. At most 256 KiB as JSON. */
export function syncCompleted(pipeline: string, run: RunSummary): SyncCompleted {
  const drift = driftWithin(MAX_DRIFT_BYTES);
  return {
    format: 1,
    pipeline,
    run_id: run.run_id,
    status: run.status,
    mode: run.mode,
    started_at: run.started_at,
    finished_at: run.finished_at,
    work_remains: run.work_remains,
    objects: run.objects.map(({ object, status, error, completeness, schema }) => ({
      object,
      status,
      error,
      completeness: completeness?.status ?? null,
      debts: completeness?.debts.length ?? 0,
      schema: schema === null ? null : drift(schema),
    })),
    rows: rowsByTable(run.objects),
  };
}

/** Rows per table over objects; `deletions` is written by several. */
function rowsByTable(objects: readonly ObjectSummary[]): SyncCompleted['rows'] {
  const rows: Partial<Record<TableName, number>> = {};
  for (const [name, count] of objects.flatMap((object) => Object.entries(object.rows))) {
    const table = name as TableName;
    rows[table] = (rows[table] ?? 0) + count;
  }
  return rows;
}
