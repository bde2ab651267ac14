/**
 * What the use cases need from outside. Memory twins and AWS adapters pass the same contract test.
 */
import type { ObjectName } from './names.ts';
import type { SeenTables } from './sightings.ts';
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

/** State of one object of the pipeline. One item; every change is one conditional write. */
export interface ObjectState {
  readonly object: ObjectName;
  /** Grows with each lease; an attempt of an older lease can commit nothing. */
  readonly fence: number;
  readonly lease: Lease | null;
  /** Set between the decision to commit and the commit: whoever finds it finishes it first. */
  readonly committing: { readonly runId: string; readonly draftKey: string } | null;
  readonly committed: CommittedState | null;
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
  /** Puts the committed state under the fence and clears `committing`; the lease stays. */
  commit(object: ObjectName, fence: number, committed: CommittedState): Promise<Conditional<ObjectState>>;
  /** Gives the lease back if it is still this one. */
  releaseLease(object: ObjectName, fence: number): Promise<void>;
  /**
   * The workspace whose data this pipeline holds: the given one if none was claimed before.
   * Keeps two workspaces from ever being mixed in one lake.
   */
  claimWorkspace(workspaceId: string): Promise<string>;
  /** Forgets cursor, debts and schema of an object: the next run reads it from `startFrom`. */
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

export type PermitPriority = 'urgent' | 'bulk';

/** What an answer of Intercom told about the rate limit (facts 2). */
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
      readonly status: string;
      readonly rows: number;
    };

export type ObserveProgress = (event: ProgressEvent) => void;
