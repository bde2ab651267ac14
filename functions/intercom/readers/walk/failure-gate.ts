/**
 * Distinguishes one unreadable item from an outage. An item that fails after all retries becomes a debt, and
 * the slice goes on. But if everything fails, a debt for everything would hide the outage.
 */
import { ContractError, PermissionError, RetryableError } from '../../../core/errors.ts';
import type { IntercomClient } from '../../http/client.ts';
import { readMe } from '../../me.ts';

export interface FailureGate {
  succeeded(): void;
  /**
   * @returns why the item could not be read
   * @throws the error itself if the item is not its cause: a missing permission, a bug, an exhausted rate
   *   limit, too many items in a row, or no answer from /me either
   */
  failed(error: unknown): Promise<string>;
}

/** This many items in a row may fail. */
const MOST_IN_A_ROW = 4;

/** Any answer from /me will do; only a dead network or a dead token throws. */
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
      const isItemFailure = error instanceof RetryableError || error instanceof ContractError;
      if (!isItemFailure || error.code === 'rate_limited') throw error;
      inARow += 1;
      if (inARow > MOST_IN_A_ROW) throw error;
      if (inARow === 1) await expectAnswer(client, signal);
      return error.message;
    },
  };
}
