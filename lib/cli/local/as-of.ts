/** The state of the lake at an earlier time: the runs that were committed by then. */
import { parseInstant } from '../../../functions/config/instant.ts';
import { InputError } from '../../../functions/core/errors.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import type { Lake } from '../../../functions/core/ports.ts';
import type { EpochMs } from '../../../functions/core/time.ts';
import { type CommittedRun, runsIn } from '../../../functions/sync/committed-runs.ts';
import { readManifests, thatCount } from '../../../functions/sync/manifests.ts';

/** A time, or a run and all runs before it. */
export type AsOf = { readonly atMs: EpochMs } | { readonly runId: string };

const RUN_ID = /^\d{8}T\d{9}Z-[0-9a-f]{6}$/;

/**
 * @param option the option's name, for the message
 * @throws InputError if it is neither the id of a run nor a time with its zone
 */
export function parseAsOf(text: string, option: string): AsOf {
  if (RUN_ID.test(text)) return { runId: text };
  const parsed = parseInstant(text);
  if ('problem' in parsed) {
    throw new InputError(`${option}: ${parsed.problem}. You can also give the id of a run.`, {
      code: 'bad_time',
    });
  }
  return { atMs: Date.parse(text) };
}

/** What is visible of an object as of a time. */
export interface Visible {
  /** Keys of the manifests that count today and whose files hold the rows. */
  readonly manifests: readonly string[];
  readonly runs: readonly string[];
  /** Set if versions from that time have since been dropped: states are whole from this time on. */
  readonly wholeFrom: string | null;
}

/** @throws ContractError if a manifest or the evidence of a rewrite cannot be read */
export async function visibleAsOf(
  lake: Pick<Lake, 'get'>,
  keys: readonly string[],
  asOf: AsOf,
): Promise<Visible> {
  const isVisible = ({ runId, committedAtMs }: CommittedRun): boolean =>
    'atMs' in asOf ? committedAtMs <= asOf.atMs : runId <= asOf.runId;
  const manifests: string[] = [];
  const runs: CommittedRun[] = [];
  const dropped: string[] = [];
  for (const { key, manifest } of thatCount(await readManifests(lake, keys))) {
    const visible = (await runsIn(lake, manifest)).filter(isVisible);
    if (visible.length === 0) continue;
    manifests.push(key);
    runs.push(...visible);
    if (manifest.dropped !== undefined) dropped.push(manifest.dropped.before);
  }
  const atMs = 'atMs' in asOf ? asOf.atMs : Math.max(...runs.map(({ committedAtMs }) => committedAtMs));
  const wholeFrom = dropped.toSorted().at(-1) ?? null;
  return {
    manifests,
    runs: runs.map(({ runId }) => runId),
    wholeFrom: wholeFrom !== null && atMs < Date.parse(wholeFrom) ? wholeFrom : null,
  };
}

/** A visible run of one object: several objects may share a run id. */
export interface VisibleRun {
  readonly object: ObjectName;
  readonly runId: string;
}
