/**
 * Keys of the files in the bucket. The layout is public: readers depend on it. No name begins with `_` or
 * `.`, because query engines treat such files as hidden.
 */
import {
  CHILD_NAMES,
  isSharedTable,
  OBJECT_NAMES,
  type ObjectName,
  SHARED_TABLES,
  type TableName,
} from './names.ts';
import type { EpochMs } from './time.ts';

/** Where a lake lies. Every key, including those in manifests, is relative to it. */
export interface LakeRoot {
  readonly bucket: string;
  /** Empty for the top of the bucket; else it ends with `/`. */
  readonly prefix: string;
}

/** `s3://company-lake/raw/intercom/` */
export const rootUrl = ({ bucket, prefix }: LakeRoot): string => `s3://${bucket}/${prefix}`;

const HASH_LENGTH = 6;

/**
 * A run id, such as `20261122T120000123Z-ab12cd`. Ids sort by start time in milliseconds. They derive from the
 * execution alone, so that a repeated StartRun does not create a second run.
 * @param executionHash hex digest of the execution's ARN, at least 6 digits
 */
export const runIdOf = (startMs: EpochMs, executionHash: string): string =>
  `${new Date(startMs).toISOString().replaceAll(/[-:.]/g, '')}-${executionHash.slice(0, HASH_LENGTH)}`;

/** Characters of a run's id. A longer id is that of a rewrite. */
export const RUN_ID_LENGTH = 'YYYYMMDDTHHMMSSmmmZ-'.length + HASH_LENGTH;

/** The start of the run with this id. */
export const runStartOf = (runId: string): EpochMs => {
  const [day, time] = [runDateOf(runId), runId.slice(9)];
  const clock = `${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4, 6)}.${time.slice(6, 9)}`;
  return Date.parse(`${day}T${clock}Z`);
};

/** The date in a run id, such as `2026-11-22`, in UTC. */
export const runDateOf = (runId: string): string =>
  `${runId.slice(0, 4)}-${runId.slice(4, 6)}-${runId.slice(6, 8)}`;

/**
 * The id of a rewrite: the last millisecond of what it holds, so that ids keep sorting by time, its tier, and a
 * digest of what it replaces, so that the same rewrite has the same id.
 * @param lastDay `2026-11-30`
 * @param pass how many times old versions were dropped from it
 */
export const rewriteIdOf = (tier: 'day' | 'month', lastDay: string, digest: string, pass = 0): string =>
  `${lastDay.replaceAll('-', '')}T235959999Z-${tier}-${pass === 0 ? '' : `p${pass}-`}${digest.slice(0, HASH_LENGTH)}`;

/** The id of a rewrite with the evidence of a run and those before it: it sorts with that run. */
export const evidenceRewriteIdOf = (lastRunId: string, digest: string): string =>
  `${lastRunId.slice(0, lastRunId.indexOf('Z-'))}Z-day-${digest.slice(0, HASH_LENGTH)}`;

const ERASED = /_e[0-9a-f]{6}$/;

/**
 * The id of what an erasure makes of a run or an earlier rewrite: it keeps its place in time and its tier, and its
 * manifest sorts after the one that it replaces.
 * @param digest of the erasure's id and `runId`
 */
export const erasedIdOf = (runId: string, digest: string): string =>
  `${originalOf(runId)}_e${digest.slice(0, HASH_LENGTH)}`;

export const isErased = (runId: string): boolean => ERASED.test(runId);

/** The id before any erasure. */
export const originalOf = (runId: string): string => runId.replace(ERASED, '');

/** True if the manifest with this id says which others it replaces. */
export const isRewrite = (runId: string): boolean => tierOf(runId) !== null || isErased(runId);

/** How many times old versions were dropped from what the id stands for. */
export const passOf = (runId: string): number => Number(/Z-month-p(\d+)-/.exec(runId)?.[1] ?? 0);

/** The tier of a rewrite's id; null for the id of a run. */
export const tierOf = (runId: string): 'day' | 'month' | null =>
  runId.includes('Z-day-') ? 'day' : runId.includes('Z-month-') ? 'month' : null;

/** The run's id in the key of its manifest or summary. */
export const runIdIn = (manifestKey: string): string =>
  manifestKey.slice(manifestKey.lastIndexOf('/') + 1).replace(/\.json$/, '');

export const tablePrefix = (table: TableName): string => `tables/${table}/`;
const partPrefix = (table: TableName, runId: string): string =>
  `${tablePrefix(table)}run_date=${runDateOf(runId)}/run_id=${runId}/`;

/** Files in a shared table begin with the object, so that IAM can tell the objects apart. */
export const partKey = (
  table: TableName,
  runId: string,
  part: {
    object: ObjectName;
    slice: string;
    attempt: string;
    number: number;
    compression: 'gzip' | 'none';
  },
): string => {
  const owner = isSharedTable(table) ? `${part.object}-` : '';
  const number = String(part.number).padStart(4, '0');
  const extension = part.compression === 'gzip' ? 'ndjson.gz' : 'ndjson';
  return `${partPrefix(table, runId)}${owner}${part.slice}-${part.attempt}-${number}.${extension}`;
};

export const evidencePrefix = (object: ObjectName): string => `evidence/${object}/`;
export const evidenceKey = (object: ObjectName, rewriteId: string, attempt: string): string =>
  `${evidencePrefix(object)}${rewriteId}-${attempt}.ndjson`;

export const manifestPrefix = (object: ObjectName): string => `manifests/${object}/`;
export const manifestKey = (object: ObjectName, runId: string): string =>
  `${manifestPrefix(object)}${runId}.json`;

export const RUNS_PREFIX = 'runs/';
export const runSummaryKey = (runId: string): string => `${RUNS_PREFIX}${runId}.json`;

/** Everything below `work/` expires after 30 days. */
export const runContextKey = (runId: string): string => `work/${runId}/run.json`;
const objectWork = (runId: string, object: ObjectName): string => `work/${runId}/${object}/`;
export const planKey = (runId: string, object: ObjectName): string => `${objectWork(runId, object)}plan.json`;
export const outcomeKey = (runId: string, object: ObjectName): string =>
  `${objectWork(runId, object)}outcome.json`;
export const draftKey = (runId: string, object: ObjectName): string =>
  `${objectWork(runId, object)}manifest.json`;
/** The manifest of the run is gone for good. */
export const purgedKey = (runId: string, object: ObjectName): string =>
  `${objectWork(runId, object)}purged.json`;
/** Receipts of a rewrite. */
export const rewriteReceiptKey = (rewriteId: string, object: ObjectName, sequence: number): string =>
  `${objectWork(rewriteId, object)}${String(sequence).padStart(6, '0')}.receipt.json`;
/** How far a rewrite has compared versions. */
export const comparisonKey = (rewriteId: string, object: ObjectName, sequence: number): string =>
  `${objectWork(rewriteId, object)}${String(sequence).padStart(6, '0')}.compared.json`;
export const slicePrefix = (runId: string, object: ObjectName, slice: string): string =>
  `${objectWork(runId, object)}${slice}/`;
export const doneKey = (runId: string, object: ObjectName, slice: string): string =>
  `${slicePrefix(runId, object, slice)}done.json`;

export const ERASURES_PREFIX = 'erasures/';
const erasurePrefix = (id: string): string => `${ERASURES_PREFIX}${id}/`;
export const erasureRequestKey = (id: string): string => `${erasurePrefix(id)}request.json`;
/** The person may come back. */
export const erasureLiftedKey = (id: string): string => `${erasurePrefix(id)}lifted.json`;
/** Replaced files go at once. */
export const erasureNowKey = (id: string): string => `${erasurePrefix(id)}now.json`;
export const erasedObjectKey = (id: string, object: ObjectName, step: 'rewritten' | 'removed'): string =>
  `${erasurePrefix(id)}${object}.${step}.json`;
export const certificateKey = (id: string): string => `${ERASURES_PREFIX}${id}.json`;

/** A list of files for a warehouse. It can be made again. */
export const loadListKey = (digest: string): string => `work/load/${digest.slice(0, 24)}.json`;

/** Folders whose files are kept. The bucket itself refuses to replace these files. */
export const WRITTEN_ONCE = ['tables/', 'manifests/', 'evidence/', RUNS_PREFIX, ERASURES_PREFIX] as const;

/** Prefixes of everything that the pipeline and its commands write: ids of runs and erasures begin with the year. */
export const WRITTEN: readonly string[] = [
  ...[...OBJECT_NAMES, ...CHILD_NAMES, ...SHARED_TABLES].map((table) => `${tablePrefix(table)}run_date=`),
  ...OBJECT_NAMES.flatMap((object) => [manifestPrefix(object), evidencePrefix(object)]),
  `${RUNS_PREFIX}20`,
  `${ERASURES_PREFIX}20`,
  'work/20',
  'work/load/',
];
