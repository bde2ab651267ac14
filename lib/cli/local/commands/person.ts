/** `person`: what the lake holds of one person, and taking them out of it. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { S3_CLIENT } from '../../../../functions/aws/clients.ts';
import { createDynamoDbStateStore } from '../../../../functions/aws/dynamodb-state-store.ts';
import { createS3Lake } from '../../../../functions/aws/s3-lake.ts';
import { hashWith } from '../../../../functions/aws/secrets-hash-source.ts';
import type { ResolvedConfig } from '../../../../functions/config/config.ts';
import { InputError } from '../../../../functions/core/errors.ts';
import { runIdOf, runStartOf } from '../../../../functions/core/lake-keys.ts';
import { isObjectName } from '../../../../functions/core/names.ts';
import type { HashText, Lease, ObjectState } from '../../../../functions/core/ports.ts';
import type { MaintainResult } from '../../../../functions/core/workflow.ts';
import { invoke } from '../../../standins/aws/workflow/invocation.ts';
import { resourcesOf } from '../../../template/synthesis.ts';
import type { LocalFunction } from '../../../template/template.ts';
import { type EraseOptions, type ErasureSite, runPersonAllow, runPersonErase } from '../../person/erase.ts';
import { type PersonRow, personRows } from '../../person/person.ts';
import { printRows, showFiles } from '../../person/show.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { openLocalAws } from '../local-pipeline.ts';
import { CONFIG_FILE, createDirectoryLake, requireFolder } from '../output-directory.ts';
import { dropInterrupted } from '../sync.ts';
import { createHandler } from '../workflow-functions.ts';

export interface PersonOptions {
  readonly out: string;
  readonly json?: boolean;
}

/** Where the local Secrets Manager keeps the pipeline's hash key. */
const SECRETS = 'state/secrets.json';

/** The pipeline's hash; null for a lake without its key, such as a copy. */
async function hashOf(out: string): Promise<HashText | null> {
  const file = join(resolve(out), SECRETS);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    const { HashKey } = JSON.parse(text) as { readonly HashKey?: { readonly value?: string } };
    return HashKey?.value === undefined ? null : hashWith(HashKey.value);
  } catch {
    // The parser's own message would quote the secrets.
    throw new InputError(`${file} is not valid JSON. Restore it from a copy: it holds the hash key.`, {
      code: 'state_damaged',
    });
  }
}

/** @throws InputError if the lake is without its key */
export async function requireHash(out: string): Promise<HashText> {
  const hash = await hashOf(out);
  if (hash !== null) return hash;
  throw new InputError(
    `There is no hash key in ${out}, so nobody can tell who was erased. Restore ${SECRETS} from a copy.`,
    { code: 'no_hash_key' },
  );
}

async function rowsOf(terminal: Terminal, who: string, out: string): Promise<AsyncIterable<PersonRow>> {
  await requireFolder(out, 'lake');
  const hash = await hashOf(out);
  if (hash === null) {
    terminal.tell(
      `There is no hash key in ${out}: only plain values of the person can be found, no hashed ones.`,
    );
  }
  // With a random key, plain text is still found.
  return personRows(
    createDirectoryLake(resolve(out)),
    who,
    hash ?? hashWith(randomBytes(32).toString('hex')),
  );
}

/** Lists the files, with how many of their rows belong to the person. */
export const runPersonShow = async (
  terminal: Terminal,
  who: string,
  { out, json = false }: PersonOptions,
): Promise<ExitStatus> => showFiles(terminal, who, await rowsOf(terminal, who, out), json);

/** Prints the rows as NDJSON, each as it is in its file. */
export const runPersonExport = async (
  terminal: Terminal,
  who: string,
  { out }: PersonOptions,
): Promise<ExitStatus> => printRows(terminal, await rowsOf(terminal, who, out));

/** The configuration of the directory's last sync. */
async function lastConfig(out: string): Promise<ResolvedConfig> {
  await requireFolder(out, 'state');
  const file = join(resolve(out), CONFIG_FILE);
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ResolvedConfig;
  } catch (cause) {
    throw new InputError(`${file} is missing or not valid JSON. Sync again, then repeat this command.`, {
      code: 'state_damaged',
      cause,
    });
  }
}

/** A time after the start of every run of the object: a lease goes only to a later run. */
const afterRun = (state: ObjectState, now: number): number =>
  state.committed === null ? now : Math.max(now, runStartOf(state.committed.runId) + 1);

/**
 * Lets the object's function do the pending work on its history, in this process.
 * @throws the signal's reason; the next call continues
 */
async function maintain(
  fn: LocalFunction,
  configPath: string,
  { clock, signal }: Pick<Terminal, 'clock' | 'signal'>,
  holder: Lease,
): Promise<void> {
  const { arn, timeoutSeconds, memoryMiB } = fn;
  const handler = createHandler(fn, configPath, { clock, observe: () => undefined });
  const event = { operation: 'maintain', object: fn.environment.OBJECT_NAME, runId: holder.runId };
  for (;;) {
    signal.throwIfAborted();
    const result = await invoke(
      { arn, timeoutSeconds, memoryMiB, handler },
      { ...event, execution: holder.executionArn },
      signal,
    );
    if ((result as MaintainResult).status === 'done') return;
  }
}

/** Opens the directory, so that no sync can run meanwhile. */
async function atSite(
  terminal: Terminal,
  out: string,
  work: (site: ErasureSite) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  const { clock } = terminal;
  const directory = resolve(out);
  const resources = await resourcesOf(await lastConfig(out));
  const { executions, close } = await openLocalAws({
    directory,
    resources,
    clock,
    setEnvironment: (variables) => Object.assign(terminal.environment, variables),
  });
  try {
    const { buckets, tables, stateMachine, functions } = resources;
    const lake = createS3Lake(new S3Client(S3_CLIENT), { bucket: buckets[0] ?? '', prefix: '' });
    const state = createDynamoDbStateStore(new DynamoDBClient({}), tables[0]?.TableName ?? '');
    const hash = await requireHash(out);
    return await work({
      lake,
      hash,
      notErased:
        'It is not in the configuration of the last sync, or a command that was cut off still holds it. Configure it and sync, or wait two minutes.',
      removeOlderVersions: async () => null,
      async work() {
        dropInterrupted(executions, terminal.tell, 'it may have read the person');
        const executionArn = `${stateMachine.arn.replace(':stateMachine:', ':execution:')}:${randomUUID()}`;
        const digest = createHash('sha256').update(executionArn).digest('hex');
        for (const fn of functions) {
          const object = fn.environment.OBJECT_NAME ?? '';
          if (fn.entry !== 'extractor' || !isObjectName(object)) continue;
          const runId = runIdOf(afterRun(await state.load(object), clock.now()), digest);
          await maintain(fn, join(directory, CONFIG_FILE), terminal, { executionArn, runId });
        }
      },
    });
  } finally {
    await close();
  }
}

/** Erases the person from the directory. */
export const runLocalErase = (
  terminal: Terminal,
  who: string,
  { out, ...options }: EraseOptions & { readonly out: string },
): Promise<ExitStatus> => atSite(terminal, out, (site) => runPersonErase(terminal, who, site, options));

/** Lets a person who was erased come back. */
export const runLocalAllow = (
  terminal: Terminal,
  who: string,
  { out }: { readonly out: string },
): Promise<ExitStatus> => atSite(terminal, out, (site) => runPersonAllow(terminal, who, site));
