/** What one attempt has gathered for its slice between receipts: rows, counts and evidence. */

import type { LargeRow, NewDebt, PlannedSlice, Receipt } from '../../core/engine-files.ts';
import type { DebtScope, Position, ReadEvent, ReadRecord, Window } from '../../core/reading.ts';
import { addRequests, NO_REQUESTS } from '../../core/requests.ts';
import { admits, type RecordedSchema } from '../../core/schema.ts';
import { unionSeen } from '../../core/sightings.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { createShaper, deletionRow, type Row } from '../../rows/rows.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { suppressionOf } from '../erasures.ts';
import type { SoleLease } from '../lease.ts';
import { ownFiles } from '../own-files.ts';
import { restarted, type SeenIds, seenIds, storeReceipt, type WorkFolder } from '../receipts.ts';
import { addEvidence, addLargeRows } from './evidence.ts';
import { createPartWriter } from './part-writer.ts';
import { treatmentsOf } from './treatments.ts';

type PageEvent = Extract<ReadEvent, { type: 'page' }>;
type DeletedEvent = Extract<ReadEvent, { type: 'deleted' }>;

export interface SliceProgress {
  position(): Position | null;
  counts(): {
    readonly read: number;
    readonly deleted: number;
    /** Ids that are debts and have not been read. */
    readonly owed: number;
    readonly walks: number;
  };
  /** Tells of an id whether it was read, is deleted, or is a debt. */
  settled(): (id: string) => boolean;
  addPage(page: PageEvent): Promise<void>;
  addDeletions(deleted: DeletedEvent): Promise<void>;
  addDebt(debt: NewDebt): void;
  /** Drops everything read so far. Its files stay in the bucket, but nothing lists them. */
  restart(walks: number): void;
  /** Puts the open parts and writes a receipt from which the next attempt continues after the last page. */
  checkpoint(): Promise<Receipt>;
  checkpointIfDue(): Promise<void>;
}

/**
 * Whether a record that the search found belongs to this window. A query may ask for more than its window: records
 * up to `slack` outside are left to the neighbours. A record farther outside came for another reason, such as a
 * change since the index was made, and is written whatever its time.
 */
const belongs = ({ from, to }: Window, at: EpochSeconds, slack: number): boolean =>
  (from === null || at >= from || from - at > slack) && (to === null || at < to || at - to > slack);

const sameScope = (a: DebtScope, b: DebtScope): boolean => JSON.stringify(a) === JSON.stringify(b);

export async function createSliceProgress(
  dependencies: ObjectDependencies,
  start: {
    readonly lease: SoleLease;
    readonly folder: WorkFolder;
    readonly slice: PlannedSlice;
    readonly attempt: string;
    readonly from: Receipt;
    /** The schema recorded before this run. */
    readonly schema: RecordedSchema | null;
    /** Erasures that the run's plan names. */
    readonly erasures: readonly string[];
  },
): Promise<SliceProgress> {
  const { lake, clock, config, declaration, limits, observe, reader } = dependencies;
  const { folder, slice, attempt } = start;
  const origin = { runId: folder.runId, slice: folder.slice };
  const shaper = createShaper(
    declaration,
    origin,
    await treatmentsOf(dependencies),
    admits(config.schemaChanges, start.schema, declaration.name),
  );
  const own = ownFiles(dependencies, start.lease);
  const writer = createPartWriter(own, {
    ...origin,
    object: declaration.name,
    attempt,
    compression: config.compression,
    partBytes: limits.partBytes,
  });
  const suppression = await suppressionOf(dependencies, start.erasures);
  const isWhole = slice.query.kind === 'all';
  const { recordsOf } = declaration;
  let receipt: Receipt = { ...start.from, attempt };
  let seen: SeenIds = await seenIds(lake, start.from);
  let newIds: SeenIds = new Map();
  let deleted = new Set(start.from.deleted);
  let ordinal = 0;
  let lastCheckpoint = clock.now();

  /** Counts an id. False if this version was read before, or any version in a walk of the whole object. */
  function isNew(id: string, stampedAt: EpochSeconds): boolean {
    const before = seen.get(id);
    if (before !== undefined && (isWhole || stampedAt <= before)) return false;
    seen.set(id, stampedAt);
    newIds.set(id, stampedAt);
    return true;
  }

  /** Counts the page's ids, and returns the records that are new. */
  function newRecords({ ids, records }: PageEvent): readonly ReadRecord[] {
    if (recordsOf === undefined) return records.filter(({ id, stampedAt }) => isNew(id, stampedAt));
    // These are not the records' own ids: they are only counted, and every record is kept.
    for (const id of ids) isNew(id, 0);
    return records;
  }

  /** Parts come with the records that the search asked for, so no bounds apply to them. */
  const { slackSeconds = 0 } = declaration.read;
  const isWanted = ({ stampedAt, untimed }: ReadRecord): boolean =>
    recordsOf !== undefined || untimed === true || belongs(slice.exact, stampedAt, slackSeconds);

  /** The rows without people who were erased. */
  const withoutErased = (rows: readonly Row[]): readonly Row[] =>
    suppression === null
      ? rows
      : rows.flatMap(({ table, line }) => {
          const erased = suppression.erase(table, line);
          if (erased.change === 'removed') return [];
          return [erased.change === 'none' ? { table, line } : { table, line: erased.line }];
        });

  function nextOrdinal(): number {
    ordinal += 1;
    return ordinal;
  }

  async function checkpoint(): Promise<Receipt> {
    const parts = await writer.flush();
    const requests = addRequests(start.from.requests ?? NO_REQUESTS, reader.requests?.() ?? NO_REQUESTS);
    const next: Receipt = {
      ...receipt,
      sequence: receipt.sequence + 1,
      parts: [...receipt.parts, ...parts],
      ...(requests.sent > 0 && { requests }),
      read: seen.size,
      schema: unionSeen(receipt.schema, shaper.observed()),
    };
    receipt = await storeReceipt(own, folder, next, newIds);
    newIds = new Map();
    lastCheckpoint = clock.now();
    return receipt;
  }

  const owedIds = (): ReadonlySet<string> =>
    new Set(receipt.newDebts.flatMap(({ scope }) => ('ids' in scope ? scope.ids : [])));

  return {
    position: () => receipt.position,
    settled() {
      const owed = owedIds();
      return (id) => seen.has(id) || deleted.has(id) || owed.has(id);
    },
    counts() {
      return {
        read: seen.size,
        deleted: receipt.deleted.length,
        owed: [...owedIds()].filter((id) => !seen.has(id)).length,
        walks: receipt.walks,
      };
    },
    async addPage(page) {
      const kept = newRecords(page).filter(isWanted);
      const large: LargeRow[] = [];
      let suppressed = 0;
      for (const one of kept) {
        const rows = withoutErased(shaper.shape(one, nextOrdinal()));
        if (rows.length === 0) suppressed += 1;
        addLargeRows(large, rows, one.id);
        // Record by record: the texts of a whole page, each of many pieces, would outlive V8's young generation.
        await writer.write(rows);
      }
      for (const reject of page.rejects ?? [])
        await writer.write(withoutErased([shaper.reject(reject, nextOrdinal())]));
      const before = { ...receipt.evidence, largeRows: [...receipt.evidence.largeRows, ...large] };
      const sum = addEvidence(declaration, before, page, kept);
      const evidence = suppressed === 0 ? sum : { ...sum, suppressed: (sum.suppressed ?? 0) + suppressed };
      receipt = { ...receipt, position: page.position, evidence };
      observe({ type: 'rows', object: folder.object, rows: kept.length, read: page.ids.length });
    },
    async addDeletions({ ids, how, mergedInto = {} }) {
      // A resumed walk reports its deletions again.
      for (const id of ids.filter((one) => !deleted.has(one))) {
        deleted.add(id);
        const row = deletionRow(
          { object: recordsOf ?? declaration.name, id, how, merged_into: mergedInto[id] ?? null },
          { ...origin, ordinal: nextOrdinal() },
          clock.now(),
        );
        await writer.write(withoutErased([row]));
      }
      receipt = { ...receipt, deleted: [...deleted] };
    },
    addDebt(debt) {
      // A walk that resumes within a page, or ends a second time, reports its debts again.
      if (receipt.newDebts.some(({ scope }) => sameScope(scope, debt.scope))) return;
      receipt = { ...receipt, newDebts: [...receipt.newDebts, debt] };
    },
    restart(walks) {
      receipt = restarted(receipt, walks);
      seen = new Map();
      newIds = new Map();
      deleted = new Set();
      writer.discard();
    },
    checkpoint,
    async checkpointIfDue() {
      if (clock.now() - lastCheckpoint >= limits.checkpointMs) await checkpoint();
    },
  };
}
