/** If `concurrency` is set, work that sends requests to Intercom holds a share of it meanwhile. */
import type { ObjectName } from '../core/names.ts';
import type { ObserveProgress, WorkShare } from '../core/ports.ts';

export type Capped<T> =
  | { readonly status: 'worked'; readonly result: T }
  | { readonly status: 'wait'; readonly waitSeconds: number };

/**
 * Does the work, or says after how many seconds to ask again: no invocation waits for long in billed time.
 * @param goesOn true if the object's next invocation must be able to send requests at once
 */
export type UnderCap = <T>(
  runId: string,
  work: () => Promise<T>,
  goesOn?: (result: T) => boolean,
) => Promise<Capped<T>>;

/** Without `concurrency`, only the rate budget limits the work. */
export const UNCAPPED: UnderCap = async (_runId, work) => ({ status: 'worked', result: await work() });

export interface UnderCapOptions {
  readonly share: WorkShare;
  /** Cuts off what the work left running, such as a page fetched ahead. */
  readonly quiet: () => void;
  readonly observe: ObserveProgress;
  /** The object named in what is observed; null for work of the run as a whole. */
  readonly object: ObjectName | null;
  /** Ends the calls to AWS for the share, shortly before the invocation ends. */
  readonly last?: AbortSignal;
}

export function createUnderCap({ share, quiet, observe, object, last }: UnderCapOptions): UnderCap {
  /** A share that cannot be given back expires by itself, so the result of the work is kept. */
  async function end(runId: string, isKept: boolean): Promise<void> {
    try {
      quiet();
      await share.end(isKept);
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error;
      observe({ type: 'share_not_returned', object, runId, error: name });
    }
  }

  return async (runId, work, goesOn) => {
    const waitSeconds = await share.begin(last);
    if (waitSeconds !== null) {
      observe({ type: 'share_awaited', object, runId, waitSeconds });
      return { status: 'wait', waitSeconds };
    }
    let isKept = false;
    try {
      const result = await work();
      isKept = goesOn?.(result) ?? false;
      return { status: 'worked', result };
    } finally {
      await end(runId, isKept);
    }
  };
}
