/** What the use cases work with: ports, the object's declaration and reader, and the limits of one attempt. */

import type { ResolvedConfig } from '../config/config.ts';
import type { ObjectDeclaration } from '../core/declaration.ts';
import type {
  Catalog,
  Clock,
  Executions,
  HashSource,
  Lake,
  ObserveProgress,
  RateBudget,
  StateStore,
} from '../core/ports.ts';
import type { ObjectReader } from '../core/reading.ts';
import type { UnderCap } from './under-cap.ts';

/** Sizes and times that bound one attempt and one plan; tests make them small. */
export interface SyncLimits {
  /** A part is closed when its stored size reaches this many bytes. */
  readonly partBytes: number;
  /** Milliseconds of work since the last receipt that a kill may cost. */
  readonly checkpointMs: number;
  /** An attempt stops when its invocation has fewer milliseconds left than this. */
  readonly deadlineMarginMs: number;
  /** Records per slice: a hundred pages of a search. */
  readonly sliceRecords: number;
  /** Records per slice if the object's rows are parts of them: one request each. */
  readonly sliceParents: number;
  readonly maxSlices: number;
}

export const DEFAULT_LIMITS: SyncLimits = {
  partBytes: 8 * 1024 * 1024,
  checkpointMs: 30_000,
  deadlineMarginMs: 60_000,
  sliceRecords: 15_000,
  sliceParents: 1_500,
  maxSlices: 100,
};

/** For the use cases of a run as a whole. */
export interface RunDependencies {
  readonly lake: Lake;
  readonly clock: Clock;
  readonly config: ResolvedConfig;
  readonly configDigest: string;
  readonly observe: ObserveProgress;
  readonly executions: Executions;
}

/** For the use cases of one object. */
export interface ObjectDependencies extends RunDependencies {
  readonly state: StateStore;
  /** What a run reads and writes: without child tables that are excluded now. */
  readonly declaration: ObjectDeclaration;
  /** With every child table: files that earlier runs wrote may be of any. For whatever changes or removes files. */
  readonly whole: ObjectDeclaration;
  readonly reader: ObjectReader;
  /** Wraps everything that sends requests. */
  readonly underCap: UnderCap;
  readonly budget: RateBudget;
  readonly hashes: HashSource;
  readonly catalog: Catalog;
  readonly limits: SyncLimits;
}
