/**
 * The environment of a function, spelled once: the constructs write exactly these names, the entries read
 * them. It holds names only; the configuration is a file beside the bundle, the token is in the secret.
 */
import { isObjectName, type ObjectName } from './core/names.ts';

export interface Environment {
  /** Bucket of the lake. */
  readonly BUCKET_NAME: string;
  /** Table of cursors, leases and the shared rate budget. */
  readonly TABLE_NAME: string;
  /** Name or ARN of the secret with the connection. */
  readonly CONNECTION_SECRET_NAME: string;
  /** Name or ARN of the secret with the hash key; only extractors may read it. */
  readonly HASH_KEY_SECRET_NAME: string;
  /** The resolved configuration. @default './pipeline.json', beside the bundle */
  readonly CONFIG_PATH: string;
  /** The object of an extractor; the other functions have none. */
  readonly OBJECT_NAME?: ObjectName;
  /** Glue database of the tables; only extractors write to it. */
  readonly GLUE_DATABASE?: string;
  /** Name of the pipeline on every log line and metric. */
  readonly POWERTOOLS_SERVICE_NAME: string;
}

/** File name of the resolved configuration in the function's asset. */
export const CONFIG_FILE = 'pipeline.json';

export type RawEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * Checks a function's environment, such as `process.env`.
 * @throws Error naming every variable that is missing or wrong
 */
export function readEnvironment(env: RawEnvironment): Environment {
  const problems: string[] = [];
  const required = (name: keyof Environment): string => {
    const value = env[name];
    if (value !== undefined && value !== '') return value;
    problems.push(`${name} is not set`);
    return '';
  };
  const object = env.OBJECT_NAME;
  if (object !== undefined && !isObjectName(object)) problems.push(`OBJECT_NAME '${object}' is no object`);
  const environment: Environment = {
    BUCKET_NAME: required('BUCKET_NAME'),
    TABLE_NAME: required('TABLE_NAME'),
    CONNECTION_SECRET_NAME: required('CONNECTION_SECRET_NAME'),
    HASH_KEY_SECRET_NAME: required('HASH_KEY_SECRET_NAME'),
    CONFIG_PATH: env.CONFIG_PATH ?? `./${CONFIG_FILE}`,
    ...(object !== undefined && isObjectName(object) && { OBJECT_NAME: object }),
    ...(env.GLUE_DATABASE && { GLUE_DATABASE: env.GLUE_DATABASE }),
    POWERTOOLS_SERVICE_NAME: required('POWERTOOLS_SERVICE_NAME'),
  };
  if (problems.length > 0) throw new Error(`The function's environment is wrong: ${problems.join('; ')}.`);
  return environment;
}
