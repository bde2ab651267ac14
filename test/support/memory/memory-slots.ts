/** The slots in memory: two lists under the same rules. */

import {
  decideSlot,
  type Holder,
  holderOf,
  isSameClaim,
  keptFor,
  type Place,
} from '../../../functions/aws/slots.ts';
import type { SlotRequest, Slots } from '../../../functions/core/ports.ts';
import type { EpochMs } from '../../../functions/core/time.ts';

export interface MemorySlotOptions {
  readonly count: number;
  readonly clock: { now(): EpochMs };
  /** In [0, 1). */
  readonly random: () => number;
}

export function createMemorySlots({ count, clock, random }: MemorySlotOptions): Slots {
  let holders: Holder[] = [];
  let places: Place[] = [];
  const isHeldBy =
    ({ attempt, claim }: SlotRequest) =>
    (one: Holder): boolean =>
      one.attempt === attempt && isSameClaim(one, claim);
  return {
    async take(request) {
      const isOurs = isHeldBy(request);
      const drop = (): void => {
        holders = holders.filter((one) => !isOurs(one));
      };
      const slot = {
        giveBack: async () => drop(),
        keep: async () => {
          drop();
          holders.push(keptFor(request.claim, clock.now()));
        },
      };
      if (holders.some(isOurs)) return { status: 'taken', slot };
      const terms = { count, now: clock.now(), random: random() };
      const decision = decideSlot({ holders, places }, request, terms);
      places = places.filter((place) => !isSameClaim(place, request.claim));
      if (decision.type === 'wait') {
        places.push(decision.place);
        return { status: 'wait', waitSeconds: decision.waitSeconds };
      }
      holders = [...holders.filter((one) => one !== decision.kept), holderOf(request)];
      return { status: 'taken', slot };
    },
  };
}
