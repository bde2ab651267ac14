/** An extractor alone in a process, from its bundle, as Lambda has it: everything else is in the process of the bench. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PipelineConfig, parseConfig } from '../../functions/config/config.ts';
import type { ObjectName } from '../../functions/core/names.ts';
import { type LocalPipelineOptions, openLocalPipeline } from '../../lib/cli/local/local-pipeline.ts';
import { clockAhead } from '../../lib/cli/local/local-settings.ts';
import { syncLocally } from '../../lib/cli/local/sync.ts';
import { writeBundle } from '../../lib/constructs/function-code.ts';
import { FunctionError } from '../../lib/standins/aws/workflow/invocation.ts';
import { resourcesOf } from '../../lib/template/synthesis.ts';
import { inProcess } from '../support/local/in-process.ts';
import type { Answer, Invocation } from './extractor-child.ts';
import { watchMemory } from './measure.ts';
import type { Served } from './simulator.ts';

/** Heap and room for new objects, in MB: without these V8 takes what the machine has and collects nothing. */
const HEAP = ['--max-old-space-size=128', '--max-semi-space-size=8'];

const CHILD = join(import.meta.dirname, 'extractor-child.ts');

/** The next answer. @throws Error if the process ends before it */
async function answerOf(child: ChildProcess): Promise<Answer> {
  const done = new AbortController();
  const { signal } = done;
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([answer]) => answer as Answer),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`The extractor exited with ${code}.`);
      }),
    ]);
  } finally {
    done.abort();
  }
}

/** Peak memory in MB of the extractor of an object, which reads everything in one slice at a time; null without /proc. */
export async function extractorMb(served: Served, object: ObjectName): Promise<number | null> {
  const root = mkdtempSync(join(tmpdir(), 'bench-extractor-'));
  const written: PipelineConfig = {
    name: 'bench',
    baseUrl: served.url,
    objects: [object],
    parallelism: { objects: 1, slices: 1 },
  };
  const config = parseConfig(written);
  const folder = join(root, 'bundle');
  mkdirSync(folder);
  writeBundle('extractor', JSON.stringify(config), folder);
  const peaks: (() => number | null)[] = [];
  const startHost: LocalPipelineOptions['startHost'] = (configPath) => {
    const others = inProcess({ observe: () => undefined })(configPath);
    const children = new Set<ChildProcess>();
    return {
      handlerOf(called) {
        if (called.entry !== 'extractor') return others.handlerOf(called);
        let child: ChildProcess | undefined;
        return async (event, context) => {
          if (child === undefined) {
            child = fork(CHILD, [join(folder, 'extractor.mjs')], {
              env: { ...process.env, ...called.environment, CONFIG_PATH: configPath },
              execArgv: HEAP,
              stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
            });
            children.add(child);
            peaks.push(watchMemory(child));
          }
          const invocation: Invocation = {
            event,
            deadlineMs: Date.now() + context.getRemainingTimeInMillis(),
          };
          child.send(invocation);
          const answer = await answerOf(child);
          if ('result' in answer) return answer.result;
          throw new FunctionError(answer.name, answer.message);
        };
      },
      close: async () => {
        for (const child of children) child.kill();
      },
    };
  };
  const pipeline = await openLocalPipeline({
    directory: join(root, 'out'),
    config,
    resources: await resourcesOf(config),
    setEnvironment: (variables) => Object.assign(process.env, variables),
    startHost,
  });
  try {
    await pipeline.connect(served.token);
    const result = await syncLocally(pipeline, {
      input: {},
      directory: join(root, 'out'),
      signal: new AbortController().signal,
      now: clockAhead(0).now,
      overlapMs: config.overlapSeconds * 1000,
      onResume: () => undefined,
      onGiveUp: () => undefined,
    });
    if (result.status !== 'finished' || result.runs.some(({ status }) => status !== 'succeeded'))
      throw new Error(`The extractor of ${object} failed: ${JSON.stringify(result)}`);
  } finally {
    await pipeline.close();
    rmSync(root, { recursive: true, force: true });
  }
  const known = peaks.flatMap((peak) => peak() ?? []);
  return known.length === 0 ? null : Math.max(...known);
}
