/** What the bucket keeps about an erasure, below `erasures/<id>/`: keyed hashes and counts, no personal values. */
import type { ObjectName, TableName } from './names.ts';

/** How a person is recognized without being named: hashes with the pipeline's key, each of one text. */
export interface PersonHashes {
  /** Intercom's ids of the contact, and of contacts that were merged into it. */
  readonly ids: readonly string[];
  /** Addresses in lower case, and in the form in which a hashed lake holds them. */
  readonly emails: readonly string[];
  /** The customer's own ids. */
  readonly external_ids: readonly string[];
  /** Conversations and tickets with nobody else: they share their ids. */
  readonly conversations: readonly string[];
}

/** `request.json`. Later reads leave out the people of all requests. */
export interface ErasureRequest extends PersonHashes {
  readonly format: 1;
  readonly id: string;
  readonly requested_at: string;
  /** Hash of the id or address that the command was called with. */
  readonly subject: string;
  /** False if the person may come back with the next read. */
  readonly suppress: boolean;
}

/** A file of the lake that was rewritten, or dropped because nothing remained of it. */
export interface ErasedFile {
  readonly table: TableName;
  readonly before: { readonly key: string; readonly sha256: string };
  readonly after: { readonly key: string; readonly sha256: string } | null;
  readonly removed: number;
  readonly blanked: number;
}

/** `<object>.rewritten.json`: the person is no longer in anything that counts. */
export interface ErasedObject {
  readonly format: 1;
  readonly object: ObjectName;
  readonly rewritten_at: string;
  readonly files: readonly ErasedFile[];
}

/** `erasures/<id>.json`: what was erased, once the replaced files are gone. */
export interface ErasureCertificate {
  readonly format: 1;
  readonly id: string;
  readonly requested_at: string;
  readonly completed_at: string;
  readonly subject: string;
  readonly suppressed: boolean;
  readonly objects: readonly Omit<ErasedObject, 'format'>[];
  /** Files that no manifest listed and that had the person: left-overs, receipts, summaries. */
  readonly other_files: number;
  /** Older versions in the bucket; null if it keeps none. */
  readonly older_versions: {
    readonly removed: number;
    /** How many the bucket may still bring back; null if they could not be listed. */
    readonly left: number | null;
    /** When the pipeline's own bucket drops them; null if none are left, or if your bucket has rules of its own. */
    readonly until: string | null;
  } | null;
}
