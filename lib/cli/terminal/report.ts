/** What the commands tell a person at the end: the summary of runs, and the status of the pipeline. Pure. */

import type { Completeness, ObjectSummary, RunSummary } from '../../../functions/core/engine-files.ts';
import { sum } from '../../../functions/core/metrics.ts';
import type { ObjectName, TableName } from '../../../functions/core/names.ts';
import { goneColumns, type SchemaDrift } from '../../../functions/core/schema.ts';
import { MIXED_RULES } from '../../../functions/sync/run/report-run.ts';
import type { ObjectStatus, PipelineStatus } from '../../../functions/sync/status.ts';
import { byteSize, count, tableText, utc } from './table-text.ts';

/** `2,000 of 2,000 read: complete` */
function proof(completeness: Completeness | null): string {
  if (completeness === null) return '';
  const { status, matched, read, debts, over_cap, large_rows } = completeness;
  const counts = matched === null ? `${count(read)} read` : `${count(read)} of ${count(matched)} read`;
  const owed = debts.length === 0 ? '' : `, ${debts.length} debt(s)`;
  const capped = over_cap.length === 0 ? '' : `, ${over_cap.length} over 500 parts`;
  const large = large_rows === undefined ? '' : `, ${large_rows.length} row(s) over 30 MB`;
  return `${status}: ${counts}${owed}${capped}${large}`;
}

function objectRows(object: ObjectSummary): readonly (readonly string[])[] {
  const own = object.rows[object.object];
  const head = [
    object.object,
    object.status,
    own === undefined ? '' : count(own),
    object.status === 'committed' ? count(object.files) : '',
    object.status === 'committed' ? byteSize(object.bytes) : '',
    proof(object.completeness),
  ];
  const children = (Object.entries(object.rows) as [TableName, number][])
    .filter(([table]) => table !== object.object)
    .map(([table, rows]) => [`  ${table}`, '', count(rows), '', '', '']);
  return [head, ...children];
}

/** `tags: new column tags.shade: string` */
function driftLines(object: ObjectName, { added, changed, dropped }: SchemaDrift): readonly string[] {
  const line = (what: string, items: readonly string[]) =>
    items.length === 0 ? [] : [`${object}: ${what} ${items.join(', ')}`];
  return [...line('new column', added), ...line('new type', changed), ...line('left out', dropped)];
}

/** What is known of a schema beyond the documented one, whichever run brought it, and of the rules it is under. */
function schemaLines({ object, committed }: ObjectStatus): readonly string[] {
  if (committed === null) return [];
  const { version } = committed.schema;
  const gone = goneColumns(committed.schema);
  return [
    ...(version > 1 ? [`${object}: schema version ${version}`] : []),
    ...(gone.length > 0 ? [`${object}: no longer sent ${gone.join(', ')}`] : []),
    ...driftLines(object, committed.schema),
    ...(committed.rules?.mixed === true ? [`${object} ${MIXED_RULES}`] : []),
  ];
}

/** `succeeded, 14 of 16 objects skipped`: a run that left objects to another one says so where it says how it went. */
function howItWent({ status, objects }: RunSummary): string {
  const skipped = objects.filter((object) => object.status === 'skipped').length;
  return skipped === 0 ? status : `${status}, ${skipped} of ${objects.length} objects skipped`;
}

/** Table of one run: rows, files and proof per object, then what needs attention. */
export function summaryText(run: RunSummary): string {
  const header = ['table', 'status', 'rows', 'files', 'bytes', 'completeness'];
  const table = tableText([header, ...run.objects.flatMap(objectRows)]);
  const rows = sum(run.objects.flatMap((object) => Object.values(object.rows)));
  const files = sum(run.objects.map((object) => object.files));
  const bytes = sum(run.objects.map((object) => object.bytes));
  const seconds = (Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000;
  const troubles = run.objects
    .filter((object) => object.message !== null)
    .map(({ object, status, message }) => `${object} ${status}: ${message}`);
  const total = `${count(rows)} rows in ${count(files)} files, ${byteSize(bytes)}, in ${seconds.toFixed(1)} s`;
  return [
    table,
    '',
    `run ${run.run_id} (${run.mode}) ${howItWent(run)}: ${total}`,
    ...run.notes,
    ...run.objects.flatMap(({ object, schema }) => (schema === null ? [] : driftLines(object, schema))),
    ...troubles,
  ].join('\n');
}

function statusRow({ object, last_outcome, committed, old_debts }: ObjectStatus): readonly string[] {
  if (committed === null) return [object, last_outcome?.status ?? 'never run', '', '', '', ''];
  const { cursor, completeness, tables, committed_at } = committed;
  const debts = completeness.debts.length;
  const debtText = debts === 0 ? '' : `${debts}${old_debts > 0 ? `, ${old_debts} older than a day` : ''}`;
  return [
    object,
    last_outcome?.status ?? 'not lately',
    count(tables[object]?.rows ?? 0),
    cursor?.after == null ? committed_at.slice(0, 19).replace('T', ' ').concat('Z') : utc(cursor.after),
    proof(completeness),
    debtText,
  ];
}

export function statusText(status: PipelineStatus): string {
  const { last_run: run } = status;
  if (run === null) return 'No run has finished here yet.';
  const header = ['object', 'last run', 'rows', 'up to', 'completeness of the last commit', 'debts'];
  const table = tableText([header, ...status.objects.map(statusRow)]);
  const troubles = status.objects.flatMap(({ object, last_outcome: outcome }) => {
    if (outcome === null || outcome.message === null) return [];
    const which = outcome.run_id === run.run_id ? '' : ` in run ${outcome.run_id}`;
    return [`${object} ${outcome.status}${which}: ${outcome.message}`];
  });
  return [
    `last run ${run.run_id} (${run.mode}) ${howItWent(run)}, finished ${run.finished_at}`,
    '',
    table,
    ...status.objects.flatMap(schemaLines),
    ...troubles,
  ].join('\n');
}
