import { Construct } from 'constructs';
import { gluePatterns } from '../../functions/catalog/athena.ts';
import { configuredTables, derivedViewNames } from '../../functions/catalog/configured.ts';
import { flatName } from '../../functions/catalog/flat.ts';
import type { ResolvedConfig } from '../../functions/config/config.ts';
import { ownTables } from '../../functions/core/declared-tables.ts';
import { type ObjectName, SHARED_TABLES } from '../../functions/core/names.ts';
import { OBJECTS } from '../../functions/objects/index.ts';
import { grantCatalog, grantLake, grantSecret, grantState, STATE_KEYS } from './access.ts';
import type { Busy } from './alarms.ts';
import { type FunctionContext, PipelineFunction } from './pipeline-function.ts';

export interface ExtractorsProps {
  readonly config: ResolvedConfig;
  readonly context: FunctionContext;
  /** Concurrent invocations that Lambda reserves for each object; null for none. */
  readonly reservedConcurrency: number | null;
}

/**
 * The longest that AWS allows. An attempt stops by itself in time and is then called again, so long invocations mean
 * fewer workflow steps and cold starts, without losing more work.
 */
export const EXTRACTOR_TIMEOUT_SECONDS = 900;

/** Enough for a page, its rows and the part being written. Most of the time goes into waiting for Intercom. */
const MEMORY_MIB = 512;

/** Objects with large records (hundreds of parts, long bodies) or many of them. More memory also means more CPU for gzip. */
const LARGE_OBJECTS: readonly ObjectName[] = [
  'contacts',
  'companies',
  'conversations',
  'conversation_parts',
  'tickets',
];
/** segment_contact is read whole in one slice, which remembers every id: a contact may be in several segments. */
const MORE_MEMORY: readonly ObjectName[] = [...LARGE_OBJECTS, 'segment_contact'];
const LARGE_MEMORY_MIB = 1024;

/** One function per configured object. All share one bundle, and each has exactly the rights of its object. */
export class Extractors extends Construct {
  readonly byObject: Readonly<Partial<Record<ObjectName, PipelineFunction>>>;

  constructor(scope: Construct, id: string, props: ExtractorsProps) {
    super(scope, id);
    const entries = props.config.objects.map((object) => [object, this.#extractor(object, props)] as const);
    this.byObject = Object.fromEntries(entries);
  }

  /** Those whose throttles count: the large objects first, then small ones. Each has an alarm, so there are only a few. */
  get busiest(): readonly Busy[] {
    const all = Object.entries(this.byObject).map(([object, extractor]) => ({
      object: object as ObjectName,
      function: extractor.function,
    }));
    const isLarge = ({ object }: Busy) => LARGE_OBJECTS.includes(object);
    const largeFirst = [...all.filter(isLarge), ...all.filter((each) => !isLarge(each))];
    return largeFirst.slice(0, LARGE_OBJECTS.length);
  }

  #extractor(object: ObjectName, props: ExtractorsProps): PipelineFunction {
    const { config, context, reservedConcurrency } = props;
    const { storage, catalog } = context;
    const extractor = new PipelineFunction(this, pascalCase(object), {
      context,
      entry: 'extractor',
      description: `Plans, extracts and commits ${object} of the ${config.name} pipeline`,
      objectName: object,
      memoryMiB: MORE_MEMORY.includes(object) ? LARGE_MEMORY_MIB : MEMORY_MIB,
      timeoutSeconds: EXTRACTOR_TIMEOUT_SECONDS,
      ...(reservedConcurrency !== null && { reserved: reservedConcurrency }),
    });
    // Also of child tables that are excluded: earlier runs may have written files, which are maintained and erased.
    const ownKeys = [
      ...ownTables(OBJECTS[object]).map((table) => `tables/${table}/*`),
      `manifests/${object}/*`,
    ];
    const shared = SHARED_TABLES.map((table) => `tables/${table}/*/${object}-*`);
    // History removes superseded runs, compacts them (docs/decisions/019), or rewrites them without a person
    // (docs/decisions/022), and keeps what they proved as evidence.
    const evidence = `evidence/${object}/*`;
    const written = [...ownKeys, ...shared, evidence, `work/*/${object}/*`];
    grantLake(extractor.role, storage, {
      read: [...written, 'work/*/run.json', 'erasures/*'],
      // Files of this object may be below any day and run.
      list: SHARED_TABLES.map((table) => `tables/${table}/*`),
      write: [...written, `erasures/*/${object}.*.json`],
      delete: [...ownKeys, ...shared, evidence],
    });
    grantState(extractor.role, storage.state, [...STATE_KEYS.object(object), ...STATE_KEYS.budget]);
    grantSecret(extractor.role, storage.connection);
    grantSecret(extractor.role, storage.hashKey);
    const objects = config.objects.map((name) => OBJECTS[name]);
    // Views of other objects' tables that contain what this object defines.
    const derived = derivedViewNames(object, objects, config);
    const tables = configuredTables([OBJECTS[object]], config, {});
    const own = new Set(tables.map(({ name }) => flatName(name)));
    grantCatalog(extractor.role, catalog.databaseName, [
      ...gluePatterns(tables),
      ...derived.filter((name) => !own.has(name)),
    ]);
    return extractor;
  }
}

/** `conversation_parts` → `ConversationParts`, as construct ids are written. */
export const pascalCase = (name: string): string =>
  name.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
