/**
 * The pipeline's configuration: what you write in `pipeline.config.ts`. It is checked once, and all mistakes are
 * reported together, each with its path and what is allowed.
 */
import { z } from 'zod';
import { counted } from '../core/counted.ts';
import type { DeclaredTable } from '../core/declared-tables.ts';
import { InputError } from '../core/errors.ts';
import { isJsonObject } from '../core/json.ts';
import {
  CHILD_NAMES,
  CHILDREN_ON_REQUEST,
  type ChildName,
  DEFAULT_OBJECTS,
  isChildName,
  OBJECT_NAMES,
  type ObjectName,
} from '../core/names.ts';
import type { EpochSeconds } from '../core/time.ts';
import { type FieldRules, tablesWithoutKey } from '../rows/field-rules.ts';
import { API_HOSTS } from './api-hosts.ts';
import { type CronProblem, type Deployment, deploymentKeys } from './deployment.ts';
import { fieldsSchema, refuseNamedAndExcluded, tablesSchema } from './field-config.ts';
import { parseInstant } from './instant.ts';
import { ruleNotes } from './rule-notes.ts';
import { similarTo } from './similar.ts';

export const PARENT_OF: Readonly<Record<ChildName, ObjectName>> = {
  contact_company: 'contacts',
  contact_tag: 'contacts',
  contact_subscription: 'contacts',
  contact_note: 'contacts',
  company_tag: 'companies',
  company_segment: 'companies',
  conversation_tag: 'conversations',
  conversation_contact: 'conversations',
  conversation_teammate: 'conversations',
  conversation_link: 'conversations',
  conversation_content_source: 'conversations',
  team_first_response: 'conversations',
  email_address_header: 'conversation_parts',
  team_admin: 'teams',
  ticket_part: 'tickets',
  ticket_contact: 'tickets',
  ticket_link: 'tickets',
  ticket_type_attribute: 'ticket_types',
  ticket_type_state: 'ticket_types',
  article_collection: 'articles',
  article_tag: 'articles',
};

/** Stands for the objects that are synced if `objects` is left out. */
const DEFAULT = 'default';

const SELECTABLE = [DEFAULT, ...OBJECT_NAMES, ...CHILD_NAMES] as const;

const instant = z.string().transform((text, context) => {
  const parsed = parseInstant(text);
  if ('problem' in parsed) {
    context.issues.push({ code: 'custom', message: parsed.problem, input: text });
    return z.NEVER;
  }
  return parsed.epochSeconds;
});

/** How long superseded versions are kept: days, or null for ever. */
const versionDays = z.string().transform((text, context) => {
  if (text === 'all') return null;
  const days = Number(/^(\d{1,4}) days$/.exec(text)?.[1]);
  if (days >= 7 && days <= 3650) return days;
  const message = "must be 'all', or from '7 days' to '3650 days'";
  context.issues.push({ code: 'custom', message, input: text });
  return z.NEVER;
});

const LOOPBACK_HOSTS = ['127.0.0.1', '[::1]', 'localhost'];

const baseUrl = z
  .url({ message: 'must be an absolute URL such as https://api.intercom.io' })
  .refine((text) => {
    const url = URL.parse(text);
    // Not a URL at all: the check above reports it.
    if (url === null) return true;
    return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname));
  }, 'must be https; plain http is allowed for loopback addresses only')
  .refine((text) => {
    const url = URL.parse(text);
    return url === null || `${url.username}${url.password}${url.search}${url.hash}` === '';
  }, 'must be an address without user name, password, query or fragment')
  .transform((text) => text.replace(/\/+$/, ''));

/** With more invocations at once, a run of an hour could use up the 25,000 events of an execution. */
const MAX_INVOCATIONS = 128;

/** Extractors that run at a time. */
export const invocationsAtOnce = ({ objects, slices }: Pick<Parallelism, 'objects' | 'slices'>): number =>
  objects * slices;

export const DEFAULT_NAME = 'intercom';

const schema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be 1-31 characters a-z, 0-9 and -, and begin with a letter')
    // `shop-data` is the stack with the data of the pipeline `shop`.
    .refine(
      (name) => !name.endsWith('-data'),
      "must not end with '-data', which names the stack with the data",
    )
    .default(DEFAULT_NAME),
  region: z.enum(['US', 'EU', 'AU']).default('US'),
  baseUrl: baseUrl.optional(),
  objects: z
    .array(z.enum(SELECTABLE))
    .min(1, 'must name at least one object; leave it out for those that are synced by default')
    .superRefine((names, context) => {
      for (const child of names.filter(isChildName)) {
        const parent = PARENT_OF[child];
        if (selectedObjects(names).includes(parent)) continue;
        const message = `'${child}' is part of '${parent}': name the parent object too`;
        context.addIssue({ code: 'custom', message, input: names });
      }
    })
    .default([DEFAULT]),
  startFrom: instant.optional(),
  overlapMinutes: z.number().int().min(1).max(1440).default(15),
  concurrency: z.number().int().min(1).max(1000).optional(),
  parallelism: z
    .strictObject({
      objects: z.number().int().min(1).max(16).default(4),
      slices: z.number().int().min(1).max(40).default(4),
    })
    .refine(
      (parallelism) => invocationsAtOnce(parallelism) <= MAX_INVOCATIONS,
      `objects x slices must be at most ${MAX_INVOCATIONS}`,
    )
    .prefault({}),
  compression: z.enum(['gzip', 'none']).default('gzip'),
  history: z
    .strictObject({
      fullRefreshRuns: z.number().int().min(1).max(10_000).default(30),
      incrementalVersions: versionDays.prefault('all'),
    })
    .prefault({}),
  tables: tablesSchema,
  fields: fieldsSchema([]),
  sensitiveFields: z.enum(['replicate', 'hash']).default('replicate'),
  schemaChanges: z.enum(['auto-sync', 'block']).default('auto-sync'),
  safetyReread: z
    .union([z.literal('off'), z.strictObject({ days: z.number().int().min(1).max(31) })])
    .default('off'),
  ...deploymentKeys(),
});

/** What a configuration is checked against, besides its own shape. */
export interface ConfigRules {
  /** Tables that field rules may name. */
  readonly tables: readonly DeclaredTable[];
  readonly cronProblem: CronProblem;
}

const schemaOf = (config: unknown, { tables, cronProblem }: ConfigRules) =>
  schema
    .extend({ fields: fieldsSchema(tables), ...deploymentKeys(objectsWritten(config), cronProblem) })
    .superRefine(refuseNamedAndExcluded)
    .superRefine(refuseTooFewReserved);

/** All slices of an object run in its one function: a smaller reservation would throttle the pipeline itself. */
function refuseTooFewReserved(
  written: {
    readonly parallelism: { readonly slices: number };
    readonly reservedConcurrency?: number | undefined;
  },
  context: z.RefinementCtx,
): void {
  const { slices } = written.parallelism;
  const { reservedConcurrency: reserved } = written;
  if (reserved === undefined || reserved >= slices) return;
  const message = `must be at least parallelism.slices (${slices}), or the pipeline would throttle itself`;
  context.addIssue({ code: 'custom', path: ['reservedConcurrency'], message, input: reserved });
}

/** The objects of a configuration that is not checked yet; the default ones if it names none. */
function objectsWritten(config: unknown): readonly ObjectName[] {
  const written = isJsonObject(config) && Array.isArray(config.objects) ? config.objects : [];
  const named = selectedObjects(written);
  return named.length === 0 ? DEFAULT_OBJECTS : named;
}

/** A configuration as the user writes it. */
export type PipelineConfig = z.input<typeof schema>;

/** The checked configuration with every default filled in. A JSON file beside the function bundle. */
export interface ResolvedConfig extends FieldRules {
  readonly name: string;
  readonly region: 'US' | 'EU' | 'AU';
  /** Base URL of the API, without a trailing slash. */
  readonly baseUrl: string;
  readonly objects: readonly ObjectName[];
  /** Child tables that are not written. */
  readonly excludedTables: readonly ChildName[];
  /** Inclusive; null: everything. */
  readonly startFrom: EpochSeconds | null;
  readonly overlapSeconds: number;
  /** The most requests of the pipeline under way at once; null: only the rate budget limits them. */
  readonly concurrency: number | null;
  readonly parallelism: Parallelism;
  readonly compression: 'gzip' | 'none';
  readonly history: {
    readonly fullRefreshRuns: number;
    /** How long superseded versions of incremental objects are kept; null: for ever. */
    readonly versionDays: number | null;
  };
  /** Whether a field becomes a column if neither the declarations nor the first run have it. */
  readonly schemaChanges: 'auto-sync' | 'block';
  /** Reads the last days again once a day; null: never. */
  readonly safetyReread: { readonly days: number } | null;
  /** Reported with every run: rules in the configuration that may contain a typing mistake. */
  readonly notes: readonly string[];
}

/** What runs in parallel: objects, slices of one object, requests of one slice. */
export interface Parallelism {
  readonly objects: number;
  readonly slices: number;
  readonly inFlight: number;
}

/** The most for one slice, however long Intercom takes. */
const MOST_IN_FLIGHT = 128;

/** Nothing is divided in advance: any object or slice may be the only one with work, and then gets the whole cap. */
function parallelismUnder(wanted: Omit<Parallelism, 'inFlight'>, cap: number | null): Parallelism {
  const most = cap ?? Number.POSITIVE_INFINITY;
  return {
    objects: Math.min(wanted.objects, most),
    slices: Math.min(wanted.slices, most),
    inFlight: Math.min(MOST_IN_FLIGHT, most),
  };
}

/** Gives your editor the types of the configuration: `export default definePipeline({ … })`. */
export const definePipeline = (config: PipelineConfig): PipelineConfig => config;

/** The objects that a list names, by themselves or as part of the default. */
function selectedObjects(names: readonly string[]): readonly ObjectName[] {
  const named = new Set([...names, ...(names.includes(DEFAULT) ? DEFAULT_OBJECTS : [])]);
  return OBJECT_NAMES.filter((name) => named.has(name));
}

/** A checked configuration, in two parts: one for the functions, one for the stacks only. */
export interface ResolvedPipeline {
  readonly config: ResolvedConfig;
  readonly deployment: Deployment;
}

/** If many names are allowed, a guess is easier to read than all of them. */
function guessOf({ code, values, input }: z.core.$ZodRawIssue): string | undefined {
  if (code !== 'invalid_value' || typeof input !== 'string') return undefined;
  const similar = similarTo(input, values.map(String));
  return similar === null ? undefined : `Invalid option. Did you mean "${similar}"?`;
}

type Checked = { readonly pipeline: ResolvedPipeline } | { readonly problems: readonly string[] };

/**
 * Checks one configuration of a file.
 * @param at position of the configuration in its file: an empty text, or `[1]` in a list
 */
export function checkConfig(config: unknown, rules: ConfigRules, at: string): Checked {
  const result = schemaOf(config, rules).safeParse(config, { error: guessOf });
  if (result.success) return { pipeline: pipelineOf(result.data, rules) };
  const problems = result.error.issues.map(({ path, message }) => {
    const place = [at, ...path.map(String)].filter((step) => step !== '').join('.');
    return `${place === '' ? '(top level)' : place}: ${message}`;
  });
  return { problems };
}

function pipelineOf(
  checked: z.output<ReturnType<typeof schemaOf>>,
  { tables }: ConfigRules,
): ResolvedPipeline {
  const { baseUrl: override, objects, startFrom, overlapMinutes, concurrency, ...rest } = checked;
  const { email, missedIntervals } = rest.alerts;
  const withoutKey = tablesWithoutKey(tables, rest).map(({ name }) => name as string);
  return {
    config: {
      name: rest.name,
      region: rest.region,
      baseUrl: override ?? API_HOSTS[rest.region],
      objects: selectedObjects(objects),
      excludedTables: CHILD_NAMES.filter(
        (name) =>
          rest.tables.exclude.includes(name) ||
          withoutKey.includes(name) ||
          (CHILDREN_ON_REQUEST.includes(name) && !objects.includes(name)),
      ),
      fields: rest.fields,
      sensitiveFields: rest.sensitiveFields,
      startFrom: startFrom ?? null,
      overlapSeconds: overlapMinutes * 60,
      concurrency: concurrency ?? null,
      parallelism: parallelismUnder(rest.parallelism, concurrency ?? null),
      compression: rest.compression,
      history: {
        fullRefreshRuns: rest.history.fullRefreshRuns,
        versionDays: rest.history.incrementalVersions,
      },
      schemaChanges: rest.schemaChanges,
      safetyReread: rest.safetyReread === 'off' ? null : rest.safetyReread,
      notes: ruleNotes(tables, rest.fields),
    },
    deployment: {
      frequency: rest.frequency,
      objectFrequency: rest.objectFrequency,
      paused: rest.paused,
      alerts: { email: email ?? null, missedIntervals },
      monitoring: rest.monitoring,
      encryption: rest.encryption,
      dashboard: rest.dashboard,
      logRetentionDays: rest.logRetentionDays,
      reservedConcurrency: rest.reservedConcurrency ?? null,
      aws: rest.aws,
      catalog: {
        database: rest.catalog.database ?? null,
        workgroup: rest.catalog.workgroup ?? null,
        scanLimitGiB: rest.catalog.scanLimitGiB,
      },
    },
  };
}

/** @throws InputError with one line for each problem */
export function refuseConfig(problems: readonly string[]): never {
  const lines = problems.map((problem) => `  ${problem}`).join('\n');
  throw new InputError(`The configuration has ${counted(problems.length, 'mistake')}:\n${lines}`, {
    code: 'bad_config',
  });
}

const NO_RULES: ConfigRules = { tables: [], cronProblem: () => null };

function parsePipeline(config: unknown, rules: ConfigRules): ResolvedPipeline {
  const checked = checkConfig(config, rules, '');
  return 'problems' in checked ? refuseConfig(checked.problems) : checked.pipeline;
}

/**
 * Checks a configuration, fills in its defaults, and returns the part for the functions.
 * @param tables that field rules may name; without them, every rule is refused
 * @throws InputError listing every mistake with its path and what is allowed
 */
export const parseConfig = (
  config: unknown,
  tables: ConfigRules['tables'] = NO_RULES.tables,
): ResolvedConfig => parsePipeline(config, { ...NO_RULES, tables }).config;

/**
 * Does the same, and returns the part for the stacks.
 * @param rules without them, only the syntax of a cron expression is checked, and field rules are refused
 * @throws InputError like parseConfig
 */
export const parseDeployment = (config: unknown, rules: ConfigRules = NO_RULES): Deployment =>
  parsePipeline(config, rules).deployment;
