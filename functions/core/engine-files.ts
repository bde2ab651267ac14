/**
 * The files that the sync engine writes: the run's context, and each object's plan, receipts and manifest.
 * Manifest and run summary are public: their format is part of the output. The others lie under `work/`.
 */
import type { ErasedFile } from './erasure.ts';
import type { ChildName, ObjectName, TableName } from './names.ts';
import type { DebtScope, Observed, Position, Slice } from './reading.ts';
import type { RelationCounts } from './relationship.ts';
import type { Requests } from './requests.ts';
import type { RecordedSchema, SchemaDrift } from './schema.ts';
import type { SeenTables } from './sightings.ts';
import type { EpochMs, EpochSeconds } from './time.ts';

export type RunMode = 'incremental' | 'full_refresh' | 'backfill';

/** What to read again, by object. */
export type Repairs = Readonly<Partial<Record<ObjectName, readonly DebtScope[]>>>;

/** `work/<run>/run.json`: what StartRun decided for the whole run. */
export interface RunContext {
  readonly format: 1;
  readonly runId: string;
  readonly execution: string;
  /** The earlier of our clock and the `Date` header of `/me`. */
  readonly startedAtMs: EpochMs;
  /** Our clock minus Intercom's, in seconds, measured on `/me`; null if the answer has no `Date` header. */
  readonly clockSkewSeconds: number | null;
  readonly mode: RunMode;
  /** Bounds of a backfill; null for the other modes. */
  readonly range: { readonly from: EpochSeconds; readonly to: EpochSeconds } | null;
  readonly objects: readonly ObjectName[];
  /** What an audit found missing, by object: the run's first debts. Missing if no repair was asked for. */
  readonly repairs?: Repairs;
  /** Digest of the code's version and the resolved configuration. An attempt with another digest stops its object. */
  readonly configDigest: string;
  readonly workspaceId: string | null;
  /** Present if nobody has ever connected the pipeline: the run has no objects, and reads nothing. */
  readonly notConnected?: true;
  /** Messages for the user, such as which objects a backfill leaves out. */
  readonly notes: readonly string[];
}

/** A count that the walk of a window does not reach, as last found. */
export interface CountedShort {
  /** Intercom's count. */
  readonly matched: number;
  /** Records that it lists. */
  readonly listed: number;
  /** SHA-256 of their ids and times: equal if nothing has changed. Null for an object that is read whole. */
  readonly digest: string | null;
}

/** Something that a run could not read. It is planned again until it is read. */
export interface Debt {
  readonly scope: DebtScope;
  readonly reason: string;
  /** Start of the run that first owed it, ISO 8601. */
  readonly since: string;
  /** Runs that have tried to read it. */
  readonly tries: number;
  /** Set if only a count is known to be wrong: the window is then not read again until it changes. */
  readonly count?: CountedShort;
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
  /** All debts of the last committed run: if one is found again, it keeps its date. */
  readonly previousDebts: readonly Debt[];
  /** Debts that this run leaves to a later one. */
  readonly carriedDebts: readonly Debt[];
  readonly cursorBefore: EpochSeconds | null;
  readonly cursorAfter: EpochSeconds | null;
  readonly startFrom: EpochSeconds | null;
  /** There is more to read than this run takes on. */
  readonly workRemains: boolean;
  /** The schema after the last committed run; null before the first. */
  readonly schema: RecordedSchema | null;
  /** The rules of the last committed run; missing before the first. */
  readonly writtenBy?: WrittenBy;
  /** Rows of the main table in the last committed run; null before the first. */
  readonly lastRows: number | null;
  /** Records that the plan expects to read; null if Intercom gives no count. */
  readonly expected: number | null;
  /** How far the list of deleted records has been read, before this run and after it. Missing if there is none. */
  readonly deletedList?: { readonly before: EpochSeconds | null; readonly after: EpochSeconds };
  /** Day of the last safety re-read after this run, in UTC. Missing if there was none. */
  readonly rereadOn?: string;
  /** Erasures that were asked for before the run began to read. Missing if there were none. */
  readonly erasures?: readonly string[];
  /** Requests sent to count what there is to read. Missing if there were none. */
  readonly requests?: Requests;
}

/** One output file. `bytes` and `sha256` describe the stored file, after compression. */
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
  readonly relations: RelationCounts;
  readonly largeRows: readonly LargeRow[];
  readonly rejects: number;
  /** Records of people who were erased: read but not written. Missing if there were none. */
  readonly suppressed?: number;
  /** Records whose time could not be read. */
  readonly untimed: number;
  readonly observed: Observed;
}

/** A row that may be too long for Athena. DuckDB reads it. */
export interface LargeRow {
  readonly table: TableName;
  /** Primary key of the record; several keys are joined by `/`. */
  readonly key: string;
  readonly bytes: number;
}

/** A debt as the slice that found it reports it. */
export type NewDebt = Pick<Debt, 'scope' | 'reason' | 'count'>;

/** What a slice has written, and where to continue. */
export interface Receipt {
  readonly format: 1;
  readonly slice: string;
  readonly attempt: string;
  /** Length of the chain. Each receipt lists everything that its chain wrote. */
  readonly sequence: number;
  readonly position: Position | null;
  /** Walks of this slice so far, including the present one. */
  readonly walks: number;
  readonly parts: readonly Part[];
  /** Keys of the files with the ids read so far (`[id, stampedAt][]` each). */
  readonly idFiles: readonly string[];
  /** Requests sent for this slice, including walks that were given up. Missing if there were none. */
  readonly requests?: Requests;
  readonly read: number;
  readonly evidence: Evidence;
  readonly deleted: readonly string[];
  readonly newDebts: readonly NewDebt[];
  /** Columns and types seen in the rows. */
  readonly schema: SeenTables;
}

/** `done.json`: the last receipt of a finished slice, and how its last walk ended. */
export interface DoneReceipt extends Receipt {
  /** Intercom's count of the slice; null if it gives none. */
  readonly matched: number | null;
  /** True if fewer records were read than Intercom counts. */
  readonly short: boolean;
  /** Why the rest of the slice could not be read. Missing if it was read. */
  readonly lost?: string;
}

/** A slice of the plan, with how it ended. */
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
  /** Records read and left out because they are of a person who was erased. Missing if there were none. */
  readonly suppressed?: number;
  readonly parts: { readonly expected: number; readonly written: number } | null;
  readonly over_cap: readonly string[];
  /** Missing if there are none. */
  readonly large_rows?: readonly LargeRow[];
  readonly relations: Readonly<
    Partial<
      Record<
        ChildName,
        {
          readonly expected: number;
          readonly written: number;
          /** Records that came without the list. Missing if there are none. */
          readonly unknown?: number;
        }
      >
    >
  >;
  readonly debts: readonly Debt[];
  /** Assumptions about Intercom that did not hold in this run. Missing if all did. */
  readonly observed?: Observed;
}

/** The rules under which the rows were written (functions/sync/commit/written-by.ts). */
export interface WrittenBy {
  /** Tables of the object that were written. */
  readonly tables: readonly TableName[];
  /** Fields that were left out, such as `contacts.name`. */
  readonly excluded: readonly string[];
  /** Digest of what was hashed, and with which key. */
  readonly hashing: string;
  /** True if current rows of earlier runs lack something that these have, or were hashed differently. */
  readonly mixed: boolean;
}

/** The kinds of rewrites of committed history. */
export type RewriteMode = 'compaction' | 'erasure';

/**
 * `manifests/<object>/<run id>.json`: one line, written last. Without it the object's run does not exist. A manifest
 * counts unless another one replaces it.
 */
export interface Manifest {
  readonly format: 1;
  readonly object: ObjectName;
  readonly run_id: string;
  readonly mode: RunMode | RewriteMode;
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
  /** Missing in manifests of earlier versions of this software. */
  readonly rules?: WrittenBy;
  /** Deletions before this time are known; null if the list was never read. Missing if the object has none. */
  readonly deleted_list?: { readonly up_to: EpochSeconds | null };
  /** Requests sent to Intercom for this run of the object, and how many it allows. Missing if there were none. */
  readonly requests?: Requests;
  /** Day of the last safety re-read in UTC, such as `2026-11-22`. Missing if there was none. */
  readonly reread_on?: string;
  /** For a rewrite: the runs whose rows are in its files, and earlier rewrites of them. They no longer count. */
  readonly replaces?: readonly string[];
  /** For a rewrite: the first and the last day that its files hold, such as `2026-11-01`. */
  readonly spans?: { readonly from: string; readonly to: string };
  /**
   * For a rewrite that dropped superseded versions: states of `before` (ISO 8601) and later are whole; `rows` is how
   * many rows were dropped.
   */
  readonly dropped?: { readonly before: string; readonly rows: number };
  /** For a rewrite: what the replaced manifests proved, a line each. */
  readonly evidence?: readonly ManifestFile[];
  /** For an erasure: its id, and the files that it rewrote. All others are files of what it replaces. */
  readonly erased?: { readonly id: string; readonly files: readonly ErasedFile[] };
}

/** A line of a rewrite's evidence: a replaced manifest without its list of files. */
export interface ReplacedRun
  extends Omit<Manifest, 'tables' | 'schema' | 'format' | 'replaces' | 'evidence' | 'erased'> {
  readonly rows: Readonly<Partial<Record<TableName, number>>>;
}

/** `work/<rewrite id>/<object>/<sequence>.receipt.json`: how far a rewrite has come. */
export interface RewriteReceipt {
  readonly format: 1;
  /** How many source files are done. */
  readonly taken: number;
  readonly parts: readonly Part[];
  /** For an erasure: the files that changed. The others are in `parts` as they were. */
  readonly erased?: readonly ErasedFile[];
}

/** `work/<run>/<object>/outcome.json`: why the object has no manifest, or what went wrong after it had one. */
export type Outcome =
  | { readonly status: 'committed'; readonly message: string }
  | { readonly status: 'skipped' | 'unavailable'; readonly message: string }
  | {
      readonly status: 'failed';
      readonly error: string;
      readonly message: string;
      /** Failed runs in a row, including this one. */
      readonly failures?: number;
      /** The cursor of the last commit. */
      readonly cursor?: EpochSeconds | null;
    };

export interface ObjectSummary {
  readonly object: ObjectName;
  readonly status: 'committed' | 'skipped' | 'unavailable' | 'failed';
  readonly message: string | null;
  /** Class name of the error if the object failed. */
  readonly error: string | null;
  readonly rows: Readonly<Partial<Record<TableName, number>>>;
  readonly files: number;
  readonly bytes: number;
  /** `requests` of the manifest. */
  readonly requests?: Requests;
  readonly completeness: Completeness | null;
  /** Null if nothing was committed. */
  readonly schema: (SchemaDrift & Pick<RecordedSchema, 'version'>) | null;
  /** `mixed` of `WrittenBy`; missing if false. */
  readonly mixed_rules?: true;
  /** The cursor of the last commit; null if none is known. */
  readonly cursor: EpochSeconds | null;
  readonly work_remains: boolean;
  /** Present if the object was committed. */
  readonly committed_at?: string;
  /** The lake has what Intercom showed of the object up to here, or owes it; null if nothing was ever committed. */
  readonly up_to: string | null;
  /** Present if the object failed: failed runs in a row, including this one. */
  readonly failures?: number;
  /** Present if it was unavailable in the run before, too, so that a person has already been told. */
  readonly still?: true;
}

/** `runs/<run id>.json` */
export interface RunSummary {
  readonly format: 1;
  readonly run_id: string;
  /** `not_connected`: nobody has connected the pipeline yet, so there was nothing to do. This is not a failure. */
  readonly status: 'succeeded' | 'failed' | 'not_connected';
  readonly mode: RunMode;
  readonly started_at: string;
  readonly finished_at: string;
  readonly workspace_id: string | null;
  readonly objects: readonly ObjectSummary[];
  readonly notes: readonly string[];
  readonly work_remains: boolean;
  /** Present if work remains and no next run was started, because the pipeline is paused. */
  readonly paused?: true;
}

/** `work/<run>/<object>/manifest.json`: what a commit in progress will write, so that any later run can finish it. */
export interface Draft {
  readonly manifest: Manifest;
  readonly startFrom: EpochSeconds | null;
}
