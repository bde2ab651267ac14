/**
 * The files the sync engine leaves: the run's context, the object's plan, receipts and the manifest.
 * Manifest and run summary are public (DESIGN: output contract); the others live under `work/`.
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
  /** Digest of the resolved configuration; an attempt with another one stops its object. */
  readonly configDigest: string;
  readonly workspaceId: string | null;
  /** Said to the user, such as objects a backfill leaves out. */
  readonly notes: readonly string[];
}

/** Something known to be unread, planned again until it is read. */
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
  /** Debts this run does not come to. */
  readonly carriedDebts: readonly Debt[];
  readonly cursorBefore: EpochSeconds | null;
  readonly cursorAfter: EpochSeconds | null;
  readonly startFrom: EpochSeconds | null;
  /** More is to be read than this run takes on. */
  readonly workRemains: boolean;
  /** As the last committed run left it; null before the first. */
  readonly schema: RecordedSchema | null;
  /** As the last committed run left it; missing before the first. */
  readonly writtenBy?: WrittenBy;
  /** Rows of the main table in the last committed run; null before the first. */
  readonly lastRows: number | null;
  /** Records the plan expects to read; null where Intercom gives no count. */
  readonly expected: number | null;
}

/** One output file, as put. `bytes` and `sha256` are of the stored file. */
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

/** A row longer than Athena reads with certainty; DuckDB reads it. */
export interface LargeRow {
  readonly table: TableName;
  /** Primary key of the record, its parts joined by a slash. */
  readonly key: string;
  readonly bytes: number;
}

/** What a slice has written and where to go on. */
export interface Receipt {
  readonly format: 1;
  readonly slice: string;
  readonly attempt: string;
  /** Length of the chain; each receipt lists everything its chain wrote. */
  readonly sequence: number;
  readonly position: Position | null;
  /** Walks of this slice begun, the present one included. */
  readonly walks: number;
  readonly parts: readonly Part[];
  /** Keys of the ids read so far (`[id, stampedAt][]` each). */
  readonly idFiles: readonly string[];
  readonly read: number;
  readonly evidence: Evidence;
  readonly deleted: readonly string[];
  readonly newDebts: readonly Pick<Debt, 'scope' | 'reason'>[];
  /** What the rows showed of their own shape. */
  readonly schema: SeenTables;
}

/** `done.json`: the last receipt of a finished slice, and what its end said. */
export interface DoneReceipt extends Receipt {
  readonly matched: number | null;
  readonly short: boolean;
}

/** A slice of the plan with how it ended. */
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
  /** Only where there are any. */
  readonly large_rows?: readonly LargeRow[];
  readonly relations: Readonly<
    Partial<Record<ChildName, { readonly expected: number; readonly written: number }>>
  >;
  readonly debts: readonly Debt[];
}

/** Which rules the rows were written by (functions/sync/commit/written-by.ts). */
export interface WrittenBy {
  /** Tables of the object that were written. */
  readonly tables: readonly TableName[];
  /** Places that were left out, `contacts.name`. */
  readonly excluded: readonly string[];
  /** Of what was hashed, and of the key; the same for the same. */
  readonly hashing: string;
  /** Rows of earlier runs that still count lack what these have, or were hashed in another way. */
  readonly mixed: boolean;
}

/** `manifests/<object>/<run id>.json`, one line, written last: without it the run does not exist. */
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
  /** What this run changed, and the columns and types as they are known after it. */
  readonly schema: RecordedSchema & SchemaDrift;
  /** Manifests of earlier versions of this software have none. */
  readonly rules?: WrittenBy;
}

/**
 * Why an object of a run has no manifest, or what went wrong once it had one;
 * `work/<run>/<object>/outcome.json`.
 */
export type Outcome =
  | { readonly status: 'committed'; readonly message: string }
  | { readonly status: 'skipped' | 'unavailable'; readonly message: string }
  | {
      readonly status: 'failed';
      readonly error: string;
      readonly message: string;
      /** Runs in a row that failed, this one included. */
      readonly failures?: number;
      /** How far the object is committed. */
      readonly cursor?: EpochSeconds | null;
    };

export interface ObjectSummary {
  readonly object: ObjectName;
  readonly status: 'committed' | 'skipped' | 'unavailable' | 'failed';
  readonly message: string | null;
  /** Name of the error's class, of a failed object. */
  readonly error: string | null;
  readonly rows: Readonly<Partial<Record<TableName, number>>>;
  readonly files: number;
  readonly bytes: number;
  readonly completeness: Completeness | null;
  /** Null where nothing was committed. */
  readonly schema: (SchemaDrift & Pick<RecordedSchema, 'version'>) | null;
  /** Only where it is true: see `WrittenBy`. */
  readonly mixed_rules?: true;
  /** How far the object is committed, where that is known. */
  readonly cursor: EpochSeconds | null;
  readonly work_remains: boolean;
  /** Of a committed object. */
  readonly committed_at?: string;
  /** Of a failed object: runs in a row that failed, this one included. */
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

/** `work/<run>/<object>/manifest.json`: what a commit in progress will leave, for whoever has to finish it. */
export interface Draft {
  readonly manifest: Manifest;
  readonly startFrom: EpochSeconds | null;
}
