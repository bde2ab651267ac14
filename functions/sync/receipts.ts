/** Receipts: what an attempt has written and where to go on. Any receipt lists its whole chain. */

import type { DoneReceipt, Evidence, Receipt } from '../core/engine-files.ts';
import { doneKey, slicePrefix } from '../core/lake-keys.ts';
import type { ObjectName } from '../core/names.ts';
import type { Lake } from '../core/ports.ts';
import { encodeJson, readStored, requireStored, storeOnce } from './store.ts';

/** Ids read so far, each with the version time it was read at: to count what is distinct. */
export type SeenIds = Map<string, number>;

interface SliceRef {
  readonly runId: string;
  readonly object: ObjectName;
  readonly slice: string;
}

const NO_EVIDENCE: Evidence = {
  partsExpected: 0,
  partsWritten: 0,
  overCap: [],
  relations: {},
  largeRows: [],
};

/** Where a slice begins that has no receipt yet. */
export const firstReceipt = (slice: string, attempt: string): Receipt => ({
  format: 1,
  slice,
  attempt,
  sequence: 0,
  position: null,
  walks: 1,
  parts: [],
  idFiles: [],
  read: 0,
  evidence: NO_EVIDENCE,
  deleted: [],
  newDebts: [],
  schema: {},
});

/** The same slice from its beginning: what was read so far is dropped. */
export const restarted = (receipt: Receipt, walks: number): Receipt => ({
  ...firstReceipt(receipt.slice, receipt.attempt),
  sequence: receipt.sequence,
  walks,
});

const SEQUENCE_DIGITS = 6;
const RECEIPT_NAME = /\/\d{6}-[^/]+\.receipt\.json$/;

const nameOf = ({ sequence, attempt }: Receipt): string =>
  `${String(sequence).padStart(SEQUENCE_DIGITS, '0')}-${attempt}`;

/** The receipt furthest along; null where the slice has none. */
export async function latestReceipt(lake: Lake, ref: SliceRef): Promise<Receipt | null> {
  let latest: string | null = null;
  for await (const key of lake.list(slicePrefix(ref.runId, ref.object, ref.slice))) {
    if (RECEIPT_NAME.test(key)) latest = key;
  }
  return latest === null ? null : requireStored<Receipt>(lake, latest);
}

/**
 * Claims a receipt whose position can be used once. False where another attempt went on from it before:
 * whatever that one read cannot be read again from here.
 */
export async function claimReceipt(lake: Lake, ref: SliceRef, receipt: Receipt): Promise<boolean> {
  const key = `${slicePrefix(ref.runId, ref.object, ref.slice)}${nameOf(receipt)}.claim.json`;
  return (await lake.putNew(key, encodeJson({}))) === 'written';
}

/** Writes the ids read since the last receipt, then the receipt that lists them. */
export async function storeReceipt(
  lake: Lake,
  ref: SliceRef,
  receipt: Receipt,
  newIds: SeenIds,
): Promise<Receipt> {
  const base = slicePrefix(ref.runId, ref.object, ref.slice) + nameOf(receipt);
  const idsKey = `${base}.ids.json`;
  if (newIds.size > 0) await lake.putNew(idsKey, encodeJson([...newIds]));
  const stored = newIds.size > 0 ? { ...receipt, idFiles: [...receipt.idFiles, idsKey] } : receipt;
  await lake.putNew(`${base}.receipt.json`, encodeJson(stored));
  return stored;
}

/** The ids that a receipt's chain has read. */
export async function seenIds(lake: Lake, receipt: Receipt): Promise<SeenIds> {
  const files = await Promise.all(
    receipt.idFiles.map((key) => requireStored<readonly [string, number][]>(lake, key)),
  );
  return new Map(files.flat());
}

/** Finishes a slice; the first attempt to finish wins, and its receipt is the answer. */
export const storeDone = (lake: Lake, ref: SliceRef, done: DoneReceipt): Promise<DoneReceipt> =>
  storeOnce(lake, doneKey(ref.runId, ref.object, ref.slice), done);

export const readDone = (lake: Lake, ref: SliceRef): Promise<DoneReceipt | null> =>
  readStored<DoneReceipt>(lake, doneKey(ref.runId, ref.object, ref.slice));
