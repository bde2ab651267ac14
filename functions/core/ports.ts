/**
 * What the use cases need from outside. Memory twins and AWS adapters pass the same contract test.
 */
import type {
  AuthorizationOutcome,
  AuthorizationRequest,
  OAuthClient,
  StoredConnection,
  Workspace,
} from './authorization.ts';
import type { MetricValues } from './metrics.ts';
import type { ObjectName, TableName } from './names.ts';
import type { SeenTables } from './sightings.ts';
import type { SyncCompleted } from './sync-event.ts';
import type { EpochMs, EpochSeconds } from './time.ts';

/** The bucket. Keys are as in `lake-keys.ts`. */
export interface Lake {
  /** Puts an object that must not exist yet. Never overwrites. */
  putNew(key: string, body: Uint8Array): Promise<'written' | 'exists'>;
  /** The object's bytes; null where there is none. */
  get(key: string): Promise<Uint8Array | null>;
  /** All keys below a prefix, sorted by their bytes. */
  list(prefix: string): AsyncIterable<string>;
  delete(keys: readonly string[]): Promise<void>;
}

export interface Lease {
  readonly executionArn: string;
  readonly runId: string;
}

/** What the last commit left: everything else about it is in its manifest. */
export interface CommittedState {
  readonly runId: string;
  readonly manifestKey: string;
  /** Committed high-water mark of an incremental object; null before the first and for full-refresh objects. */
  readonly cursor: EpochSeconds | null;
  /** `startFrom` in force when the cursor was first set, or as moved earlier since; null: everything. */
  readonly startFrom: EpochSeconds | null;
}

/** Runs in a row in which an object failed. */
export interface FailureStreak {
  readonly count: number;
  /** The last run that was counted: each counts once, however often its failure is recorded. */
  readonly runId: string;
}

/** State of one object of the pipeline. One item; every change is one conditional write. */
export interface ObjectState {
  readonly object: ObjectName;
  /** Grows with each lease; an attempt of an older lease can commit nothing. */
  readonly fence: number;
  readonly lease: Lease | null;
  /** Set between the decision to commit and the commit: whoever finds it finishes it first. */
  readonly committing: { readonly runId: string; readonly draftKey: string } | null;
  readonly committed: CommittedState | null;
  /** Null after a commit. Runs that skipped the object, or found it unavailable, are not counted. */
  readonly failures: FailureStreak | null;
}

/** Thrown by no one: the answer of a conditional write that found something else. */
export type Conditional<T> = { readonly ok: true; readonly value: T } | { readonly ok: false };

export interface StateStore {
  load(object: ObjectName): Promise<ObjectState>;
  /** Takes the lease if the fence is still `fence`; raises it by one. */
  takeLease(object: ObjectName, fence: number, lease: Lease): Promise<Conditional<ObjectState>>;
  /** Marks the object as committing under the fence. */
  markCommitting(
    object: ObjectName,
    fence: number,
    committing: NonNullable<ObjectState['committing']>,
  ): Promise<Conditional<ObjectState>>;
  /** Puts the committed state under the fence, clears `committing` and `failures`; the lease stays. */
  commit(object: ObjectName, fence: number, committed: CommittedState): Promise<Conditional<ObjectState>>;
  /**
   * Counts a run in which the object failed, if the fence and what is committed are still those of `state`
   * and no later run was counted. Not ok where the run was counted before, too.
   */
  countFailure(state: ObjectState, runId: string): Promise<Conditional<ObjectState>>;
  /** Gives the lease back if it is still this one. */
  releaseLease(object: ObjectName, fence: number): Promise<void>;
  /**
   * The workspace whose data this pipeline holds: the given one if none was claimed before.
   * Keeps two workspaces from ever being mixed in one lake.
   */
  claimWorkspace(workspaceId: string): Promise<string>;
  /** The workspace claimed so far; null where none is. */
  claimedWorkspace(): Promise<string | null>;
  /** Makes the pipeline another workspace's. Its cursors are of the old one: whoever moves resets them. */
  moveWorkspace(workspaceId: string): Promise<void>;
  /** Forgets cursor, debts, schema and failures of an object: the next run reads it from `startFrom`. */
  reset(object: ObjectName, fence: number): Promise<Conditional<ObjectState>>;
}

/** What the catalog is told of an object; everything else follows from its declaration and the field rules. */
export interface KnownTables {
  /** Columns and types as the last committed run has recorded them; none before the first. */
  readonly columns: SeenTables;
  /** `2026-11-22`: no committed file is of an earlier day. */
  readonly firstDay: string;
}

/** `refused` is for good: somebody has to give a right or bring back what is missing; `message` says which. */
export type Publication =
  | { readonly status: 'published' }
  | { readonly status: 'refused'; readonly message: string };

/** The tables and views of one object, and those that all share, as query engines find them. */
export interface Catalog {
  /**
   * Makes them, or takes in what is new. Whatever order this is called in, and by however many at once: no
   * column is lost but an excluded one, and types only widen. Writes nothing where nothing differs.
   * @throws RetryableError where the catalog cannot be reached
   */
  publish(known: KnownTables): Promise<Publication>;
}

/** Executions of the workflow: is the holder of a lease still at work, and start the next run. */
export interface Executions {
  isRunning(executionArn: string): Promise<boolean>;
  /** Idempotent by `name`: a second start with the same name and input is the first. */
  start(stateMachineArn: string, name: string, input: unknown): Promise<void>;
}

/** Where others hear that a run has ended. */
export interface Events {
  /**
   * Says it. Told twice, others hear it twice, with the same `run_id`.
   * @throws RetryableError where the event was not taken
   */
  syncCompleted(event: SyncCompleted): Promise<void>;
}

/** Figures of the pipeline over time. */
export interface Metrics {
  /** @param object whose figures these are; the pipeline's metrics sum or compare them over its objects */
  record(values: MetricValues, object?: ObjectName): void;
}

export type PermitPriority = 'urgent' | 'bulk';

/** What an answer of Intercom told about the rate limit (docs/intercom-api.md 2). */
export interface RateObservation {
  /** Requests per 10-second window. */
  readonly limit: number | null;
  readonly remaining: number | null;
  /** End of the window, Unix seconds. */
  readonly resetAt: EpochSeconds | null;
  /** True for a 429: everyone pauses until `resetAt`. */
  readonly limited: boolean;
}

/** The shared budget of requests. A permit is the right to send one request. */
export interface RateBudget {
  /** Waits until a request may be sent. Rejects when `signal` aborts. */
  permit(priority: PermitPriority, signal: AbortSignal): Promise<void>;
  observe(observation: RateObservation): void;
  /** Requests per 10-second window, as learned so far. */
  limit(): Promise<number>;
}

/** What a slot is wanted for: the same for every invocation that works on it, which so keeps its place in line. */
export interface SlotClaim {
  readonly runId: string;
  /** Within the run: `plan tags`, `tags/0001`. */
  readonly work: string;
}

export interface SlotRequest {
  readonly claim: SlotClaim;
  /** Unique to the invocation. */
  readonly attempt: string;
  /** When the invocation is over for certain: from then on its slot is free, given back or not. */
  readonly until: EpochMs;
  /** Whether an earlier invocation may have kept its slot for this claim. */
  readonly mayBeKept: boolean;
}

/** The right of one invocation to as many requests at once as a slice may have in flight. */
export interface Slot {
  giveBack(): Promise<void>;
  /** Keeps it for the claim's next invocation, which must follow within a minute. */
  keep(): Promise<void>;
}

export type SlotAnswer =
  | { readonly status: 'taken'; readonly slot: Slot }
  /** Ask again after so long, with the same claim. */
  | { readonly status: 'wait'; readonly waitSeconds: number };

/** The slots that all executions of a pipeline share; there are some only where `concurrency` is set. */
export interface Slots {
  /** One of the slots, or a place in line. At no time are there more holders than slots. */
  take(request: SlotRequest): Promise<SlotAnswer>;
}

/** The stored connection to one workspace. */
export interface Connection {
  readonly accessToken: string;
}

export interface TokenSource {
  /** @throws ConnectionError where the pipeline is not connected */
  connection(): Promise<Connection>;
}

/** Replaces a text by its keyed digest: equal texts give equal digests, and without the key nothing leads back. */
export type HashText = (text: string) => string;

/** The connection's secret, as those see it who write it. */
export interface ConnectionStore {
  /** Null where the pipeline is not connected. */
  load(): Promise<StoredConnection | null>;
  save(connection: StoredConnection): Promise<void>;
  clear(): Promise<void>;
}

export interface OAuthClientSource {
  /** Null where the user has not filled it in yet. */
  load(): Promise<OAuthClient | null>;
}

/** Taking a request out, which one caller can do once. */
export type TakenAuthorization =
  | { readonly status: 'taken'; readonly request: AuthorizationRequest }
  | { readonly status: 'used' | 'expired' | 'unknown' };

/** Single-use requests to authorize, each under the SHA-256 of its state, in hex. Kept a day for `find`. */
export interface AuthorizationStore {
  begin(stateHash: string, request: AuthorizationRequest): Promise<void>;
  /** One conditional write: of any number of calls one is answered with `taken`. */
  take(stateHash: string, now: EpochSeconds): Promise<TakenAuthorization>;
  /** Leaves what came of a request that was taken, for whoever waits for it. */
  settle(stateHash: string, outcome: AuthorizationOutcome): Promise<void>;
  /** What came of a request; null while nothing has, or where there is no such request. */
  outcome(stateHash: string): Promise<AuthorizationOutcome | null>;
}

/** What came of trading a code for a token. */
export type Exchange =
  | { readonly kind: 'granted'; readonly accessToken: string }
  | { readonly kind: 'code_refused' | 'client_refused' | 'intercom_unreachable' | 'unexpected_answer' };

/** Who a token belongs to. */
export interface Identity {
  /** Null where Intercom does not say. */
  readonly workspace: Workspace | null;
  readonly region: string | null;
}

export interface AuthorizeParameters {
  readonly clientId: string;
  readonly state: string;
  /** One of the redirect URLs registered for the app. */
  readonly callbackUrl: string;
}

/** Intercom, as far as connections go. */
export interface IntercomAccess {
  /** Where a person authorizes the app. */
  authorizeUrl(parameters: AuthorizeParameters): string;
  /** Spends the code, whatever comes of it. */
  exchange(client: OAuthClient, code: string, signal: AbortSignal): Promise<Exchange>;
  /** @throws RetryableError, ConnectionError, PermissionError, UnavailableError, ContractError as for any request */
  identify(accessToken: string, signal: AbortSignal): Promise<Identity>;
  /**
   * Uninstalls the app for the token's whole workspace.
   * @throws RetryableError, ContractError where Intercom did not do it
   */
  uninstall(accessToken: string, signal: AbortSignal): Promise<'uninstalled' | 'already_gone'>;
}

/** The pipeline's hash key; asked for only where a field rule hashes. */
export interface HashSource {
  hashText(): Promise<HashText>;
}

export interface Clock {
  now(): EpochMs;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What happened, for people who watch. Adapters log it; the local assembly draws it. No values of records. */
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
      /** Requests per ten seconds that the answer said are allowed; null where it did not. */
      readonly limit: number | null;
    }
  | {
      readonly type: 'object_finished';
      readonly object: ObjectName;
      readonly status: 'committed' | 'skipped' | 'unavailable' | 'failed';
      /** Committed rows of the object's own table. */
      readonly rows: number;
    }
  /** One for each object at the end of a run: per-object figures are read from the log, where they cost no metric. */
  | {
      readonly type: 'object_summary';
      readonly runId: string;
      readonly object: ObjectName;
      readonly status: string;
      /** Class of the error of a failed object. */
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
  /** All slots of the pipeline are taken: the work is called again later. */
  | {
      readonly type: 'slot_awaited';
      readonly object: ObjectName | null;
      readonly runId: string;
      readonly waitSeconds: number;
    }
  /** A warning: the slot stays taken until the invocation that had it is over for certain. */
  | {
      readonly type: 'slot_not_returned';
      readonly object: ObjectName | null;
      readonly runId: string;
      /** Class of the error. */
      readonly error: string;
    }
  /** A warning: what stays unread though every run tries. */
  | {
      readonly type: 'old_debts';
      readonly runId: string;
      readonly object: ObjectName;
      readonly debts: number;
      /** ISO 8601. */
      readonly since: string;
    };

export type ObserveProgress = (event: ProgressEvent) => void;
