/** Checks lines in the embedded metric format, written from Amazon's specification. */
import { Ajv } from 'ajv';

/** Fields of a metric definition, and CloudWatch's units. */
const SCHEMA = {
  type: 'object',
  required: ['_aws'],
  properties: {
    _aws: {
      type: 'object',
      required: ['Timestamp', 'CloudWatchMetrics'],
      properties: {
        Timestamp: { type: 'integer', minimum: 1_500_000_000_000 },
        CloudWatchMetrics: {
          type: 'array',
          minItems: 1,
          items: {
            type: 'object',
            required: ['Namespace', 'Dimensions', 'Metrics'],
            properties: {
              Namespace: { type: 'string', minLength: 1, maxLength: 1024, pattern: '^[^:]' },
              Dimensions: {
                type: 'array',
                minItems: 1,
                items: {
                  type: 'array',
                  minItems: 1,
                  maxItems: 30,
                  items: { type: 'string', minLength: 1, maxLength: 250 },
                },
              },
              Metrics: {
                type: 'array',
                minItems: 1,
                maxItems: 100,
                items: {
                  type: 'object',
                  required: ['Name'],
                  properties: {
                    Name: { type: 'string', minLength: 1, maxLength: 1024 },
                    Unit: { enum: ['Count', 'Seconds', 'Percent', 'Bytes', 'None'] },
                    StorageResolution: { enum: [1, 60] },
                  },
                  additionalProperties: false,
                },
              },
            },
          },
        },
      },
    },
  },
} as const;

const isValid = new Ajv({ strict: false }).compile(SCHEMA);

interface Emf {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit?: string }[];
    }[];
  };
  readonly [field: string]: unknown;
}

/** A metric as CloudWatch would store it. */
export interface Sample {
  readonly namespace: string;
  readonly name: string;
  readonly unit: string | undefined;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples that CloudWatch reads from a line: one per metric and set of dimensions. Throws if the line is not valid. */
export function samplesOf(line: string): readonly Sample[] {
  const emf = JSON.parse(line) as Emf;
  if (!isValid(emf)) throw new Error(`Not valid EMF: ${JSON.stringify(isValid.errors)} in ${line}`);
  return emf._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Metrics.flatMap(({ Name, Unit }) =>
      Dimensions.map((names) => ({
        namespace: Namespace,
        name: Name,
        unit: Unit,
        dimensions: Object.fromEntries(names.map((name) => [name, fieldOf(emf, name, 'string')])),
        value: fieldOf(emf, Name, 'number'),
      })),
    ),
  );
}

/** The values of metrics and dimensions must be fields of the line itself. */
function fieldOf<T extends 'string' | 'number'>(
  emf: Emf,
  name: string,
  type: T,
): T extends 'string' ? string : number {
  const value = emf[name];
  if (typeof value === type && value !== '') return value as T extends 'string' ? string : number;
  throw new Error(`'${name}' of the line is not a ${type}: ${JSON.stringify(value)}`);
}
