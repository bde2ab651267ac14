/**
 * Tells one unreadable item from a dead network. An item that fails after all retries becomes a debt
 * and the slice goes on; but where everything fails, a debt for everything would hide an outage.
 */
import { ContractError, PermissionError, RetryableError } from '../../../core/errors.ts';
import type { IntercomClient } from '../../http/client.ts';
import { readMe } from '../../me.ts';

export interface FailureGate {
  succeeded(): void;
  /**
   * @returns why the item could not be read
   * @throws the error itself where it is not the item's: missing permissions, bugs, an exhausted rate
   *   limit, several items in a row, or when not even /me answers
   */
  failed(error: unknown): Promise<string>;
}

/** Items in a row that may fail. */
const MOST_IN_A_ROW = 4;

/** Whatever /me answers, it answers; only a dead network or a dead token throws. */
async function expectAnswer(client: IntercomClient, signal: AbortSignal | undefined): Promise<void> {
  try {
    await readMe(client, { signal });
  } catch (error) {
    if (!(error instanceof PermissionError)) throw error;
  }
}

export function createFailureGate(client: IntercomClient, signal?: AbortSignal): FailureGate {
  let inARow = 0;
  return {
    succeeded() {
      inARow = 0;
    },
    async failed(error) {
      const ofTheItem = error instanceof RetryableError || error instanceof ContractError;
      if (!ofTheItem || error.code === 'rate_limited') throw error;
      inARow += 1;
      if (inARow > MOST_IN_A_ROW) throw error;
      if (inARow === 1) await expectAnswer(client, signal);
      return error.message;
    },
  };
}
