/**
 * Distinguishes one unreadable item from an outage. An item that fails after all retries becomes a debt, and
 * the slice continues. But if everything fails, a debt for everything would hide the outage.
 */
import { ContractError, PermissionError, RetryableError } from '../../../core/errors.ts';
import type { IntercomClient } from '../../http/client.ts';
import { readMe } from '../../me.ts';

export interface FailureGate {
  /** @param path what was read, if items come from several paths: a refusal says something only about its own path */
  succeeded(path?: string): void;
  /**
   * @param path as above
   * @returns why the item could not be read
   * @throws the error itself if the item is not its cause: a missing permission, a bug, an exhausted rate
   *   limit, too many items in a row, or no answer from /me either; for owed items, never because of their number
   */
  failed(error: unknown, path?: string): Promise<string>;
}

/** This many items in a row may fail after all their retries; of owed items, before /me is asked again. */
const MOST_IN_A_ROW = 10;

/** More refusals than this before any item of the same kind was read mean a missing permission. */
const MOST_REFUSED_AT_FIRST = 4;

/** Any answer from /me will do; only a dead network or a dead token throws. */
async function expectAnswer(client: IntercomClient, signal: AbortSignal | undefined): Promise<void> {
  try {
    await readMe(client, { signal });
  } catch (error) {
    if (!(error instanceof PermissionError)) throw error;
  }
}

/**
 * For items that are all read in the same way: what one of them proves holds for the others.
 * @param isOwed every item has failed before, so all of them may fail again: that says nothing about the object
 */
export function createFailureGate(
  client: IntercomClient,
  signal: AbortSignal | undefined,
  isOwed = false,
): FailureGate {
  const allowed = new Set<string>();
  const refusals = new Map<string, number>();
  let inARow = 0;
  return {
    succeeded(path = '') {
      allowed.add(path);
      inARow = 0;
    },
    async failed(error, path = '') {
      if (error instanceof PermissionError) {
        const refused = (refusals.get(path) ?? 0) + 1;
        refusals.set(path, refused);
        if (allowed.has(path)) return `Intercom refuses it (${error.code}), though it allows others`;
        if (!isOwed && refused > MOST_REFUSED_AT_FIRST) throw error;
        return `Intercom refuses it (${error.code})`;
      }
      // An odd answer says nothing about the next one. Too many of them stop the commit.
      if (error instanceof ContractError) return error.message;
      if (!(error instanceof RetryableError) || error.code === 'rate_limited') throw error;
      inARow += 1;
      if (!isOwed && inARow > MOST_IN_A_ROW) throw error;
      if (inARow % MOST_IN_A_ROW === 1) await expectAnswer(client, signal);
      return error.message;
    },
  };
}

/** The rest of the slice could not be read. */
export interface Lost {
  readonly type: 'lost';
  readonly error: Error;
}

/** The walk was allowed to begin, so no permission is missing. */
const refusedMidway = (cause: PermissionError): ContractError =>
  new ContractError(
    'Intercom refuses the rest of a list that it had allowed so far. If this lasts, report it',
    {
      code: 'refused_midway',
      cause,
    },
  );

/**
 * Why a walk broke off, if that is what is wrong with this walk alone.
 * @throws the error, if it is not: a refusal of the first request, a dead token or network, a bug
 */
async function lossOf(
  error: unknown,
  hasBegun: boolean,
  client: IntercomClient,
  signal: AbortSignal | undefined,
): Promise<Error> {
  if (error instanceof PermissionError && hasBegun) return refusedMidway(error);
  if (error instanceof ContractError) return error;
  if (!(error instanceof RetryableError) || error.code === 'rate_limited') throw error;
  await expectAnswer(client, signal);
  return error;
}

/**
 * The events of a walk. If it breaks off although Intercom answers, its last event says so instead of an error:
 * what is wrong with one window must not stop the others.
 * @throws what does not concern this walk alone: a refusal of its first request, a dead token or network, a bug
 */
export async function* orLost<T>(
  walk: AsyncGenerator<T, void, void>,
  client: IntercomClient,
  signal?: AbortSignal,
): AsyncGenerator<T | Lost, void, void> {
  let hasBegun = false;
  try {
    for await (const event of walk) {
      hasBegun = true;
      yield event;
    }
  } catch (error) {
    yield { type: 'lost', error: await lossOf(error, hasBegun, client, signal) };
  }
}

/**
 * What some work finds; null if it fails although Intercom answers.
 * @throws the same as orLost
 */
export async function orNull<T>(
  work: () => Promise<T>,
  client: IntercomClient,
  signal?: AbortSignal,
): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    await lossOf(error, false, client, signal);
    return null;
  }
}
