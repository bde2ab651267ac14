/**
 * The environment of a function, defined once: the constructs write these names and the entries read them. It
 * holds names only. The configuration is a file beside the bundle, and the token is in the secret.
 */
import type { LakeRoot } from './core/lake-keys.ts';
import { isObjectName, type ObjectName } from './core/names.ts';

/** The entry points: each is `functions/<name>.lambda.ts`. */
export const FUNCTION_ENTRIES = [
  'extractor',
  'start-run',
  'record-failure',
  'finish-run',
  'oauth-callback',
] as const;

export type FunctionEntry = (typeof FUNCTION_ENTRIES)[number];

/** `detailed` adds metrics and alarms per object to those of the pipeline. */
export type MetricsDetail = 'standard' | 'detailed';

/** Names of what a function may need. */
export interface Places {
  /** Bucket of the lake. */
  readonly BUCKET_NAME: string;
  /** Table with cursors, leases, the shared rate budget and requests to authorize. */
  readonly TABLE_NAME: string;
  /** Name or ARN of the secret with the connection. */
  readonly CONNECTION_SECRET_NAME: string;
  /** Name or ARN of the secret with the hash key. */
  readonly HASH_KEY_SECRET_NAME: string;
  /** Name or ARN of the secret with client id and secret of the app at Intercom. */
  readonly OAUTH_CLIENT_SECRET_NAME: string;
  /** Glue database of the tables. */
  readonly GLUE_DATABASE: string;
}

export type PlaceName = keyof Places;

/** Each function gets the names of what it uses, nothing else. */
export const PLACES_OF: Readonly<Record<FunctionEntry, readonly PlaceName[]>> = {
  extractor: ['BUCKET_NAME', 'TABLE_NAME', 'CONNECTION_SECRET_NAME', 'HASH_KEY_SECRET_NAME', 'GLUE_DATABASE'],
  'start-run': ['BUCKET_NAME', 'TABLE_NAME', 'CONNECTION_SECRET_NAME'],
  'record-failure': ['BUCKET_NAME', 'TABLE_NAME'],
  'finish-run': ['BUCKET_NAME'],
  'oauth-callback': ['TABLE_NAME', 'CONNECTION_SECRET_NAME', 'OAUTH_CLIENT_SECRET_NAME'],
};

export interface Environment {
  /** @throws Error for a place that the entry does not have, which is a bug */
  readonly place: (name: PlaceName) => string;
  /** From `BUCKET_NAME`, and `LAKE_PREFIX` unless the lake lies at the top of the bucket. */
  readonly lake: () => LakeRoot;
  /** Path of the resolved configuration, from `CONFIG_PATH`. @default './pipeline.json', beside the bundle */
  readonly configPath: string;
  /** From `OBJECT_NAME`; null except for extractors. */
  readonly object: ObjectName | null;
  /** Name of the pipeline on every log line and metric, from `POWERTOOLS_SERVICE_NAME`. */
  readonly service: string;
  /** From `METRICS_DETAIL`. @default 'standard' */
  readonly detail: MetricsDetail;
  /** True if `PAUSED` is `true`: a run that leaves work does not start the next run. */
  readonly paused: boolean;
}

/** File name of the resolved configuration in the function's asset. */
export const CONFIG_FILE = 'pipeline.json';

export type RawEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * Checks a function's environment, such as `process.env`.
 * @throws Error naming every variable that is missing or wrong
 */
export function readEnvironment(env: RawEnvironment, entry: FunctionEntry): Environment {
  const object = env.OBJECT_NAME;
  const isObject = object !== undefined && isObjectName(object);
  const missing = [...PLACES_OF[entry], 'POWERTOOLS_SERVICE_NAME'].filter((name) => !env[name]);
  const { METRICS_DETAIL: detail = 'standard' } = env;
  const isDetail = detail === 'standard' || detail === 'detailed';
  const problems = [
    ...(object === undefined || isObject ? [] : [`OBJECT_NAME '${object}' is not a valid object`]),
    ...(entry === 'extractor' && object === undefined ? ['OBJECT_NAME is not set'] : []),
    ...(isDetail ? [] : [`METRICS_DETAIL '${detail}' is neither 'standard' nor 'detailed'`]),
    ...missing.map((name) => `${name} is not set`),
  ];
  if (problems.length > 0) throw new Error(`The function's environment is wrong: ${problems.join('; ')}.`);
  const place = (name: PlaceName): string => {
    const value = PLACES_OF[entry].includes(name) ? env[name] : undefined;
    if (value === undefined) throw new Error(`${name} is not part of the environment of ${entry}.`);
    return value;
  };
  return {
    place,
    lake: () => ({ bucket: place('BUCKET_NAME'), prefix: env.LAKE_PREFIX ?? '' }),
    configPath: env.CONFIG_PATH ?? `./${CONFIG_FILE}`,
    object: isObject ? object : null,
    service: env.POWERTOOLS_SERVICE_NAME ?? '',
    detail: detail === 'detailed' ? 'detailed' : 'standard',
    paused: env.PAUSED === 'true',
  };
}
