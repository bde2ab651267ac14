/** `sync`: brings a directory up to date from a real workspace, or any server with the same API. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { checkConfig, type ResolvedConfig } from '../../../../functions/config/config.ts';
import { choosePipeline, parsePipelines } from '../../../../functions/config/pipelines.ts';
import { AS_OPTIONS, parseRunInput } from '../../../../functions/config/run-input.ts';
import { ConnectionError, InputError } from '../../../../functions/core/errors.ts';
import type { ObjectName } from '../../../../functions/core/names.ts';
import { toSeconds } from '../../../../functions/core/time.ts';
import { OBJECTS } from '../../../../functions/objects/index.ts';
import { CONFIG_RULES, DEFAULT_CONFIG_FILE, loadConfig } from '../../load-config.ts';
import { inputOf, type RunOptions } from '../../terminal/run-options.ts';
import type { ExitStatus, Terminal } from '../../terminal/terminal.ts';
import { conclude, syncSession, workersOf } from './session.ts';

/** Names a pipeline: its file, and which one in the file. */
export interface PipelineOptions {
  readonly config?: string;
  readonly pipeline?: string;
}

export interface SyncOptions extends PipelineOptions, RunOptions {
  readonly out: string;
  readonly json?: boolean;
  readonly workers?: string;
}

/**
 * The configuration of the command: the named file, else the default file, else the defaults.
 * @param baseUrl replaces the configured one; from INTERCOM_BASE_URL
 */
export async function configOf(
  { config: file, pipeline }: PipelineOptions,
  baseUrl: string | undefined,
): Promise<ResolvedConfig> {
  const path = file ?? (existsSync(DEFAULT_CONFIG_FILE) ? DEFAULT_CONFIG_FILE : null);
  const config =
    path === null
      ? choosePipeline(parsePipelines({}, CONFIG_RULES), pipeline).config
      : await loadConfig(path, pipeline);
  if (baseUrl === undefined || baseUrl === '') return config;
  return { ...config, baseUrl: checkedBaseUrl(baseUrl) };
}

function checkedBaseUrl(baseUrl: string): string {
  const checked = checkConfig({ baseUrl }, CONFIG_RULES, '');
  if ('pipeline' in checked) return checked.pipeline.config.baseUrl;
  const problems = checked.problems.map((problem) => problem.replace(/^baseUrl/, 'INTERCOM_BASE_URL'));
  throw new InputError(problems.join('\n'), { code: 'bad_base_url' });
}

export function tokenIn({ environment }: Terminal): string {
  const token = environment.INTERCOM_ACCESS_TOKEN?.trim();
  if (token !== undefined && /^[!-~]+$/.test(token)) return token;
  if (token !== undefined && token !== '') {
    throw new ConnectionError(
      'INTERCOM_ACCESS_TOKEN is not a valid access token: it contains spaces, line breaks or other characters that no token has. Copy it again, without "Bearer".',
      { code: 'bad_token' },
    );
  }
  throw new ConnectionError(
    'INTERCOM_ACCESS_TOKEN is not set. Take the access token of your app from the Developer Hub (Configure > Authentication) and set it in the environment.',
    { code: 'no_token' },
  );
}

export async function runSync(terminal: Terminal, options: SyncOptions): Promise<ExitStatus> {
  const { environment, clock } = terminal;
  const config = await configOf(options, environment.INTERCOM_BASE_URL);
  const input = inputOf(options);
  const isIncremental = (object: ObjectName) => OBJECTS[object].sync.kind === 'incremental';
  const check = { config, now: toSeconds(clock.now()), isIncremental };
  for (const note of parseRunInput(input, check, AS_OPTIONS).notes) terminal.tell(note);
  const accessToken = tokenIn(terminal);
  const result = await syncSession(terminal, {
    out: options.out,
    config,
    workers: workersOf(options.workers),
    accessToken,
    input,
    ...(environment.INTERCOM_BASE_URL && { addressFrom: 'INTERCOM_BASE_URL' }),
  });
  const status = conclude(terminal, result, options.json === true);
  if (result.status === 'finished') terminal.tell(`\nYour data: ${resolve(options.out, 'lake')}`);
  return status;
}
