/** The shares of the cap in memory. */
import type { Share } from '../../../functions/core/cap-shares.ts';
import type { CapShares } from '../../../functions/core/ports.ts';

export function createMemoryCapShares(): CapShares & { readonly list: () => readonly Share[] } {
  let shares: readonly Share[] = [];
  return {
    async update(change) {
      const changed = change(shares);
      shares = changed.shares;
      return changed;
    },
    list: () => shares,
  };
}
