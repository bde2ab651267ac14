/** A run whose plan the test writes itself, to test what comes after the plan. */

import type {
  DoneReceipt,
  Plan,
  PlannedSlice,
  Receipt,
  RunContext,
} from '../../functions/core/engine-files.ts';
import { doneKey, planKey, runContextKey, slicePrefix } from '../../functions/core/lake-keys.ts';
import type { Lease } from '../../functions/core/ports.ts';
import type { ReadEvent, ReadRecord } from '../../functions/core/reading.ts';
import { OBJECTS } from '../../functions/objects/index.ts';
import type { ObjectDependencies } from '../../functions/sync/dependencies.ts';
import { encodeJson } from '../../functions/sync/store.ts';
import { DIGEST, type Pipeline } from './dependencies.ts';
import type { MemoryLake } from './memory/memory-lake.ts';

export const RUN_ID = '20261122T120000000Z-aaaaaa';
export const HOLDER: Lease = { executionArn: 'arn:execution:1', runId: RUN_ID };

export const runContextOf = (changes: Partial<RunContext> = {}): RunContext => ({
  format: 1,
  runId: RUN_ID,
  execution: HOLDER.executionArn,
  startedAtMs: Date.UTC(2026, 10, 22, 12),
  clockSkewSeconds: 0,
  mode: 'incremental',
  range: null,
  objects: ['tags'],
  configDigest: DIGEST,
  workspaceId: 'w1',
  notes: [],
  ...changes,
});

export const WHOLE_SLICE: PlannedSlice = {
  id: '0001',
  query: { kind: 'all' },
  exact: { from: null, to: null },
  debt: null,
};

export const windowSlice = (changes: Partial<PlannedSlice> = {}): PlannedSlice => ({
  id: '0001',
  query: { kind: 'window', updated: { from: null, to: null }, created: null, through: false },
  exact: { from: null, to: null },
  debt: null,
  ...changes,
});

export interface PlannedRun {
  readonly slices?: readonly PlannedSlice[];
  readonly plan?: Partial<Plan>;
  readonly holder?: Lease;
  readonly run?: Partial<RunContext>;
}

/** Writes the run's context and plan, and takes the lease. */
export async function planByHand(
  { lake, state, executions }: Pipeline,
  { declaration }: Pick<ObjectDependencies, 'declaration'>,
  { slices = [WHOLE_SLICE], plan = {}, holder = HOLDER, run = {} }: PlannedRun = {},
): Promise<Lease> {
  const object = declaration.name;
  const isIncremental = OBJECTS[object].sync.kind === 'incremental';
  const { runId } = holder;
  executions.running.add(holder.executionArn);
  await lake.putNew(
    runContextKey(runId),
    encodeJson(runContextOf({ runId, execution: holder.executionArn, objects: [object], ...run })),
  );
  const whole: Plan = {
    format: 1,
    object,
    runId,
    mode: isIncremental ? 'incremental' : 'full_refresh',
    window: isIncremental ? { from: 0, to: 1_795_348_800 } : null,
    slices,
    carriedDebts: [],
    previousDebts: [],
    cursorBefore: null,
    cursorAfter: isIncremental ? 1_795_347_900 : null,
    startFrom: null,
    workRemains: false,
    schema: null,
    lastRows: null,
    expected: null,
    ...plan,
  };
  await lake.putNew(planKey(runId, object), encodeJson(whole));
  const { fence } = await state.load(object);
  await state.takeLease(object, fence, holder);
  return holder;
}

export const doneOf = (
  lake: MemoryLake,
  object: Plan['object'],
  slice = '0001',
  runId = RUN_ID,
): DoneReceipt => lake.json<DoneReceipt>(doneKey(runId, object, slice));

export const receiptsOf = (lake: MemoryLake, object: Plan['object'], slice = '0001'): readonly Receipt[] =>
  lake
    .keys(slicePrefix(RUN_ID, object, slice))
    .filter((key) => key.endsWith('.receipt.json'))
    .map((key) => lake.json<Receipt>(key));

export const recordOf = (id: string, stampedAt = 0, more: Record<string, unknown> = {}): ReadRecord => ({
  id,
  record: { type: 'x', id, name: `name of ${id}`, ...more } as ReadRecord['record'],
  stampedAt,
  receivedAtMs: Date.UTC(2026, 10, 22, 12, 1),
});

export const pageOf = (records: readonly ReadRecord[], position: number | string | null): ReadEvent => ({
  type: 'page',
  records,
  ids: records.map(({ id }) => id),
  position,
});

export const END: ReadEvent = { type: 'end', matched: null };
