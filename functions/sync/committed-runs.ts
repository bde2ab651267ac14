/** Which runs' rows the files of a manifest hold. A rewrite's evidence names them. */
import type { Manifest, ReplacedRun } from '../core/engine-files.ts';
import { ContractError } from '../core/errors.ts';
import type { Lake } from '../core/ports.ts';
import type { EpochMs } from '../core/time.ts';

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
  for (const { key } of manifest.evidence ?? []) {
    const body = await lake.get(key);
    try {
      const lines = Buffer.from(body ?? 'missing')
        .toString('utf8')
        .trimEnd()
        .split('\n');
      runs.push(...lines.map((line) => runOf(JSON.parse(line) as ReplacedRun)));
    } catch (cause) {
      throw new ContractError(
        `'${key}' in the lake is ${body === null ? 'missing' : 'damaged'}. It says which runs were rewritten. Restore it from a copy or an older version.`,
        { code: 'file_damaged', cause },
      );
    }
  }
  return runs;
}
