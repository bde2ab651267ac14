/** Follows a lake through its syncs: what it must hold after each, and what each may have read. */
import type { Simulator } from '../../../lib/standins/intercom/index.ts';
import {
  emptyTables,
  type Rows,
  type SyncedRange,
  synced,
  type Tables,
  tableProblems,
} from './expected-tables.ts';
import type { LakeView } from './lake-reader.ts';
import type { ExactObject } from './lossless-json.ts';
import {
  factsOf,
  INCREMENTAL,
  isShared,
  keyText,
  OBJECTS,
  objectOf,
  TABLE_NAMES,
  type Table,
} from './tables.ts';

export interface SyncedHow {
  /** @default all of them */
  readonly objects?: readonly Table[];
  /** Of a backfill, epoch seconds. */
  readonly range?: SyncedRange;
  /** Incremental objects were read from their beginning. */
  readonly isFullRefresh?: boolean;
}

export interface Expectation {
  /** Takes in that the workspace, as it is now, was synced; cursors are those the lake had before. */
  synced(how?: SyncedHow): void;
  /** A conversation that was seen to be gone. */
  deleted(conversationId: string): void;
  /** Every difference between the lake and what it must hold; none is well. Learns the cursors. */
  problems(lake: LakeView, tables?: readonly Table[]): readonly string[];
  /** The cursor that the last sync before left. */
  cursor(object: Table): number | null;
  tables(): Tables;
}

/** The default. */
const OVERLAP_SECONDS = 15 * 60;

export function expectationOf(
  simulator: Pick<Simulator, 'workspace'>,
  archived: ReadonlySet<string> = new Set(),
): Expectation {
  let tables = emptyTables();
  const cursors = new Map<Table, number | null>();
  const cursor = (object: Table): number | null => cursors.get(object) ?? null;

  function deleted(id: string): void {
    tables.deletions.set(`conversations / ${id}`, { object: 'conversations', id });
  }

  /** Deletions that Intercom listed at the last sync of conversations, by their times. */
  let listed: ReturnType<Simulator['workspace']['deletedConversations']> = [];
  /** What was deleted before is not in the lake: the overlap before the first run of conversations. */
  let firstListed: number | null = null;

  function takeDeletions(): void {
    for (const { id, deletedAt } of listed) if (firstListed !== null && deletedAt >= firstListed) deleted(id);
  }

  /** Cursors only move forward, each from where the last run left it. */
  function cursorProblems(lake: LakeView): readonly string[] {
    const problems: string[] = [];
    for (const object of INCREMENTAL) {
      let last: number | null = null;
      for (const { cursor: moved, run_id: run, mode, started_at: startedAt } of lake.counting(object)) {
        if (moved === null) {
          problems.push(`${object} ${run} has no cursor`);
          continue;
        }
        if (moved.before !== last)
          problems.push(`${object} ${run} began at ${moved.before}, the cursor was ${last}`);
        if (mode === 'backfill' && moved.after !== last)
          problems.push(`${object} ${run} moved the cursor of a backfill`);
        if (last !== null && (moved.after === null || moved.after < last))
          problems.push(`${object} ${run} moved the cursor back`);
        const latest = Math.floor(Date.parse(startedAt) / 1000) - OVERLAP_SECONDS;
        const isRun = mode === 'incremental' || mode === 'full_refresh';
        if (isRun && (moved.after === null || moved.after > latest))
          problems.push(`${object} ${run} moved the cursor to ${moved.after}, beyond ${latest}`);
        last = moved.after;
      }
      cursors.set(object, last);
    }
    return problems;
  }

  return {
    cursor,
    tables: () => tables,
    synced({ objects = OBJECTS, range, isFullRefresh = false } = {}) {
      const rangeOf = (object: Table): SyncedRange =>
        range ?? (isFullRefresh ? {} : { from: cursor(object) });
      tables = synced(tables, { simulator, archived }, objects, rangeOf);
      if (!objects.includes('conversations') || range !== undefined) return;
      listed = [...simulator.workspace.deletedConversations()];
      takeDeletions();
    },
    deleted,
    problems(lake, names = TABLE_NAMES) {
      const [first] = lake.manifests('conversations');
      if (first !== undefined) {
        firstListed = Math.floor(Date.parse(first.started_at) / 1000) - OVERLAP_SECONDS;
        takeDeletions();
      }
      const wrong = names.flatMap((table) =>
        table === 'deletions'
          ? deletionProblems(tables.deletions, lake.current('deletions'))
          : tableProblems(table, tables[table], lake.current(table)),
      );
      return [...wrong, ...cursorProblems(lake), ...proofProblems(lake)];
    },
  };
}

/**
 * What was lost: everything the workspace holds must be in the lake as it is. Rows of records that are
 * gone, and parts beyond the newest 500, may be left in tables that are not read whole.
 */
export function lostRows(simulator: Pick<Simulator, 'workspace'>, lake: LakeView): readonly string[] {
  const truth = synced(emptyTables(), { simulator }, OBJECTS);
  return TABLE_NAMES.filter((table) => !isShared(table)).flatMap((table) => {
    const rows = lake.current(table);
    if (factsOf(table).sync === 'full_refresh') return tableProblems(table, truth[table], rows);
    const owner = objectOf(table);
    const ownerKey = factsOf(table).parent?.key ?? factsOf(table).key;
    const isThere = (row: ExactObject): boolean => {
      const key = keyText(ownerKey.map((name) => row[name]));
      return truth[owner].has(key);
    };
    const alive = [...rows].filter(([, row]) => isThere(row));
    return tableProblems(table, truth[table], new Map(alive));
  });
}

/** The record that a column of a key names. */
const NAMED: Readonly<Record<string, Table>> = {
  contact_id: 'contacts',
  company_id: 'companies',
  conversation_id: 'conversations',
  tag_id: 'tags',
};

export type GoneRecords = Readonly<Partial<Record<Table, ReadonlySet<string>>>>;

/**
 * Every difference between the lake and Intercom. Tables that are not read whole keep the rows of records that are
 * gone, and of lists that named them, because Intercom stamps no change there; the live views leave them out.
 * @param gone records that were deleted or merged away
 */
export function differences(
  simulator: Pick<Simulator, 'workspace'>,
  lake: LakeView,
  gone: GoneRecords,
  tables: readonly Table[] = TABLE_NAMES,
): readonly string[] {
  const truth = synced(emptyTables(), { simulator }, OBJECTS);
  return tables
    .filter((table) => !isShared(table))
    .flatMap((table) => {
      const { sync, key } = factsOf(table);
      const isGone = (row: ExactObject): boolean =>
        key.some((name) => gone[name === 'id' ? table : (NAMED[name] ?? table)]?.has(String(row[name])));
      const rows = [...lake.current(table)].filter(([, row]) => sync === 'full_refresh' || !isGone(row));
      return tableProblems(table, truth[table], new Map(rows));
    });
}

/** Every difference between the deletions and those that there must be; of each only what it says, not when. */
export function deletionProblems(expected: Rows, found: ReadonlyMap<string, ExactObject>): readonly string[] {
  const missing = [...expected.keys()].filter((key) => !found.has(key)).map((key) => `no deletion of ${key}`);
  const wrong = [...found].flatMap(([key, { how, detected_at: at }]) => {
    if (!expected.has(key)) return [`deletion of ${key}, which was not to be noticed`];
    return typeof how === 'string' && typeof at === 'number' ? [] : [`deletion of ${key} says too little`];
  });
  return [...missing, ...wrong];
}

/** Manifests must agree with themselves, and call nothing complete that is not. */
function proofProblems(lake: LakeView): readonly string[] {
  return OBJECTS.flatMap((object) =>
    lake.manifests(object).flatMap(({ run_id: run, completeness, tables }) => {
      const { status, matched, read, written, relations, parts } = completeness;
      const problems: string[] = [];
      const say = (problem: string): void => void problems.push(`${object} ${run}: ${problem}`);
      if (written !== (tables[object]?.rows ?? 0)) say('written is not the rows of the main table');
      if (object === 'activity_logs' ? status === 'complete' : status === 'unproven') say(`is ${status}`);
      if (status === 'complete' && matched !== null && read < matched && (tables.deletions?.rows ?? 0) === 0)
        say(`complete with ${read} of ${matched}`);
      for (const [child, counts] of Object.entries(relations)) {
        if (status === 'complete' && counts !== undefined && counts.written < counts.expected)
          say(`complete with ${counts.written} of ${counts.expected} rows of ${child}`);
        if (counts !== undefined && counts.written !== (tables[child]?.rows ?? 0))
          say(`${child} is not as written`);
      }
      if ((object === 'conversation_parts') !== (parts !== null)) say('parts are counted wrongly');
      for (const table of Object.keys(tables)) {
        if (!isShared(table) && objectOf(table as Table) !== object) say(`holds ${table}`);
      }
      return problems;
    }),
  );
}
