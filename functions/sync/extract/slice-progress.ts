/** What one attempt has gathered for its slice, between receipts: rows, counts, evidence. */

import type { Debt, PlannedSlice, Receipt } from '../../core/engine-files.ts';
import { type JsonValue, stringifyJson } from '../../core/json.ts';
import type { ObjectName } from '../../core/names.ts';
import type { DebtScope, Position, ReadEvent, ReadRecord, Window } from '../../core/reading.ts';
import { admits, type RecordedSchema } from '../../core/schema.ts';
import { unionSeen } from '../../core/sightings.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { createShaper, deletionRow } from '../../rows/rows.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { restarted, type SeenIds, seenIds, storeReceipt } from '../receipts.ts';
import { addEvidence, addRelations } from './evidence.ts';
import { largeRows } from './large-rows.ts';
import { createPartWriter } from './part-writer.ts';
import { treatmentsOf } from './treatments.ts';

type PageEvent = Extract<ReadEvent, { type: 'page' }>;
type NewDebt = Pick<Debt, 'scope' | 'reason'>;

export interface SliceProgress {
  position(): Position | null;
  counts(): {
    readonly read: number;
    readonly deleted: number;
    /** Ids that are debts and were not read. */
    readonly owed: number;
    readonly walks: number;
  };
  addPage(page: PageEvent): Promise<void>;
  addDeletions(ids: readonly string[], how: string): Promise<void>;
  addDebt(debt: NewDebt): void;
  /** Drops everything read so far; the files stay behind as orphans that nothing lists. */
  restart(walks: number): void;
  /** Puts the open parts and writes a receipt that goes on after the last page. */
  checkpoint(): Promise<Receipt>;
  checkpointIfDue(): Promise<void>;
}

const within = ({ from, to }: Window, at: EpochSeconds): boolean =>
  (from === null || at >= from) && (to === null || at < to);

const union = (a: readonly string[], b: readonly string[]): readonly string[] => [...new Set([...a, ...b])];

/** An id as text; one of more digits than a double holds came as a raw integer. */
const idText = (value: JsonValue | undefined): string =>
  typeof value === 'string' ? value : stringifyJson(value ?? null);

const sameScope = (a: DebtScope, b: DebtScope): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Deletions that an object notices are of its records, or of the conversations whose parts it reads. */
const deletedObject = (object: ObjectName): ObjectName =>
  object === 'conversation_parts' ? 'conversations' : object;

export async function createSliceProgress(
  dependencies: ObjectDependencies,
  start: {
    readonly ref: { readonly runId: string; readonly object: ObjectName; readonly slice: string };
    readonly slice: PlannedSlice;
    readonly attempt: string;
    readonly from: Receipt;
    /** As recorded before this run. */
    readonly schema: RecordedSchema | null;
  },
): Promise<SliceProgress> {
  const { lake, clock, config, declaration, limits, observe } = dependencies;
  const { ref, slice, attempt } = start;
  const origin = { runId: ref.runId, slice: ref.slice };
  const shaper = createShaper(
    declaration,
    origin,
    await treatmentsOf(dependencies),
    admits(config.schemaChanges, start.schema, declaration.name),
  );
  const writer = createPartWriter(lake, {
    ...origin,
    object: ref.object,
    attempt,
    compression: config.compression,
    partBytes: limits.partBytes,
  });
  const isWhole = slice.query.kind === 'all';
  const readsParents = declaration.read.kind === 'conversation_parts';
  let receipt: Receipt = { ...start.from, attempt };
  let seen: SeenIds = await seenIds(lake, start.from);
  let newIds: SeenIds = new Map();
  let ordinal = 0;
  let lastCheckpoint = clock.now();

  /** Counts an id; false where this version of it, or an object read whole has it, already. */
  function isNew(id: string, stampedAt: EpochSeconds): boolean {
    const before = seen.get(id);
    if (before !== undefined && (isWhole || stampedAt <= before)) return false;
    seen.set(id, stampedAt);
    newIds.set(id, stampedAt);
    return true;
  }

  const keyOf = ({ record }: ReadRecord): string =>
    declaration.primaryKey.map((name) => idText(record[name])).join('/');
  const isNewRecord = (one: ReadRecord): boolean => isNew(keyOf(one), one.stampedAt);

  /** Parents count as read; their rows are all kept, whatever was seen before. */
  function freshParents(page: PageEvent): readonly ReadRecord[] {
    for (const id of page.ids) isNew(id, 0);
    return page.records;
  }

  function nextOrdinal(): number {
    ordinal += 1;
    return ordinal;
  }

  async function checkpoint(): Promise<Receipt> {
    const parts = await writer.flush();
    const next: Receipt = {
      ...receipt,
      sequence: receipt.sequence + 1,
      parts: [...receipt.parts, ...parts],
      read: seen.size,
      schema: unionSeen(receipt.schema, shaper.observed()),
    };
    receipt = await storeReceipt(lake, ref, next, newIds);
    newIds = new Map();
    lastCheckpoint = clock.now();
    return receipt;
  }

  return {
    position: () => receipt.position,
    counts() {
      const owed = new Set(receipt.newDebts.flatMap(({ scope }) => ('ids' in scope ? scope.ids : [])));
      return {
        read: seen.size,
        deleted: receipt.deleted.length,
        owed: [...owed].filter((id) => !seen.has(id)).length,
        walks: receipt.walks,
      };
    },
    async addPage(page) {
      const records = readsParents ? freshParents(page) : page.records.filter(isNewRecord);
      const kept = readsParents ? records : records.filter((one) => within(slice.exact, one.stampedAt));
      const shaped = kept.map((one) => ({ one, rows: shaper.shape(one, nextOrdinal()) }));
      await writer.write(shaped.flatMap(({ rows }) => rows));
      const large = shaped.flatMap(({ one, rows }) => largeRows(rows, keyOf(one)));
      const related = addRelations(declaration, receipt.evidence, kept);
      const evidence = addEvidence(
        { ...related, largeRows: [...related.largeRows, ...large] },
        page.evidence ?? {},
      );
      receipt = { ...receipt, position: page.position, evidence };
      observe({ type: 'rows', object: ref.object, rows: kept.length, read: page.ids.length });
    },
    async addDeletions(ids, how) {
      // A resumed walk tells its deletions again.
      for (const id of ids.filter((one) => !receipt.deleted.includes(one))) {
        const row = deletionRow(
          { object: deletedObject(ref.object), id, how },
          { ...origin, ordinal: nextOrdinal() },
          clock.now(),
        );
        await writer.write([row]);
      }
      receipt = { ...receipt, deleted: union(receipt.deleted, ids) };
    },
    addDebt({ scope, reason }) {
      // A walk that resumes within a page, or ends a second time, tells its debts again.
      if (receipt.newDebts.some((debt) => sameScope(debt.scope, scope))) return;
      receipt = { ...receipt, newDebts: [...receipt.newDebts, { scope, reason }] };
    },
    restart(walks) {
      receipt = restarted(receipt, walks);
      seen = new Map();
      newIds = new Map();
      writer.discard();
    },
    checkpoint,
    async checkpointIfDue() {
      if (clock.now() - lastCheckpoint >= limits.checkpointMs) await checkpoint();
    },
  };
}
