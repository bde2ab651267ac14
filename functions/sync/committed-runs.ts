/** Which runs' rows the files of a manifest hold. A rewrite's evidence names them. */
import type { Manifest, ReplacedRun } from '../core/engine-files.ts';
import type { Lake } from '../core/ports.ts';
import type { EpochMs } from '../core/time.ts';
import { damagedFile } from './damaged-file.ts';
import { rowsOf } from './lines.ts';

export interface CommittedRun {
  readonly runId: string;
  readonly committedAtMs: EpochMs;
}

const runOf = ({ run_id, committed_at }: Pick<Manifest, 'run_id' | 'committed_at'>): CommittedRun => ({
  runId: run_id,
  committedAtMs: Date.parse(committed_at),
});

/** @throws ContractError if the evidence of a rewrite is missing or damaged */
export async function runsIn(lake: Pick<Lake, 'get'>, manifest: Manifest): Promise<readonly CommittedRun[]> {
  if (manifest.replaces === undefined) return [runOf(manifest)];
  const runs: CommittedRun[] = [];
  for (const { key, rows } of manifest.evidence ?? []) {
    const body = await lake.get(key);
    if (body === null) throw damagedFile(key, 'is missing');
    const lines = await Array.fromAsync(rowsOf(key, body));
    if (lines.length !== rows)
      throw damagedFile(key, `is damaged: it has ${lines.length} lines, not ${rows}`);
    runs.push(...lines.map(({ row }) => runOf(row as unknown as ReplacedRun)));
  }
  return runs;
}
