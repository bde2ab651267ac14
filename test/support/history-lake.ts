/** A history of contacts over memory twins, maintained as it grows, and written to a directory for DuckDB. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ObjectDependencies } from '../../functions/sync/dependencies.ts';
import { maintainObject } from '../../functions/sync/rewrite/maintain.ts';
import { createPipeline, type DependencyOptions, dependenciesOf, type Pipeline } from './dependencies.ts';
import type { MemoryLake } from './memory/memory-lake.ts';
import { createWorld, createWorldReader, type WorldRecord } from './search-world.ts';
import { beginRun, runOnce } from './workflow.ts';

export interface History {
  readonly pipeline: Pipeline;
  readonly dependencies: ObjectDependencies;
  /** Changes contacts and reads them. @returns when the run was committed */
  change(records: readonly ContactChange[]): Promise<number>;
  maintain(): Promise<void>;
}

export interface ContactChange {
  readonly id: string;
  readonly name: string;
  readonly tags?: readonly string[];
}

export function createHistory(config: NonNullable<DependencyOptions['config']> = {}): History {
  const pipeline = createPipeline();
  const world = createWorld([], { granularity: 'second', inclusive: false });
  const dependencies = dependenciesOf(pipeline, {
    object: 'contacts',
    reader: createWorldReader(world, { nowMs: pipeline.clock.now }),
    limit: 166,
    config,
    limits: { maxSlices: 8, sliceRecords: 1_000 },
  });
  return {
    pipeline,
    dependencies,
    async change(records) {
      const updated = Math.floor(pipeline.clock.now() / 1000) - 5;
      const changed = records.map(({ id, name, tags = [] }): WorldRecord => {
        const list = { data: tags.map((tag) => ({ id: tag })) };
        return { id, updated_at: updated, created_at: 1, name, tags: list } as WorldRecord;
      });
      const ids = new Set(records.map(({ id }) => id));
      world.records = [...world.records.filter(({ id }) => !ids.has(id)), ...changed];
      const { status, cause } = await runOnce(pipeline, dependencies);
      if (status !== 'succeeded') throw new Error(cause);
      return pipeline.clock.now();
    },
    async maintain() {
      // Runs that begin in the same millisecond are one run.
      pipeline.clock.advance(60_000);
      const holder = await beginRun(pipeline, dependencies);
      const { status } = await maintainObject(dependencies, holder, { id: 'm1', isOver: () => false });
      if (status !== 'done') throw new Error(status);
      pipeline.clock.advance(60_000);
      pipeline.executions.running.delete(holder.executionArn);
    },
  };
}

/** The lake as the output directory of a sync. */
export async function directoryOf(lake: MemoryLake): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'history-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  for (const [key, body] of lake.files) {
    const path = join(directory, 'lake', key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, body);
  }
  return directory;
}
