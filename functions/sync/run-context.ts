/** What StartRun decided, read by everything that runs after it. */

import type { RunContext } from '../core/engine-files.ts';
import { ContractError } from '../core/errors.ts';
import { runContextKey } from '../core/lake-keys.ts';
import type { RunDependencies } from './dependencies.ts';
import { requireStored } from './store.ts';

/**
 * The run's context.
 * @throws ContractError where the configuration is not the one the run started with
 */
export async function requireRunContext(
  { lake, configDigest }: Pick<RunDependencies, 'lake' | 'configDigest'>,
  runId: string,
): Promise<RunContext> {
  const run = await requireStored<RunContext>(lake, runContextKey(runId));
  if (run.configDigest === configDigest) return run;
  throw new ContractError(
    `The configuration changed while run ${runId} was at work (deployed during a run). Nothing of this object was committed; the next run uses the new configuration.`,
    { code: 'deployed_during_run' },
  );
}
