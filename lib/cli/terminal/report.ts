/** What commands report at the end: the summary of a run, and the status of a pipeline. Pure. */

import { counted } from '../../../functions/core/counted.ts';
import type { Completeness, ObjectSummary, RunSummary } from '../../../functions/core/engine-files.ts';
import { sum } from '../../../functions/core/metrics.ts';
import type { ObjectName, TableName } from '../../../functions/core/names.ts';
import { goneColumns, type SchemaDrift } from '../../../functions/core/schema.ts';
import { MIXED_RULES } from '../../../functions/sync/run/report-run.ts';
import type { ObjectStatus, PipelineStatus } from '../../../functions/sync/status.ts';
import { byteSize, count, shortTime, tableText } from './table-text.ts';

/** `✓ complete`, `short (2 debts, 1 older than a day)` */
function verdict(
  { status, matched, debts, parts, over_cap, large_rows = [], observed = {} }: Completeness,
  oldDebts = 0,
  knownDifferences = 0,
): string {
  const notes = Object.entries(observed).map(([what, how]) => `${what}: ${how}`);
  const details = [
    // If there is a note, it says why: Intercom may well have given a count.
    ...(status === 'unproven' && matched === null && notes.length === 0 ? ['Intercom gives no count'] : []),
    ...(parts === null ? [] : ['read by conversation']),
    ...(debts.length === 0 ? [] : [counted(debts.length, 'debt')]),
    ...(oldDebts === 0 ? [] : [`${oldDebts} older than a day`]),
    ...(knownDifferences === 0 ? [] : [`${knownDifferences} counted by Intercom but never listed`]),
    ...(over_cap.length === 0 ? [] : [`${count(over_cap.length)} over 500 parts`]),
    ...notes,
    ...(large_rows.length === 0 ? [] : [`${counted(large_rows.length, 'row')} over 30 MB`]),
  ];
  const mark = status === 'complete' ? '✓ ' : '';
  return `${mark}${status}${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
}

/** Records read, and records that Intercom counted; a dash if it gives no count. */
const proof = ({ read, matched }: Completeness): readonly [string, string] => [
  count(read),
  matched === null ? '–' : count(matched),
];

function objectRows({ object, status, rows, completeness }: ObjectSummary): readonly (readonly string[])[] {
  const own = rows[object];
  const isCommitted = status === 'committed' && completeness !== null;
  const head = [
    object,
    own === undefined ? '' : count(own),
    ...(isCommitted ? proof(completeness) : ['', '']),
    isCommitted ? verdict(completeness) : status,
  ];
  const children = (Object.entries(rows) as [TableName, number][])
    .filter(([table]) => table !== object)
    .map(([table, number]) => [`  ${table}`, count(number), '', '', '']);
  return [head, ...children];
}

/** `24 of 25 objects are complete: everything that Intercom counted was read.` */
function completeText(objects: readonly ObjectSummary[]): string {
  const complete = objects.filter(({ completeness }) => completeness?.status === 'complete').length;
  const share = `${complete} of ${counted(objects.length, 'object')}`;
  const meaning = complete === 0 ? '' : ': everything that Intercom counted was read';
  return `${share} ${objects.length === 1 ? 'is' : 'are'} complete${meaning}.`;
}

/** `tags: new column tags.shade: string` */
export function driftLines(object: ObjectName, { added, changed, dropped }: SchemaDrift): readonly string[] {
  const line = (what: string, items: readonly string[]) =>
    items.length === 0 ? [] : [`${object}: ${what} ${items.join(', ')}`];
  return [...line('new column', added), ...line('new type', changed), ...line('left out', dropped)];
}

/** What differs from the documented schema, whichever run brought it, and whether rows follow older field rules. */
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

/** `succeeded, 14 of 25 objects skipped` */
function howItWent({ status, objects }: RunSummary): string {
  if (status === 'not_connected') return 'read nothing: the pipeline was not connected yet';
  const skipped = objects.filter((object) => object.status === 'skipped').length;
  return skipped === 0 ? status : `${status}, ${skipped} of ${counted(objects.length, 'object')} skipped`;
}

/** One run: a table with rows and proof of each object, then what needs attention. */
export function summaryText(run: RunSummary): string {
  if (run.status === 'not_connected') return [`run ${run.run_id} ${howItWent(run)}`, ...run.notes].join('\n');
  const header = ['object', 'rows', 'read', 'counted', 'status'];
  const rows = sum(run.objects.flatMap((object) => Object.values(object.rows)));
  const files = sum(run.objects.map((object) => object.files));
  const bytes = sum(run.objects.map((object) => object.bytes));
  const seconds = (Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000;
  const total = `${counted(rows, 'row')} in ${counted(files, 'file')}, ${byteSize(bytes)}, in ${seconds.toFixed(1)} s`;
  const troubles = run.objects
    .filter(({ message, still }) => message !== null && still !== true)
    .map(({ object, status, message }) => `${object} ${status}: ${message}`);
  return [
    tableText([header, ...run.objects.flatMap(objectRows)]),
    '',
    completeText(run.objects),
    `run ${run.run_id} (${run.mode}) ${howItWent(run)}: ${total}`,
    ...run.notes,
    ...run.objects.flatMap(({ object, schema }) => (schema === null ? [] : driftLines(object, schema))),
    ...troubles,
  ].join('\n');
}

function statusRow(status: ObjectStatus): readonly string[] {
  const { object, last_outcome, committed, old_debts, known_differences } = status;
  if (committed === null) return [object, last_outcome?.status ?? '', '', '', '', '', '', ''];
  const { completeness, tables, requests } = committed;
  return [
    object,
    last_outcome?.status ?? 'not recently',
    status.up_to === null ? '' : shortTime(status.up_to),
    count(tables[object]?.rows ?? 0),
    ...proof(completeness),
    requests === undefined ? '' : count(requests.sent),
    verdict(completeness, old_debts, known_differences),
  ];
}

/** True if any known run has included it. */
const hasRun = ({ last_outcome, committed }: ObjectStatus): boolean =>
  last_outcome !== null || committed !== null;

export function statusText(status: PipelineStatus): string {
  const { last_run: run } = status;
  if (run === null) return 'No run has finished here yet.';
  const header = ['object', 'last run', 'up to', 'rows', 'read', 'counted', 'requests', 'last commit'];
  const troubles = status.objects.flatMap(({ object, last_outcome: outcome }) => {
    if (outcome === null || outcome.message === null) return [];
    const which = outcome.run_id === run.run_id ? '' : ` in run ${outcome.run_id}`;
    return [`${object} ${outcome.status}${which}: ${outcome.message}`];
  });
  return [
    `last run ${run.run_id} (${run.mode}) ${howItWent(run)}, finished ${run.finished_at}`,
    '',
    tableText([header, ...status.objects.filter(hasRun).map(statusRow)]),
    ...status.objects.flatMap(schemaLines),
    ...troubles,
  ].join('\n');
}
