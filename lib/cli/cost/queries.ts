/** What Athena queries cost: the bytes that they read, and the S3 requests to find them. Pure. */
import { DEFAULT_LIMITS } from '../../../functions/sync/dependencies.ts';
import { DAYS_PER_MONTH, PRICES } from './prices.ts';
import { storedBytes, type Volumes } from './usage.ts';

/** The tables whose queries are counted. A query reads its table whole: every version of every record. */
export const QUERIED = ['contacts', 'conversations', 'conversation_parts'] as const;
export type Queried = (typeof QUERIED)[number];

const DAYS_PER_YEAR = 365;

export interface QueryUsage {
  readonly bytes: number;
  /** Data files and manifests. */
  readonly gets: number;
  /** Folders, one a day. */
  readonly lists: number;
}

/**
 * Files that a year of runs leaves for each table. Without compaction: one for each run. With it: one for each month, one
 * for each day of this month and the last, and one for each run of today (docs/decisions/019).
 */
const filesOfRuns = (runsPerDay: number, isCompacted: boolean): number =>
  isCompacted ? 12 + 2 * 31 + runsPerDay : DAYS_PER_YEAR * runsPerDay;

/** One query after a year of operation. */
export function queryUsage(
  table: Queried,
  volumes: Volumes,
  { runsPerDay, isCompacted }: { readonly runsPerDay: number; readonly isCompacted: boolean },
): QueryUsage {
  const bytes = storedBytes(table, volumes, DAYS_PER_YEAR);
  const ofRuns = filesOfRuns(runsPerDay, isCompacted);
  // A file and a manifest for each run or rewrite; more parts for the first load and for months larger than one part.
  return { bytes, gets: 2 * ofRuns + bytes / DEFAULT_LIMITS.partBytes, lists: DAYS_PER_YEAR };
}

/** US dollars for one such query. */
const queryDollars = ({ bytes, gets, lists }: QueryUsage): number =>
  Math.max(bytes, PRICES.athenaLeastBytes) * PRICES.athenaByte + gets * PRICES.s3Get + lists * PRICES.s3Put;

/** US dollars a month for this many such queries a day. */
export const monthlyQueryDollars = (usage: QueryUsage, perDay: number): number =>
  queryDollars(usage) * perDay * DAYS_PER_MONTH;
