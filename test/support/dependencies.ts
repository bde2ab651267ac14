/** The dependencies of the use cases over memory twins, with small limits. */
import { createHmac } from 'node:crypto';
import { configuredTables } from '../../functions/catalog/configured.ts';
import { parseConfig } from '../../functions/config/config.ts';
import { withoutChildren } from '../../functions/core/declared-tables.ts';
import type { MetricValues } from '../../functions/core/metrics.ts';
import type { ObjectName } from '../../functions/core/names.ts';
import type {
  Events,
  HashSource,
  HashText,
  Metrics,
  ProgressEvent,
  StateStore,
} from '../../functions/core/ports.ts';
import type { ObjectReader, ReadSlice } from '../../functions/core/reading.ts';
import type { SyncCompleted } from '../../functions/core/sync-event.ts';
import { OBJECTS, TABLES } from '../../functions/objects/index.ts';
import type { ObjectDependencies, SyncLimits } from '../../functions/sync/dependencies.ts';
import { UNCAPPED } from '../../functions/sync/under-cap.ts';
import { createMemoryCatalog, type MemoryCatalog } from './memory/memory-catalog.ts';
import { createMemoryClock, type MemoryClock } from './memory/memory-clock.ts';
import { createMemoryExecutions, type MemoryExecutions } from './memory/memory-executions.ts';
import { createMemoryLake, type MemoryLake } from './memory/memory-lake.ts';
import { createBudgetTable, createMemoryRateBudget } from './memory/memory-rate-budget.ts';
import { createMemoryStateStore } from './memory/memory-state-store.ts';

const SMALL_LIMITS: SyncLimits = {
  partBytes: 300,
  checkpointMs: 0,
  deadlineMarginMs: 0,
  sliceRecords: 10,
  sliceParents: 10,
  maxSlices: 8,
};

export const DIGEST = 'd1';

/** Everything that all runs of one test pipeline share. */
export interface Pipeline {
  readonly lake: MemoryLake;
  readonly state: StateStore;
  readonly catalog: MemoryCatalog;
  readonly clock: MemoryClock;
  readonly executions: MemoryExecutions;
  readonly events: ProgressEvent[];
  readonly watchers: MemoryWatchers;
}

/** Events that others receive about a run. */
export interface MemoryWatchers {
  readonly events: Events;
  readonly metrics: Metrics;
  readonly announced: SyncCompleted[];
  readonly recorded: { readonly values: MetricValues; readonly object?: ObjectName }[];
}

function createMemoryWatchers(): MemoryWatchers {
  const announced: SyncCompleted[] = [];
  const recorded: { readonly values: MetricValues; readonly object?: ObjectName }[] = [];
  return {
    announced,
    recorded,
    events: {
      async syncCompleted(event) {
        announced.push(event);
      },
    },
    metrics: {
      record: (values, object) => recorded.push({ values, ...(object !== undefined && { object }) }),
    },
  };
}

export const createPipeline = (): Pipeline => ({
  lake: createMemoryLake(),
  state: createMemoryStateStore(),
  catalog: createMemoryCatalog(),
  clock: createMemoryClock(),
  executions: createMemoryExecutions(),
  events: [],
  watchers: createMemoryWatchers(),
});

export interface DependencyOptions {
  readonly object?: ObjectName;
  readonly reader?: ObjectReader;
  readonly limits?: Partial<SyncLimits>;
  readonly config?: Record<string, unknown>;
  /** Requests per 10-second window. */
  readonly limit?: number;
  readonly overrides?: Partial<ObjectDependencies>;
}

const NO_READER: ObjectReader = {
  read() {
    throw new Error('This reader must not be used.');
  },
  probe: null,
};

/** Not a secret hash: tests can compute the digest of a text. */
export const testHash: HashText = (text) => createHmac('sha256', 'k'.repeat(64)).update(text).digest('hex');

const MEMORY_HASHES: HashSource = { hashText: async () => testHash };

/** A reader without counts. */
export const readerOf = (read: ReadSlice): ObjectReader => ({ read, probe: null });

export function dependenciesOf(pipeline: Pipeline, options: DependencyOptions = {}): ObjectDependencies {
  const { object = 'tags', reader = NO_READER, limits, config = {}, limit, overrides } = options;
  const { lake, state, clock, executions, events } = pipeline;
  const resolved = parseConfig({ compression: 'none', ...config }, TABLES);
  const declaration = withoutChildren(OBJECTS[object], resolved.excludedTables);
  const table = createBudgetTable();
  table.limit = limit ?? null;
  return {
    lake,
    state,
    clock,
    executions,
    config: resolved,
    configDigest: DIGEST,
    observe: (event) => events.push(event),
    declaration,
    whole: OBJECTS[object],
    reader,
    underCap: UNCAPPED,
    budget: createMemoryRateBudget(clock, table),
    hashes: MEMORY_HASHES,
    catalog: pipeline.catalog.of((columns) => configuredTables([declaration], resolved, columns)),
    limits: { ...SMALL_LIMITS, ...limits },
    ...overrides,
  };
}
