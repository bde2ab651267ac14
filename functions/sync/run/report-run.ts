/** Reports a finished run: metrics per object, and what needs attention. */

import { counted } from '../../core/counted.ts';
import type { ObjectSummary, RunSummary } from '../../core/engine-files.ts';
import { sum } from '../../core/metrics.ts';
import type { Metrics, ObserveProgress } from '../../core/ports.ts';
import { type EpochMs, toSeconds } from '../../core/time.ts';
import { oldDebts } from '../judge.ts';
import { isOlder, STALE_AFTER_MS } from '../up-to.ts';

/** From this many failures in a row, a person should look. */
const REPEATED = 2;

/** How many seconds the object's cursor lies behind; null if it has none. */
const lagOf = ({ cursor }: ObjectSummary, now: EpochMs): number | null =>
  cursor === null ? null : Math.max(0, toSeconds(now) - cursor);

const first = (texts: readonly string[]): string | undefined => texts.toSorted()[0];

function shortNote({ object, completeness }: ObjectSummary): readonly string[] {
  if (completeness?.status !== 'short') return [];
  const { matched, read, debts } = completeness;
  const counts = matched === null ? `${read} read` : `${read} of ${matched} read`;
  return [
    `${object} is not complete yet: ${counts}, ${counted(debts.length, 'debt')}. Debts are planned again in every run.`,
  ];
}

function oldDebtsNote({ object, completeness }: ObjectSummary, now: EpochMs): readonly string[] {
  const since = oldDebts(completeness, now).map((debt) => debt.since);
  return since.length === 0
    ? []
    : [
        `${object} has ${counted(since.length, 'debt')} older than a day, the oldest from ${first(since)}. Every run tries to read them; none has succeeded.`,
      ];
}

/** What users must know after they change the rules. Every run says it until it is no longer true. */
export const MIXED_RULES =
  'still has rows that were written under other field rules, other excluded tables or another hash key. A full refresh writes them again under the current rules.';

const mixedRulesNote = ({ object, mixed_rules }: ObjectSummary): readonly string[] =>
  mixed_rules === true ? [`${object} ${MIXED_RULES}`] : [];

/** A run may be green while an object is skipped again and again. */
const staleNote = ({ object, status, up_to }: ObjectSummary, now: EpochMs): readonly string[] =>
  status === 'skipped' && isOlder(up_to, STALE_AFTER_MS, now)
    ? [
        `${object} ${up_to === null ? 'was never read' : `was last read up to ${up_to}`}, and was skipped again.`,
      ]
    : [];

export const attentionNotes = (objects: readonly ObjectSummary[], now: EpochMs): readonly string[] =>
  objects.flatMap((one) => [
    ...shortNote(one),
    ...oldDebtsNote(one, now),
    ...staleNote(one, now),
    ...mixedRulesNote(one),
  ]);

interface Watchers {
  readonly metrics: Metrics;
  readonly observe: ObserveProgress;
}

/** Emits the metrics of a run, and one line per object. The summary is all it needs. */
export function reportRun({ metrics, observe }: Watchers, run: RunSummary): void {
  const finishedAt = Date.parse(run.finished_at);
  const secondsUntil = (time: string): number => (Date.parse(time) - Date.parse(run.started_at)) / 1000;
  if (run.status === 'succeeded' && run.objects.some(({ status }) => status !== 'skipped')) {
    metrics.record({ RunSeconds: secondsUntil(run.finished_at) });
  }
  for (const summary of run.objects) {
    const { object, status, error, rows, completeness, committed_at, failures = 0 } = summary;
    const old = oldDebts(completeness, finishedAt);
    const lagSeconds = lagOf(summary, finishedAt);
    if (status === 'committed' || status === 'failed') {
      metrics.record(
        {
          ObjectsFailedRepeatedly: failures >= REPEATED ? 1 : 0,
          ...(lagSeconds !== null && { LagSeconds: lagSeconds }),
          ...(status === 'committed' && {
            RowsWritten: sum(Object.values(rows)),
            IncompleteObjects: completeness?.status === 'short' ? 1 : 0,
            OldDebts: old.length,
          }),
        },
        object,
      );
    }
    observe({
      type: 'object_summary',
      runId: run.run_id,
      object,
      status,
      error,
      rows,
      seconds: committed_at === undefined ? null : secondsUntil(committed_at),
      lagSeconds,
      completeness: completeness?.status ?? null,
      matched: completeness?.matched ?? null,
      read: completeness?.read ?? null,
      debts: completeness?.debts.length ?? 0,
      oldDebts: old.length,
      failures,
    });
    const since = first(old.map((debt) => debt.since));
    if (since !== undefined)
      observe({ type: 'old_debts', runId: run.run_id, object, debts: old.length, since });
  }
}
