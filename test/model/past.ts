/**
 * What the lake said after each run, and what each run proved. It says so for ever, whatever is rewritten, except what
 * was to be removed.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Manifest, ReplacedRun } from '../../functions/core/engine-files.ts';
import { isRewrite } from '../../functions/core/lake-keys.ts';
import { DAY_SECONDS } from '../../functions/core/time.ts';
import { OBJECTS } from '../../functions/objects/index.ts';
import { replacedRun } from '../../functions/sync/rewrite/compact.ts';
import { type Visible, visibleAsOf } from '../../lib/cli/local/as-of.ts';
import type { MemoryLake } from '../support/memory/memory-lake.ts';
import { countingManifestsOf, manifestsOf } from '../support/rows-of.ts';
import type { Modelled } from './intercom.ts';
import type { Family, People } from './people.ts';

type Families = ReadonlyMap<string, Family>;

export interface Past {
  /** The state after a run. */
  remember(runId: string, families: Families): void;
  /** Checks that nothing is missing that a manifest lists, even one that no longer counts. @returns problems */
  missingFiles(): readonly string[];
  /** Compares what was remembered with what the lake says today. @returns problems */
  problems(familiesAsOf: (visible: Visible) => Families, nowMs: number): Promise<readonly string[]>;
}

/** Facts of a run that an erasure leaves as they are. */
const withoutPeople = ({ run_id, started_at, committed_at, cursor, completeness }: ReplacedRun) => ({
  run_id,
  started_at,
  committed_at,
  cursor,
  completeness: {
    status: completeness.status,
    read: completeness.read,
    written: completeness.written,
  },
});

/** @param versionDays how long superseded versions are kept; null: for ever */
export function createPast(
  object: Modelled,
  {
    lake,
    people,
    versionDays,
  }: { readonly lake: MemoryLake; readonly people: People; readonly versionDays: number | null },
): Past {
  const isIncremental = OBJECTS[object].sync.kind === 'incremental';
  const states = new Map<string, Families>();
  const proofs = new Map<string, ReplacedRun>();

  const evidenceOf = (manifest: Manifest): readonly ReplacedRun[] =>
    manifest.replaces === undefined
      ? [replacedRun(manifest)]
      : (manifest.evidence ?? []).flatMap(({ key }) =>
          Buffer.from(lake.files.get(key) ?? [])
            .toString('utf8')
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as ReplacedRun),
        );

  /** Of an object that is read whole, old runs go. */
  const isKept = (runId: string, evidence: ReadonlyMap<string, readonly ReplacedRun[]>): boolean =>
    isIncremental || evidence.has(runId);

  function evidenceProblems(): readonly string[] {
    const evidence = Map.groupBy(
      countingManifestsOf(lake, object).flatMap(evidenceOf),
      ({ run_id }) => run_id,
    );
    return [...proofs].flatMap(([runId, proof]) => {
      if (!isKept(runId, evidence)) return [];
      const found = evidence.get(runId) ?? [];
      const [one] = found;
      if (one === undefined || found.length > 1) return [`${found.length} proofs of ${runId}`];
      const isSame = people.isAsked()
        ? isDeepStrictEqual(withoutPeople(one), withoutPeople(proof))
        : isDeepStrictEqual(one, proof);
      return isSame
        ? []
        : [`the proof of ${runId} is ${JSON.stringify(one)} instead of ${JSON.stringify(proof)}`];
    });
  }

  function stateProblems(runId: string, then: Families, now: Families): readonly string[] {
    const problems: string[] = [];
    for (const [id, family] of then) {
      if (people.isPending(id, family)) continue;
      const wanted = people.without(id, family);
      const found = now.get(id) ?? null;
      if (found !== wanted) problems.push(`as of ${runId}, ${id} is ${found} instead of ${wanted}`);
    }
    for (const id of now.keys()) if (!then.has(id)) problems.push(`as of ${runId}, there is ${id}`);
    return problems;
  }

  return {
    remember(runId, families) {
      states.set(runId, families);
      for (const manifest of manifestsOf(lake, object)) {
        const { run_id } = manifest;
        if (!isRewrite(run_id) && !proofs.has(run_id)) {
          // As it is once it was written.
          proofs.set(run_id, JSON.parse(JSON.stringify(replacedRun(manifest))));
        }
      }
    },
    missingFiles: () =>
      manifestsOf(lake, object).flatMap(({ run_id, tables, evidence = [] }) =>
        [...Object.values(tables).flatMap(({ files }) => files), ...evidence].flatMap(({ key }) =>
          lake.files.has(key) ? [] : [`${run_id} lists ${key}, which is missing`],
        ),
      ),
    async problems(familiesAsOf, nowMs) {
      const problems = [...evidenceProblems()];
      const keys = lake.keys(`manifests/${object}/`);
      const counted = countingManifestsOf(lake, object);
      for (const [runId, then] of states) {
        const visible = await visibleAsOf(lake, keys, { runId });
        const isGone = !isIncremental && !counted.some(({ run_id }) => run_id.startsWith(runId));
        if (isGone) continue;
        const { wholeFrom } = visible;
        if (wholeFrom === null) problems.push(...stateProblems(runId, then, familiesAsOf(visible)));
        else if (versionDays === null || Date.parse(wholeFrom) > nowMs - versionDays * DAY_SECONDS * 1_000)
          problems.push(`states before ${wholeFrom} are not whole`);
      }
      return problems;
    },
  };
}
