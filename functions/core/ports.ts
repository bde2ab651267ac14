/**
 * What the use cases need from outside. Memory twins and AWS adapters pass the same contract tests.
 */
import type {
  AuthorizationOutcome,
  AuthorizationRequest,
  OAuthClient,
  StoredConnection,
  Workspace,
} from './authorization.ts';
import type { Share } from './cap-shares.ts';
import type { ColumnType } from './declaration.ts';
import type { MetricValues } from './metrics.ts';
import type { ObjectName, TableName } from './names.ts';
import type { ServerTime } from './server-clock.ts';
import type { SeenTables } from './sightings.ts';
import type { SyncCompleted } from './sync-event.ts';
import type { EpochMs, EpochSeconds } from './time.ts';

/** A file in the bucket, without its content. */
export interface StoredFile {
  readonly key: string;
  readonly bytes: number;
  readonly storedAtMs: EpochMs;
}

/** The bucket. Keys are as in `lake-keys.ts`. */
export interface Lake {
  /** Writes an object that must not exist yet. Never overwrites. */
  putNew(key: string, body: Uint8Array): Promise<'written' | 'exists'>;
  /** The object's bytes; null if it does not exist. */
  get(key: string): Promise<Uint8Array | null>;
  /** All keys with a prefix, sorted by their bytes. */
  list(prefix: string): AsyncIterable<string>;
  /** The same, each with its stored size, and when it was stored. */
  sizes(prefix: string): AsyncIterable<StoredFile>;
  delete(keys: readonly string[]): Promise<void>;
}

export interface Lease {
  readonly executionArn: string;
  readonly runId: string;
  /** Set if a single attempt of the run holds it alone. */
  readonly attempt?: string;
}

/** What we keep about the last commit. Its manifest has the rest. */
export interface CommittedState {
  readonly runId: string;
  readonly manifestKey: string;
  /** Committed high-water mark of an incremental object; null before the first and for full-refresh objects. */
  readonly cursor: EpochSeconds | null;
  /** `startFrom` when the cursor was first set, or an earlier one that it was moved to since; null: everything. */
  readonly startFrom: EpochSeconds | null;
}

/** Consecutive runs in which an object failed. */
export interface FailureStreak {
  readonly count: number;
  /** The last run that was counted. Each run counts once, however often its failure is recorded. */
  readonly runId: string;
}

/** State of one object of the pipeline. It is one item, and every change is one conditional write. */
export interface ObjectState {
  readonly object: ObjectName;
  /** Grows with each lease. An attempt under an older lease cannot commit anything. */
  readonly fence: number;
  readonly lease: Lease | null;
  /** Set between the decision to commit and the commit. A run that finds it finishes that commit first. */
  readonly committing: { readonly runId: string; readonly draftKey: string } | null;
  readonly committed: CommittedState | null;
  /** Null after a commit. Runs that skipped the object or found it unavailable do not count. */
  readonly failures: FailureStreak | null;
}

/** The result of a conditional write. A failed condition is an answer, not an error. */
export type Conditional<T> = { readonly ok: true; readonly value: T } | { readonly ok: false };

export interface StateStore {
  load(object: ObjectName): Promise<ObjectState>;
  /** Takes the lease and raises the fence by one, if the fence is still `fence`. */
  takeLease(object: ObjectName, fence: number, lease: Lease): Promise<Conditional<ObjectState>>;
  /** Marks the object as committing under the fence. */
  markCommitting(
    object: ObjectName,
    fence: number,
    committing: NonNullable<ObjectState['committing']>,
  ): Promise<Conditional<ObjectState>>;
  /**
   * Stores the committed state under the fence and clears `committing` and `failures`. The lease stays.
   * @param committed null leaves the object without one: a rewrite of its history after a reset
   */
  commit(
    object: ObjectName,
    fence: number,
    committed: CommittedState | null,
  ): Promise<Conditional<ObjectState>>;
  /**
   * Counts a run in which the object failed, if the fence and the committed state are still those of `state`
   * and no later run was counted. Not ok if this run was already counted.
   */
  countFailure(state: ObjectState, runId: string): Promise<Conditional<ObjectState>>;
  /** Releases the lease, if the fence is still `fence`. */
  releaseLease(object: ObjectName, fence: number): Promise<void>;
  /**
   * Returns the workspace whose data this pipeline holds. If there is none yet, claims the given one.
   * This keeps the data of two workspaces from being mixed in one lake.
   */
  claimWorkspace(workspaceId: string): Promise<string>;
  /** The claimed workspace; null if there is none. */
  claimedWorkspace(): Promise<string | null>;
  /**
   * Assigns the pipeline to another workspace. The cursors still belong to the old one, so until `endReplacement`
   * it is the replaced workspace, and no run may start.
   */
  moveWorkspace(workspaceId: string): Promise<void>;
  /** The workspace to which the cursors belong while a replacement is unfinished; null otherwise. */
  replacedWorkspace(): Promise<string | null>;
  /** Ends a replacement. The caller has reset every cursor. */
  endReplacement(): Promise<void>;
  /** Removes cursor, debts, schema and failures of an object. The next run reads it from `startFrom`. */
  reset(object: ObjectName, fence: number): Promise<Conditional<ObjectState>>;
}

/** The type of an attribute's values in SQL. */
export type AttributeType = Exclude<ColumnType, 'json'>;

/** One of the workspace's own attributes, by its key in the JSON column that holds them. */
export interface Attribute {
  readonly name: string;
  readonly type: AttributeType;
}

/** The attributes of each object's records, oldest first. */
export type Attributes = Readonly<Partial<Record<ObjectName, readonly Attribute[]>>>;

/** What the catalog needs to know about an object, besides its declaration and the field rules. */
export interface KnownTables {
  /** Columns and types recorded by the last committed run; none before the first. */
  readonly columns: SeenTables;
  /** Day of the first committed file, such as `2026-11-22`. */
  readonly firstDay: string;
  /** Attributes that the object's rows define for records of other objects. @default none */
  readonly attributes?: Attributes;
}

/** `refused` is permanent: somebody has to grant a right or restore what is missing. `message` says which. */
export type Publication =
  | { readonly status: 'published' }
  | { readonly status: 'refused'; readonly message: string };

/** The tables and views of one object, and those that all objects share, for query engines. */
export interface Catalog {
  /**
   * Creates them, or adds what is new. In whatever order and however many at once it is called, it removes only
   * excluded columns, and types only widen. Writes nothing if nothing differs.
   * @throws RetryableError if the catalog cannot be reached
   */
  publish(known: KnownTables): Promise<Publication>;
}

/** Executions of the workflow: shows whether the holder of a lease is still running, and starts the next run. */
export interface Executions {
  /** `unknown`: there is no such execution, or it is too new to be seen yet. */
  status(executionArn: string): Promise<'running' | 'over' | 'unknown'>;
  /** Idempotent by `name`: a second start with the same name and input has no effect. */
  start(stateMachineArn: string, name: string, input: unknown): Promise<void>;
}

/** Notifies others when a run has ended. */
export interface Events {
  /**
   * Sends the event. If it is sent twice, others receive it twice, with the same `run_id`.
   * @throws RetryableError if the event was not accepted
   */
  syncCompleted(event: SyncCompleted): Promise<void>;
}

/** Figures of the pipeline over time. */
export interface Metrics {
  /** @param object that the figures belong to; the pipeline's metrics sum or compare them over its objects */
  record(values: MetricValues, object?: ObjectName): void;
}

export type PermitPriority = 'urgent' | 'bulk';

/** What an answer from Intercom shows about the rate limit (docs/intercom-api.md 2). */
export interface RateObservation {
  /** Requests per 10-second window. */
  readonly limit: number | null;
  readonly remaining: number | null;
  /** True for a 429: everyone pauses until the window ends. */
  readonly limited: boolean;
  /** Null without a readable `Date` header. */
  readonly time: ServerTime | null;
}

/** The shared budget of requests. A permit is the right to send one request. */
export interface RateBudget {
  /**
   * Waits until a request may be sent. Rejects when `signal` aborts.
   * @returns what to call when the request is over, however it ended: until then a later window may count it
   */
  permit(priority: PermitPriority, signal: AbortSignal): Promise<() => void>;
  observe(observation: RateObservation): void;
  /** Requests per 10-second window, as learned so far. Rejects when `signal` aborts. */
  limit(signal?: AbortSignal): Promise<number>;
}

/** The shares of `concurrency` that the invocations of a pipeline hold. They exist only if it is set. */
export interface CapShares {
  /**
   * Replaces the list with what `change` makes of it, in one step. Repeats `change` if others were faster, and writes
   * nothing if it returns the very list that it was given. The list may hold expired shares.
   * @param signal ends the calls in progress; its reason is thrown
   * @throws RetryableError if it cannot be read or written
   */
  update<T extends { readonly shares: readonly Share[] }>(
    change: (shares: readonly Share[]) => T,
    signal?: AbortSignal,
  ): Promise<T>;
}

/** One invocation's share of the cap. */
export interface WorkShare {
  /**
   * Null: requests may be sent until `end`. Otherwise nothing was free: begin again after this many seconds.
   * @param signal ends the calls to AWS for this share, until its end
   */
  begin(signal?: AbortSignal): Promise<number | null>;
  /**
   * Waits for the requests under way, and gives the share back.
   * @param isKept whether one request is kept for the object's next invocation, which must follow within a minute
   */
  end(isKept: boolean): Promise<void>;
  /** Whether an object without any request has waited so long that this work should stop for it. */
  isWanted(): boolean;
}

/** The stored connection to one workspace. */
export interface Connection {
  readonly accessToken: string;
}

export interface TokenSource {
  /** @throws ConnectionError if the pipeline is not connected */
  connection(): Promise<Connection>;
}

/** Replaces a text by its keyed digest. Equal texts give equal digests; without the key there is no way back. */
export type HashText = (text: string) => string;

/** Access to the connection's secret for code that writes it. */
export interface ConnectionStore {
  /** Null if the pipeline is not connected. */
  load(): Promise<StoredConnection | null>;
  save(connection: StoredConnection): Promise<void>;
  clear(): Promise<void>;
}

export interface OAuthClientSource {
  /** Null if the user has not filled in the secret yet. */
  load(): Promise<OAuthClient | null>;
}

/** The result of taking a request. Only one caller can take it, once. */
export type TakenAuthorization =
  | { readonly status: 'taken'; readonly request: AuthorizationRequest }
  /** `outcome` is what came of it for the caller that took it; null if that is not known (yet). */
  | { readonly status: 'used'; readonly outcome: AuthorizationOutcome | null }
  | { readonly status: 'expired' | 'unknown' };

/** Single-use requests to authorize, each under the SHA-256 of its state, in hex. Kept for a day after they expire. */
export interface AuthorizationStore {
  begin(stateHash: string, request: AuthorizationRequest): Promise<void>;
  /** One conditional write: of any number of calls, exactly one gets `taken`. */
  take(stateHash: string, now: EpochSeconds): Promise<TakenAuthorization>;
  /** Records the outcome of a request that was taken, for the command that waits for it. */
  settle(stateHash: string, outcome: AuthorizationOutcome): Promise<void>;
  /** The outcome of a request; null if there is none yet, or no such request. */
  outcome(stateHash: string): Promise<AuthorizationOutcome | null>;
}

/** The result of exchanging a code for a token. */
export type Exchange =
  | { readonly kind: 'granted'; readonly accessToken: string }
  | { readonly kind: 'code_refused' | 'client_refused' | 'intercom_unreachable' | 'unexpected_answer' };

/** The workspace that a token belongs to. */
export interface Identity {
  /** Null if Intercom does not say. */
  readonly workspace: Workspace | null;
  readonly region: string | null;
}

export interface AuthorizeParameters {
  readonly clientId: string;
  readonly state: string;
  /** One of the redirect URLs registered for the app. */
  readonly callbackUrl: string;
}

/** The part of Intercom that connections need. */
export interface IntercomAccess {
  /** The page where a person authorizes the app. */
  authorizeUrl(parameters: AuthorizeParameters): string;
  /** Uses up the code, whatever the result. */
  exchange(client: OAuthClient, code: string, signal: AbortSignal): Promise<Exchange>;
  /** @throws RetryableError, ConnectionError, PermissionError, UnavailableError, ContractError as for any request */
  identify(accessToken: string, signal: AbortSignal): Promise<Identity>;
  /**
   * Uninstalls the app for the token's whole workspace.
   * @throws RetryableError, ContractError if Intercom did not do it
   */
  uninstall(accessToken: string, signal: AbortSignal): Promise<'uninstalled' | 'already_gone'>;
}

/** The pipeline's hash key. Needed only if a field rule hashes. */
export interface HashSource {
  hashText(): Promise<HashText>;
}

export interface Clock {
  now(): EpochMs;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What happened, for people who watch. Adapters log it, the local assembly draws it. Holds no values of records. */
export type ProgressEvent =
  | { readonly type: 'run_started'; readonly runId: string; readonly objects: readonly ObjectName[] }
  | {
      readonly type: 'object_planned';
      readonly object: ObjectName;
      readonly slices: number;
      readonly expected: number | null;
    }
  | { readonly type: 'rows'; readonly object: ObjectName; readonly rows: number; readonly read: number }
  | {
      readonly type: 'request';
      readonly object: ObjectName | null;
      readonly status: number;
      readonly waitedMs: number;
      /** Requests per ten seconds that are allowed according to the answer; null if it does not say. */
      readonly limit: number | null;
    }
  | {
      readonly type: 'object_finished';
      readonly object: ObjectName;
      readonly status: 'committed' | 'skipped' | 'unavailable' | 'failed';
      /** Committed rows of the object's own table. */
      readonly rows: number;
    }
  /** One for each object at the end of a run. Per-object figures go to the log because metrics cost money. */
  | {
      readonly type: 'object_summary';
      readonly runId: string;
      readonly object: ObjectName;
      readonly status: string;
      /** Class of the error, if the object failed. */
      readonly error: string | null;
      readonly rows: Readonly<Partial<Record<TableName, number>>>;
      /** From the run's start to the commit. */
      readonly seconds: number | null;
      readonly lagSeconds: number | null;
      readonly completeness: string | null;
      readonly matched: number | null;
      readonly read: number | null;
      readonly debts: number;
      readonly oldDebts: number;
      readonly failures: number;
    }
  /** The whole cap is in use. The workflow calls this work again later. */
  | {
      readonly type: 'share_awaited';
      readonly object: ObjectName | null;
      readonly runId: string;
      readonly waitSeconds: number;
    }
  /** A warning: the share counts until it expires. */
  | {
      readonly type: 'share_not_returned';
      readonly object: ObjectName | null;
      readonly runId: string;
      /** Class of the error. */
      readonly error: string;
    }
  /** A warning: something stays unread although every run tries to read it. */
  | {
      readonly type: 'old_debts';
      readonly runId: string;
      readonly object: ObjectName;
      readonly debts: number;
      /** ISO 8601. */
      readonly since: string;
    };

export type ObserveProgress = (event: ProgressEvent) => void;
