/** AWS on one machine: S3, DynamoDB, Secrets Manager, Glue, EventBridge and Step Functions endpoints over one directory. */
export { replaceFile } from './durable-files.ts';
export type { EmbeddedAws, EmbeddedAwsOptions } from './embedded-aws.ts';
export { startEmbeddedAws } from './embedded-aws.ts';
export { DirectoryInUseError, OutputDirectoryError } from './errors.ts';
export { isKeySegment } from './s3/keys.ts';
export type { ExecutionDescription, ExecutionsBackend } from './step-functions.ts';
