/**
 * The event that reports the end of a run to others (docs/events.md). It has only names and counts: no values,
 * and no error messages, which may quote a record.
 */

import type { Completeness, ObjectSummary, RunMode, RunSummary } from './engine-files.ts';
import type { ObjectName, TableName } from './names.ts';
import type { SchemaDrift } from './schema.ts';

export const EVENT_SOURCE = 'intercom.pipeline';
export const EVENT_DETAIL_TYPE = 'Intercom Sync Completed';

export interface SyncedObject {
  readonly object: ObjectName;
  readonly status: ObjectSummary['status'];
  /** Class of the error, if the object failed. */
  readonly error: string | null;
  /** Null if nothing was committed. */
  readonly completeness: Completeness['status'] | null;
  /** The lake has what Intercom showed of the object up to here, or owes it; null if nothing was ever committed. */
  readonly up_to: string | null;
  /** Number of debts after this run. */
  readonly debts: number;
  /** What this run changed in the schema; null if nothing was committed. */
  readonly schema:
    | (SchemaDrift & { /** Changes that did not fit; the manifest has them. */ readonly omitted: number })
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
  /** The next run has started, because this one did not finish all the work. */
  readonly work_remains: boolean;
  readonly objects: readonly SyncedObject[];
  /** Rows committed by this run. */
  readonly rows: Readonly<Partial<Record<TableName, number>>>;
}

/** EventBridge accepts 256 KiB. Everything except the drift needs only a few. */
const MAX_DRIFT_BYTES = 128 * 1024;

const encoder = new TextEncoder();
/** Size in JSON, including the comma. */
const bytesOf = (text: string): number => encoder.encode(JSON.stringify(text)).length + 1;

/** Lets through up to `maxBytes` of drift, over all objects. */
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

/** The event of a finished run; the same summary always gives the same event. At most 256 KiB as JSON. */
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
    objects: run.objects.map(({ object, status, error, completeness, up_to, schema }) => ({
      object,
      status,
      error,
      completeness: completeness?.status ?? null,
      up_to,
      debts: completeness?.debts.length ?? 0,
      schema: schema === null ? null : drift(schema),
    })),
    rows: rowsByTable(run.objects),
  };
}

/** Rows per table over all objects; several objects write `deletions`. */
function rowsByTable(objects: readonly ObjectSummary[]): SyncCompleted['rows'] {
  const rows: Partial<Record<TableName, number>> = {};
  for (const [name, count] of objects.flatMap((object) => Object.entries(object.rows))) {
    const table = name as TableName;
    rows[table] = (rows[table] ?? 0) + count;
  }
  return rows;
}
