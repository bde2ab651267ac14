/** What StartRun decided. Everything that runs after it reads this. */

import type { RunContext } from '../core/engine-files.ts';
import { ContractError } from '../core/errors.ts';
import { runContextKey } from '../core/lake-keys.ts';
import type { RunDependencies } from './dependencies.ts';
import { requireStored } from './store.ts';

/** @throws ContractError if code or configuration have changed since the run started */
export async function requireRunContext(
  { lake, configDigest }: Pick<RunDependencies, 'lake' | 'configDigest'>,
  runId: string,
): Promise<RunContext> {
  const run = await requireStored<RunContext>(lake, runContextKey(runId));
  if (run.configDigest === configDigest) return run;
  throw new ContractError(
    `Code or configuration changed while run ${runId} was in progress: you deployed during a run. Nothing of this object was committed. The next run uses what you deployed.`,
    { code: 'deployed_during_run' },
  );
}
