/**
 * The files that the sync engine writes: the run's context, the object's plan, receipts and the manifest.
 * Manifest and run summary are public: readers depend on them. The others live under `work/`.
 */
import type { ChildName, ObjectName, TableName } from './names.ts';
import type { DebtScope, Position, Slice } from './reading.ts';
import type { RecordedSchema, SchemaDrift } from './schema.ts';
import type { SeenTables } from './sightings.ts';
import type { EpochMs, EpochSeconds } from './time.ts';

export type RunMode = 'incremental' | 'full_refresh' | 'backfill';

/** `work/<run>/run.json`: what StartRun decided for the whole run. */
export interface RunContext {
  readonly format: 1;
  readonly runId: string;
  readonly execution: string;
  /** The earlier of our clock and the `Date` header of `/me`. */
  readonly startedAtMs: EpochMs;
  /** Our clock minus Intercom's, in seconds, as seen on `/me`; null without a Date header. */
  readonly clockSkewSeconds: number | null;
  readonly mode: RunMode;
  /** Bounds of a backfill; null for the other modes. */
  readonly range: { readonly from: EpochSeconds; readonly to: EpochSeconds } | null;
  readonly objects: readonly ObjectName[];
  /** Digest of the resolved configuration. An attempt with a different one stops its object. */
  readonly configDigest: string;
  readonly workspaceId: string | null;
  /** For the user, such as which objects a backfill leaves out. */
  readonly notes: readonly string[];
}

/** Something that we know we have not read. Every run plans it again until it is read. */
export interface Debt {
  readonly scope: DebtScope;
  readonly reason: string;
  readonly since: string;
  /** Runs that tried to read it. */
  readonly tries: number;
}

export interface PlannedSlice extends Slice {
  /** The debt this slice pays; null for the run's own window. */
  readonly debt: Debt | null;
}

/** `work/<run>/<object>/plan.json` */
export interface Plan {
  readonly format: 1;
  readonly object: ObjectName;
  readonly runId: string;
  readonly mode: RunMode;
  readonly window: { readonly from: EpochSeconds; readonly to: EpochSeconds } | null;
  readonly slices: readonly PlannedSlice[];
  /** Debts that this run does not get to. */
  readonly carriedDebts: readonly Debt[];
  readonly cursorBefore: EpochSeconds | null;
  readonly cursorAfter: EpochSeconds | null;
  readonly startFrom: EpochSeconds | null;
  /** There is more to read than this run takes on. */
  readonly workRemains: boolean;
  /** From the last committed run; null before the first. */
  readonly schema: RecordedSchema | null;
  /** From the last committed run; missing before the first. */
  readonly writtenBy?: WrittenBy;
  /** Rows of the main table in the last committed run; null before the first. */
  readonly lastRows: number | null;
  /** Records that the plan expects to read; null if Intercom gives no count. */
  readonly expected: number | null;
}

/** One output file. `bytes` and `sha256` describe the stored file. */
export interface Part {
  readonly table: TableName;
  readonly key: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Evidence {
  readonly partsExpected: number;
  readonly partsWritten: number;
  readonly overCap: readonly string[];
  readonly relations: Readonly<Partial<Record<ChildName, number>>>;
  readonly largeRows: readonly LargeRow[];
}

/** A row that may be too long for Athena; DuckDB reads it. */
export interface LargeRow {
  readonly table: TableName;
  /** Primary key of the record, its columns joined by a slash. */
  readonly key: string;
  readonly bytes: number;
}

/** What a slice has written so far, and where to continue. */
export interface Receipt {
  readonly format: 1;
  readonly slice: string;
  readonly attempt: string;
  /** Length of the chain. Each receipt lists everything that its chain wrote. */
  readonly sequence: number;
  readonly position: Position | null;
  /** Walks of this slice that began, including the current one. */
  readonly walks: number;
  readonly parts: readonly Part[];
  /** Keys of the files with the ids read so far (each holds `[id, stampedAt][]`). */
  readonly idFiles: readonly string[];
  readonly read: number;
  readonly evidence: Evidence;
  readonly deleted: readonly string[];
  readonly newDebts: readonly Pick<Debt, 'scope' | 'reason'>[];
  /** Columns and types seen in the rows. */
  readonly schema: SeenTables;
}

/** `done.json`: the last receipt of a finished slice, and what Intercom reported at its end. */
export interface DoneReceipt extends Receipt {
  readonly matched: number | null;
  readonly short: boolean;
}

/** A planned slice, and how it ended. */
export interface DoneSlice {
  readonly slice: PlannedSlice;
  readonly done: DoneReceipt;
}

export interface ManifestFile {
  readonly key: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Completeness {
  readonly status: 'complete' | 'short' | 'unproven';
  readonly matched: number | null;
  readonly read: number;
  readonly written: number;
  readonly parts: { readonly expected: number; readonly written: number } | null;
  readonly over_cap: readonly string[];
  /** Only if there are any. */
  readonly large_rows?: readonly LargeRow[];
  readonly relations: Readonly<
    Partial<Record<ChildName, { readonly expected: number; readonly written: number }>>
  >;
  readonly debts: readonly Debt[];
}

/** The field rules that were in force when the rows were written (functions/sync/commit/written-by.ts). */
export interface WrittenBy {
  /** Tables of the object that were written. */
  readonly tables: readonly TableName[];
  /** Paths that were left out, such as `contacts.name`. */
  readonly excluded: readonly string[];
  /** Fingerprint of the hashed paths and the key. Equal rules and keys give equal fingerprints. */
  readonly hashing: string;
  /** True if rows of earlier runs still count that lack some of these columns, or were hashed differently. */
  readonly mixed: boolean;
}

/** `manifests/<object>/<run id>.json`: one line, written last. Without it the run does not exist. */
export interface Manifest {
  readonly format: 1;
  readonly object: ObjectName;
  readonly run_id: string;
  readonly mode: RunMode;
  readonly started_at: string;
  readonly committed_at: string;
  readonly window: { readonly from: EpochSeconds; readonly to: EpochSeconds } | null;
  readonly cursor: { readonly before: EpochSeconds | null; readonly after: EpochSeconds | null } | null;
  readonly tables: Readonly<
    Partial<Record<TableName, { readonly rows: number; readonly files: readonly ManifestFile[] }>>
  >;
  readonly completeness: Completeness;
  /** What this run changed, and the columns and types known after it. */
  readonly schema: RecordedSchema & SchemaDrift;
  /** Missing from manifests of earlier versions of this software. */
  readonly rules?: WrittenBy;
}

/**
 * `work/<run>/<object>/outcome.json`: why an object of a run has no manifest, or what went wrong after it
 * had one.
 */
export type Outcome =
  | { readonly status: 'committed'; readonly message: string }
  | { readonly status: 'skipped' | 'unavailable'; readonly message: string }
  | {
      readonly status: 'failed';
      readonly error: string;
      readonly message: string;
      /** Consecutive failed runs, including this one. */
      readonly failures?: number;
      /** How far the object is committed. */
      readonly cursor?: EpochSeconds | null;
    };

export interface ObjectSummary {
  readonly object: ObjectName;
  readonly status: 'committed' | 'skipped' | 'unavailable' | 'failed';
  readonly message: string | null;
  /** Class of the error, if the object failed. */
  readonly error: string | null;
  readonly rows: Readonly<Partial<Record<TableName, number>>>;
  readonly files: number;
  readonly bytes: number;
  readonly completeness: Completeness | null;
  /** Null if nothing was committed. */
  readonly schema: (SchemaDrift & Pick<RecordedSchema, 'version'>) | null;
  /** Present only if true: see `WrittenBy`. */
  readonly mixed_rules?: true;
  /** How far the object is committed; null if unknown. */
  readonly cursor: EpochSeconds | null;
  readonly work_remains: boolean;
  /** Only for a committed object. */
  readonly committed_at?: string;
  /** Only for a failed object: consecutive failed runs, including this one. */
  readonly failures?: number;
}

/** `runs/<run id>.json` */
export interface RunSummary {
  readonly format: 1;
  readonly run_id: string;
  readonly status: 'succeeded' | 'failed';
  readonly mode: RunMode;
  readonly started_at: string;
  readonly finished_at: string;
  readonly workspace_id: string | null;
  readonly objects: readonly ObjectSummary[];
  readonly notes: readonly string[];
  readonly work_remains: boolean;
}

/** `work/<run>/<object>/manifest.json`: the result of a commit in progress, for the run that has to finish it. */
export interface Draft {
  readonly manifest: Manifest;
  readonly startFrom: EpochSeconds | null;
}
