/** If `concurrency` is set, work that sends requests to Intercom holds one of the pipeline's slots. */
import type { ObjectName } from '../core/names.ts';
import type { Clock, ObserveProgress, Slot, SlotClaim, Slots } from '../core/ports.ts';

export type Slotted<T> =
  | { readonly status: 'worked'; readonly result: T }
  | { readonly status: 'wait'; readonly waitSeconds: number };

/**
 * Does the work with a slot, or says after how many seconds to ask for one again: no invocation waits in billed time.
 * @param goesOn true if the claim's next invocation must have a slot at once; the slot is then kept for it
 */
export type UseSlot = <T>(
  claim: SlotClaim,
  work: () => Promise<T>,
  goesOn?: (result: T) => boolean,
) => Promise<Slotted<T>>;

/** Without `concurrency`, only the rate budget limits the work. */
export const WITHOUT_SLOTS: UseSlot = async (_claim, work) => ({ status: 'worked', result: await work() });

export interface UseSlotOptions {
  readonly slots: Slots;
  readonly clock: Pick<Clock, 'now'>;
  readonly attempt: { readonly id: string; readonly remainingMs: () => number };
  /** Ends what the work left running, such as a page fetched ahead. Resolves when no request is in flight. */
  readonly quiet: () => Promise<void>;
  readonly observe: ObserveProgress;
  /** The object named in what is observed; null for work of the run as a whole. */
  readonly object: ObjectName | null;
}

/** The clocks of machines differ. This margin makes sure that a holder's time is up by all of them. */
const MARGIN_MS = 60_000;

export function createUseSlot(options: UseSlotOptions): UseSlot {
  const { slots, clock, attempt, quiet, observe, object } = options;

  /** A slot that cannot be given back expires by itself, so the result of the work is kept. */
  async function end(slot: Slot, runId: string, goesOn: boolean): Promise<void> {
    try {
      await quiet();
      await (goesOn ? slot.keep() : slot.giveBack());
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error;
      observe({ type: 'slot_not_returned', object, runId, error: name });
    }
  }

  return async (claim, work, goesOn) => {
    const { runId } = claim;
    const until = clock.now() + attempt.remainingMs() + MARGIN_MS;
    const answer = await slots.take({
      claim,
      attempt: attempt.id,
      until,
      mayBeKept: goesOn !== undefined,
    });
    if (answer.status === 'wait') {
      const { waitSeconds } = answer;
      observe({ type: 'slot_awaited', object, runId, waitSeconds });
      return { status: 'wait', waitSeconds };
    }
    let isKept = false;
    try {
      const result = await work();
      isKept = goesOn?.(result) ?? false;
      return { status: 'worked', result };
    } finally {
      await end(answer.slot, runId, isKept);
    }
  };
}
