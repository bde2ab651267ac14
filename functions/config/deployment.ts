/**
 * What only the stacks need to know about a pipeline: when it runs, who receives alarms, how it is encrypted and
 * logged. It is not in the function bundle, so you can change it without stopping a run.
 */
import { z } from 'zod';
import { OBJECT_NAMES, type ObjectName } from '../core/names.ts';
import { parseCron } from './cron.ts';
import { keyArn, type Landscape, landscapeSchema } from './landscape.ts';

/** How long the pipeline's own bucket can bring back what was deleted or overwritten. */
export const NONCURRENT_DAYS = 7;

/** When schedules start runs: at an interval, or when a five-field Unix cron fires in a time zone. */
export type Frequency = { readonly everyMinutes: number } | CronFrequency;

export interface CronFrequency {
  readonly cron: string;
  /** Name in the IANA time zone database. */
  readonly timezone: string;
}

/** Days that CloudWatch can keep logs. */
export const LOG_RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

export interface Deployment {
  readonly frequency: Frequency;
  /** For objects with their own frequency. */
  readonly objectFrequency: Readonly<Partial<Record<ObjectName, Frequency>>>;
  /** If true, schedules exist but do not fire. */
  readonly paused: boolean;
  readonly alerts: {
    /** Address that receives the alarms; null: nobody does. */
    readonly email: string | null;
    /** Number of intervals without a successful run that raises an alarm. */
    readonly missedIntervals: number;
  };
  /** `detailed` adds metrics and alarms per object, which cost more. */
  readonly monitoring: 'standard' | 'detailed';
  /** Whether there is a CloudWatch dashboard. The first three of an account are free. */
  readonly dashboard: boolean;
  /** The key that encrypts data at rest: AWS's, the pipeline's own KMS key, or an existing KMS key. */
  readonly encryption: 'aws' | 'own-key' | { readonly keyArn: string };
  readonly logRetentionDays: (typeof LOG_RETENTION_DAYS)[number];
  /** Invocations that the account keeps free for each object; null for none. */
  readonly reservedConcurrency: number | null;
  readonly catalog: {
    /** Names for Athena; null for the name of the pipeline with a suffix of its stack. */
    readonly database: string | null;
    readonly workgroup: string | null;
    /** GiB that one query may read before Athena stops it. */
    readonly scanLimitGiB: number;
  };
  readonly aws: Landscape;
}

/** Why AWS cannot run this schedule, or would run it too often; else null. The caller provides it: it needs a clock. */
export type CronProblem = (frequency: CronFrequency) => string | null;

/** A run can take minutes, and Intercom's search index lags by minutes. */
export const MIN_INTERVAL_MINUTES = 15;

const MINUTES = { minute: 1, hour: 60, day: 1440 } as const;

const EVERY = /^([1-9][0-9]{0,3}) (minute|hour|day)s?$/;

/** Minutes in `15 minutes`, `1 hour` or `2 days`; null for any other text. */
export function minutesOf(every: string): number | null {
  const [, count, unit] = EVERY.exec(every) ?? [];
  return unit === undefined ? null : Number(count) * MINUTES[unit as keyof typeof MINUTES];
}

function everyProblem(every: string): string | null {
  const minutes = minutesOf(every);
  if (minutes === null) {
    return `'${every}' must be '<n> minutes', '<n> hours' or '<n> days', such as '30 minutes' or '1 hour'`;
  }
  return minutes < MIN_INTERVAL_MINUTES ? `must be at least ${MIN_INTERVAL_MINUTES} minutes` : null;
}

/** `Europe/Berlin`, `UTC`, `Etc/GMT+5`; not an offset such as +02:00, although JavaScript accepts that. */
const ZONE = /^[A-Z][A-Za-z0-9_+-]*(\/[A-Z][A-Za-z0-9_+-]*)*$/;

function timezoneProblem(timezone: string): string | null {
  const problem = `'${timezone}' must be an IANA time zone such as 'UTC' or 'Europe/Berlin'`;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions();
    const isMisspelt = timeZone !== timezone && timeZone.toLowerCase() === timezone.toLowerCase();
    if (isMisspelt) return `'${timezone}' is spelled '${timeZone}'`;
    return ZONE.test(timezone) ? null : problem;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return problem;
  }
}

type Written = { readonly every: string } | { readonly cron: string; readonly timezone: string };

type Problem = readonly [key: string, message: string | null];

function frequencyProblems(written: Written, cronProblem: CronProblem): readonly Problem[] {
  if ('every' in written) return [['every', everyProblem(written.every)]];
  const fields = parseCron(written.cron);
  const structure = 'problem' in fields ? fields.problem : null;
  const zone = timezoneProblem(written.timezone);
  const cron = structure ?? (zone === null ? cronProblem(written) : null);
  return [
    ['cron', cron],
    ['timezone', zone],
  ];
}

const FREQUENCY_SHAPE = "must be { every: '1 hour' } or { cron: '0 6 * * 1-5', timezone: 'Europe/Berlin' }";

/** `{ every: '1 hour' }` or `{ cron: '0 6 * * 1-5', timezone: 'Europe/Berlin' }` */
const frequencySchema = (cronProblem: CronProblem) =>
  z
    .union(
      [
        z.strictObject({ every: z.string() }),
        z.strictObject({ cron: z.string(), timezone: z.string().default('UTC') }),
      ],
      FREQUENCY_SHAPE,
    )
    .superRefine((written, context) => {
      for (const [key, message] of frequencyProblems(written, cronProblem)) {
        if (message !== null) context.addIssue({ code: 'custom', message, path: [key], input: written });
      }
    })
    .transform((written): Frequency => {
      if ('cron' in written)
        return { cron: written.cron.trim().replace(/\s+/g, ' '), timezone: written.timezone };
      return { everyMinutes: minutesOf(written.every) ?? MIN_INTERVAL_MINUTES };
    });

const ENCRYPTION_SHAPE = "must be 'aws', 'own-key' or { keyArn: 'arn:aws:kms:…:key/…' }";

/**
 * Names in Glue and Athena. `default` and `primary` exist in every account and belong to everyone: their rights and
 * limits would change for other people.
 */
const catalogSchema = z.strictObject({
  database: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,127}$/, 'must be 1-128 characters a-z, 0-9 and _, and begin with a letter')
    .refine(
      (name) => name !== 'default',
      "'default' is the shared database of the account; choose another name",
    )
    .optional(),
  workgroup: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,128}$/, 'must be 1-128 characters A-Z, a-z, 0-9, ., _ and -')
    .refine(
      (name) => name.toLowerCase() !== 'primary',
      "'primary' is the shared workgroup of the account; choose another name",
    )
    .optional(),
  // Half a dollar at 5 USD per TB. A workspace with a million conversations has about 20 GB, compressed, so a query that
  // reads more probably joins without a condition. Athena's own minimum is 10 MB, so no value here is too small.
  scanLimitGiB: z.number().int().min(1).max(100_000).default(100),
});

/**
 * The configuration's keys for deployment.
 * @param objects the configured objects: only they can have their own frequency
 */
export const deploymentKeys = (
  objects: readonly ObjectName[] = OBJECT_NAMES,
  cronProblem: CronProblem = () => null,
) => {
  const frequency = frequencySchema(cronProblem);
  return {
    frequency: frequency.prefault({ every: '1 hour' }),
    objectFrequency: z
      .partialRecord(z.enum(objects), frequency, {
        error: (issue: z.core.$ZodRawIssue) =>
          issue.code === 'unrecognized_keys'
            ? `${issue.keys.join(', ')}: not a configured object; configured are ${objects.join(', ')}`
            : undefined,
      })
      .default({}),
    paused: z.boolean().default(false),
    alerts: z
      .strictObject({
        email: z.email('must be an e-mail address').optional(),
        missedIntervals: z.number().int().min(1).max(100).default(3),
      })
      .prefault({}),
    monitoring: z.enum(['standard', 'detailed']).default('standard'),
    dashboard: z.boolean().default(false),
    encryption: z
      .union([z.enum(['aws', 'own-key']), z.strictObject({ keyArn })], {
        error: (issue) => (issue.code === 'invalid_union' ? ENCRYPTION_SHAPE : undefined),
      })
      .default('aws'),
    logRetentionDays: z
      .literal(
        LOG_RETENTION_DAYS,
        `must be a number of days that CloudWatch allows: ${LOG_RETENTION_DAYS.join(', ')}`,
      )
      .default(90),
    reservedConcurrency: z.number().int().min(1).max(100).optional(),
    catalog: catalogSchema.prefault({}),
    aws: landscapeSchema.prefault({}),
  };
};
