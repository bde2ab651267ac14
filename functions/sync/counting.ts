/** Which manifests count (docs/output.md). Pure. */
import type { EpochMs } from '../core/time.ts';

/** What is known of a manifest without its files. */
export interface KnownManifest {
  readonly runId: string;
  /** Empty for a run. */
  readonly replaces: readonly string[];
  readonly committedAtMs: EpochMs;
}

/** The readers' rule: a manifest counts unless another one replaces it. */
export function counting<M extends Pick<KnownManifest, 'runId' | 'replaces'>>(
  manifests: readonly M[],
): readonly M[] {
  const replaced = new Set(manifests.flatMap(({ replaces }) => replaces));
  return manifests.filter(({ runId }) => !replaced.has(runId));
}
