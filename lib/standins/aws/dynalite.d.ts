/** The part of dynalite 4 that we use. The package ships no types. */
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

  /** Returns a server that is not listening yet. Closing it closes the database. */
  export default function dynalite(options: DynaliteOptions): Server;
}
