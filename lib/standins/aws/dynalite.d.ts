/** The part of dynalite 4 that is used here; it ships no types. */
declare module 'dynalite' {
  import type { Server } from 'node:http';

  export interface DynaliteOptions {
    /** LevelDB folder. */
    readonly path: string;
    /** Milliseconds a table stays CREATING. */
    readonly createTableMs: number;
    readonly deleteTableMs: number;
    readonly updateTableMs: number;
  }

  /** A server that is not listening yet; closing it closes the database. */
  export default function dynalite(options: DynaliteOptions): Server;
}
