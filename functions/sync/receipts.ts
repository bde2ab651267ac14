/** Receipts: what an attempt has written, and where to continue. Every receipt lists what its whole chain wrote. */

import type { DoneReceipt, Evidence, Receipt } from '../core/engine-files.ts';
import { doneKey, slicePrefix } from '../core/lake-keys.ts';
import type { ObjectName } from '../core/names.ts';
import type { Lake } from '../core/ports.ts';
import { encodeJson, readStored, requireStored, storeOnce } from './store.ts';

/** The distinct ids read so far, each with the version time it was read at. */
export type SeenIds = Map<string, number>;

/** Where the receipts of a slice lie: `work/<run>/<object>/<slice>/`. */
export interface WorkFolder {
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
  rejects: 0,
  untimed: 0,
  observed: {},
};

/** Where a slice without a receipt begins. */
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

/** The same slice from its beginning, without what was read so far. */
export const restarted = (receipt: Receipt, walks: number): Receipt => ({
  ...firstReceipt(receipt.slice, receipt.attempt),
  sequence: receipt.sequence,
  ...(receipt.requests !== undefined && { requests: receipt.requests }),
  walks,
});

const SEQUENCE_DIGITS = 6;
const RECEIPT_NAME = /\/\d{6}-[^/]+\.receipt\.json$/;

const nameOf = ({ sequence, attempt }: Receipt): string =>
  `${String(sequence).padStart(SEQUENCE_DIGITS, '0')}-${attempt}`;

/** The latest receipt; null if the slice has none. */
export async function latestReceipt(lake: Lake, folder: WorkFolder): Promise<Receipt | null> {
  let latest: string | null = null;
  for await (const key of lake.list(slicePrefix(folder.runId, folder.object, folder.slice))) {
    if (RECEIPT_NAME.test(key)) latest = key;
  }
  return latest === null ? null : requireStored<Receipt>(lake, latest);
}

/**
 * Claims a receipt whose position can be used only once. False if another attempt has used it: what that
 * attempt read cannot be read again from here.
 */
export async function claimReceipt(lake: Lake, folder: WorkFolder, receipt: Receipt): Promise<boolean> {
  const key = `${slicePrefix(folder.runId, folder.object, folder.slice)}${nameOf(receipt)}.claim.json`;
  return (await lake.putNew(key, encodeJson({}))) === 'written';
}

/** Writes the ids read since the last receipt, then the receipt that lists them. */
export async function storeReceipt(
  lake: Pick<Lake, 'putNew'>,
  folder: WorkFolder,
  receipt: Receipt,
  newIds: SeenIds,
): Promise<Receipt> {
  const base = slicePrefix(folder.runId, folder.object, folder.slice) + nameOf(receipt);
  const idsKey = `${base}.ids.json`;
  if (newIds.size > 0) await lake.putNew(idsKey, encodeJson([...newIds]));
  const stored = newIds.size > 0 ? { ...receipt, idFiles: [...receipt.idFiles, idsKey] } : receipt;
  await lake.putNew(`${base}.receipt.json`, encodeJson(stored));
  return stored;
}

/** The ids that the receipt's chain has read. */
export async function seenIds(lake: Lake, receipt: Receipt): Promise<SeenIds> {
  const files = await Promise.all(
    receipt.idFiles.map((key) => requireStored<readonly [string, number][]>(lake, key)),
  );
  return new Map(files.flat());
}

/** Finishes a slice. The first attempt to finish wins, and its receipt is the answer. */
export const storeDone = (lake: Lake, folder: WorkFolder, done: DoneReceipt): Promise<DoneReceipt> =>
  storeOnce(lake, doneKey(folder.runId, folder.object, folder.slice), done);

export const readDone = (lake: Lake, folder: WorkFolder): Promise<DoneReceipt | null> =>
  readStored<DoneReceipt>(lake, doneKey(folder.runId, folder.object, folder.slice));
