/** Parses and checks the search DSL (docs/intercom-api.md 5). A query tests one row and knows its time ranges. */
import { isObject, type JsonValue } from '../json.ts';
import type { Timed } from '../table.ts';
import { type DateMode, dateIntervals } from './dates.ts';
import type { Field, Fields } from './fields.ts';
import { contains, EVER, type Intervals, intersect, union } from './intervals.ts';
import { type Operators, valueTest } from './operators.ts';

export type TimeField = 'updated_at' | 'created_at';

/** A row under test. Its times are known; its state is generated only on demand. */
export interface Subject<S extends Timed> {
  readonly updated_at: number;
  readonly created_at: number;
  readonly id: string;
  readonly state: () => S;
}

export type Query<S extends Timed> =
  | { readonly kind: 'time'; readonly field: TimeField; readonly intervals: Intervals }
  | { readonly kind: 'test'; readonly test: (subject: Subject<S>) => boolean }
  | { readonly kind: 'AND' | 'OR'; readonly parts: readonly Query<S>[] };

export interface Dialect<S extends Timed> {
  readonly fields: Fields<S>;
  readonly dates: DateMode;
  /** The operators for each field type. */
  readonly operators: Operators;
}

/** The reason why a query is refused. The route sets status and code. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}

const MAX_DEPTH = 2;
const MAX_FILTERS = 15;
const SHAPE = "Invalid query. Ensure 'field', 'operator', 'value' are present";

const toSecond = (value: JsonValue): number => {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) {
    throw new QueryError(`Invalid value: ${JSON.stringify(value)} is not a UNIX timestamp`);
  }
  return Math.max(0, number);
};

function filter<S extends Timed>(
  dialect: Dialect<S>,
  name: string,
  operator: string,
  value: JsonValue,
): Query<S> {
  const time = name === 'updated_at' || name === 'created_at';
  const field: Field<S> | undefined = time
    ? { type: 'date', read: () => undefined }
    : name === 'id'
      ? { type: 'string', read: () => undefined }
      : dialect.fields(name);
  if (field === undefined) throw new QueryError(`Invalid field: ${name}`);
  if (!dialect.operators[field.type].includes(operator)) {
    throw new QueryError(`Invalid operator: ${operator} cannot be used with ${name}`);
  }
  const many = operator === 'IN' || operator === 'NIN';
  if (many !== Array.isArray(value)) throw new QueryError(`Invalid value for operator ${operator}`);
  const wanted: readonly JsonValue[] = Array.isArray(value) ? value : [value];
  if (field.accepts !== undefined && !wanted.every(field.accepts))
    throw new QueryError(`Invalid value for ${name}`);
  if (field.type === 'date') {
    const intervals = dateIntervals(dialect.dates, operator, wanted.map(toSecond));
    if (intervals === undefined)
      throw new QueryError(`Invalid operator: ${operator} cannot be used with ${name}`);
    if (time) return { kind: 'time', field: name, intervals };
    const inside = (moment: JsonValue | undefined): boolean =>
      typeof moment === 'number' && contains(intervals, moment);
    return { kind: 'test', test: (subject) => inside(field.read(subject.state(), subject.id)) };
  }
  const test = valueTest(operator, wanted, field.type);
  if (name === 'id') return { kind: 'test', test: (subject) => test(subject.id) };
  return { kind: 'test', test: (subject) => test(field.read(subject.state(), subject.id)) };
}

export function parseQuery<S extends Timed>(dialect: Dialect<S>, query: unknown, depth = 0): Query<S> {
  if (!isObject(query)) throw new QueryError(SHAPE);
  const { operator, value, field } = query;
  if (operator === 'AND' || operator === 'OR') {
    if (!Array.isArray(value) || value.length === 0) throw new QueryError(SHAPE);
    if (depth >= MAX_DEPTH)
      throw new QueryError(`Invalid query. At most ${MAX_DEPTH} nested levels are allowed`);
    if (value.length > MAX_FILTERS)
      throw new QueryError(`Invalid query. At most ${MAX_FILTERS} filters per group`);
    return { kind: operator, parts: value.map((part) => parseQuery(dialect, part, depth + 1)) };
  }
  if (typeof field !== 'string' || typeof operator !== 'string' || value === undefined)
    throw new QueryError(SHAPE);
  return filter(dialect, field, operator, value);
}

export function matches<S extends Timed>(query: Query<S>, subject: Subject<S>): boolean {
  switch (query.kind) {
    case 'time':
      return contains(query.intervals, subject[query.field]);
    case 'test':
      return query.test(subject);
    case 'AND':
      return query.parts.every((part) => matches(part, subject));
    case 'OR':
      return query.parts.some((part) => matches(part, subject));
  }
}

/** The times of the field that the query can match. They are exact if the query is about this field only. */
export function timesOf<S extends Timed>(query: Query<S>, field: TimeField): Intervals {
  switch (query.kind) {
    case 'time':
      return query.field === field ? query.intervals : EVER;
    case 'test':
      return EVER;
    case 'AND':
      return query.parts.map((part) => timesOf(part, field)).reduce(intersect, EVER);
    case 'OR':
      return union(query.parts.map((part) => timesOf(part, field)));
  }
}

export const speaksOnlyOf = <S extends Timed>(query: Query<S>, field: TimeField): boolean =>
  query.kind === 'time'
    ? query.field === field
    : query.kind !== 'test' && query.parts.every((part) => speaksOnlyOf(part, field));
