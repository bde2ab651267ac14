/** What the bucket keeps of an erasure, below `erasures/<id>/`: keyed hashes and counts, no value of a person. */
import type { ObjectName, TableName } from './names.ts';

/** How a person is recognized without knowing them: hashes with the pipeline's key, each of one text. */
export interface PersonHashes {
  /** Intercom's ids of the contact, and of contacts that were merged into it. */
  readonly ids: readonly string[];
  /** Addresses in lower case, and as a hashed lake holds them. */
  readonly emails: readonly string[];
  /** The customer's own ids. */
  readonly external_ids: readonly string[];
  /** Conversations and tickets with nobody else: they share their ids. */
  readonly conversations: readonly string[];
}

/** `request.json`, and with it the list of people whom later reads leave out. */
export interface ErasureRequest extends PersonHashes {
  readonly format: 1;
  readonly id: string;
  readonly requested_at: string;
  /** Hash of the id or address that the command was called with. */
  readonly subject: string;
  /** False if the person may come back with the next read. */
  readonly suppress: boolean;
}

/** A file of the lake that was written again, or was left out because nothing remained of it. */
export interface ErasedFile {
  readonly table: TableName;
  readonly before: { readonly key: string; readonly sha256: string };
  readonly after: { readonly key: string; readonly sha256: string } | null;
  readonly removed: number;
  readonly blanked: number;
}

/** `<object>.rewritten.json`: nothing that counts has the person any more. */
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
  /** What the bucket may still bring back; null if it keeps no older versions. */
  readonly older_versions: { readonly files: number; readonly until: string } | null;
}
