/**
 * Every place of every answer, replaced by something else, through the real readers and the engine. Whatever is odd
 * about one record costs that record at most, and says so. A failure names its case; FUZZ_SEED and FUZZ_CASES choose
 * others.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../functions/core/json.ts';
import { OBJECT_NAMES, type ObjectName } from '../../../functions/core/names.ts';
import { type ExactObject, overTheWire, wellFormed } from '../../support/local/lossless-json.ts';
import type { OutputRow } from '../../support/rows-of.ts';
import { type Answered, type Change, type FuzzWorld, type Outcome, startFuzzWorld } from './harness.ts';
import { type Place, placesIn, placeText, REPLACEMENTS, replacedAt } from './mutations.ts';
import { type Found, fateOf, keyOf, ownRows, type Served } from './served.ts';

const SEED = Number(process.env.FUZZ_SEED ?? 1);
const MOST = Number(process.env.FUZZ_CASES ?? 4_800);

let world: FuzzWorld;
beforeAll(async () => {
  world = await startFuzzWorld();
});
afterAll(() => world?.simulator.close());

/** `all`: every record, or every answer. `one`: one record, or the second answer. `once`: the first time it comes. */
type Scope = 'all' | 'one' | 'once';

interface Case {
  readonly object: ObjectName;
  readonly part: 'record' | 'envelope' | 'header';
  readonly where: Place;
  readonly as: string;
  readonly scope: Scope;
  /** Answers that are changed, by method and path with ids left out. */
  readonly route: string;
}

const textOf = ({ object, part, route, where, as, scope }: Case): string =>
  `${object} ${part} ${route} ${placeText(where)} = ${as} (${scope})`;

const routeOf = ({ method, path }: Answered): string =>
  `${method} ${path.replace(/\/[^/]*\d[^/]*/g, '/:id')}`;

/** What identifies a record or row among those of its table. */
const nameOf = (record: JsonObject | OutputRow): string => String(record.id ?? record.full_name);

interface Listed {
  readonly place: Place;
  readonly records: readonly JsonObject[];
}

/** Where the records of an answer are; null if it lists none of the object's. */
function listedIn(object: ObjectName, { path, body }: Answered): Listed | null {
  const { read } = world.declaration(object);
  if (read.kind === 'conversation_parts') {
    if (path.endsWith('/search')) return null;
    return listAt(body, ['conversation_parts', 'conversation_parts']);
  }
  // What they list is not what they write.
  if (read.kind === 'details' || read.kind === 'members') return null;
  const paths: readonly string[] = read.kind === 'list' ? read.requests.map((one) => one.path) : [read.path];
  if (!paths.includes(path)) return null;
  return listAt(body, [read.recordsKey]) ?? listAt(body, ['data']);
}

function listAt(body: JsonObject, place: readonly string[]): Listed | null {
  const list = place.reduce<JsonValue | undefined>(
    (value, key) => (isJsonObject(value) ? value[key] : undefined),
    body,
  );
  return Array.isArray(list) ? { place, records: list.filter(isJsonObject) } : null;
}

interface Baseline {
  readonly outcome: Outcome;
  readonly answers: readonly Answered[];
  readonly names: readonly string[];
  readonly rows: ReadonlyMap<string, string>;
}

function linesOf(object: ObjectName, outcome: Outcome) {
  const lines = new Map<
    string,
    { readonly owner: string; readonly unit: string; readonly line: string; readonly table: string }
  >();
  const declaration = world.declaration(object);
  for (const row of outcome.rows(object)) {
    const left = Object.entries(row).filter(([key]) => !key.startsWith('_'));
    const key = declaration.primaryKey.map((name) => String(row[name])).join('/');
    lines.set(`${object} ${key}`, {
      table: object,
      owner: nameOf(row),
      unit: String(row.conversation_id ?? nameOf(row)),
      line: JSON.stringify(left.sort()),
    });
  }
  for (const child of declaration.children) {
    const parentKey = child.columns.find(
      ({ from }) => 'parent' in from && declaration.primaryKey.at(-1) === from.parent,
    );
    for (const row of outcome.rows(child.table)) {
      const left = Object.entries(row).filter(([key]) => !key.startsWith('_'));
      const key = child.primaryKey.map((name) => String(row[name])).join('/');
      const owner = String(row[parentKey?.name ?? '']);
      lines.set(`${child.table} ${key}`, {
        table: child.table,
        owner,
        unit: String(row.conversation_id ?? owner),
        line: JSON.stringify(left.sort()),
      });
    }
  }
  return lines;
}

async function baselineOf(object: ObjectName): Promise<Baseline> {
  const answers: Answered[] = [];
  const outcome = await world.run(object, (answer) => {
    answers.push(answer);
    return null;
  });
  expect([object, outcome.status, outcome.cause]).toEqual([object, 'succeeded', '']);
  const lines = linesOf(object, outcome);
  const names = [
    ...new Set([...lines.values()].filter(({ table }) => table === object).map(({ owner }) => owner)),
  ];
  return { outcome, answers, names, rows: new Map([...lines].map(([key, { line }]) => [key, line])) };
}

const HEADERS = [
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'date',
  'retry-after',
  'content-type',
];
const HEADER_VALUES: Readonly<Record<string, string | null>> = {
  absent: null,
  empty: '',
  text: 'odd',
  zero: '0',
  negative: '-1',
  huge: '99999999999',
  fraction: '1.5',
  'far future': 'Fri, 31 Dec 9999 23:59:59 GMT',
  'long ago': 'Thu, 01 Jan 1970 00:00:00 GMT',
};

const RECORD_SCOPES: readonly Scope[] = ['one', 'all', 'once'];

function casesOf(object: ObjectName, { answers }: Baseline): readonly Case[] {
  const byRoute = new Map<string, Answered>();
  const recordPlaces = new Map<string, { readonly route: string; readonly where: Place }>();
  const envelopes = new Map<string, { readonly route: string; readonly where: Place }>();
  for (const answer of answers) {
    const route = routeOf(answer);
    byRoute.set(route, answer);
    const listed = listedIn(object, answer);
    for (const record of listed?.records ?? []) {
      for (const where of [[], ...placesIn(record)]) {
        recordPlaces.set(`${route} ${placeText(where)}`, { route, where });
      }
    }
    // What is inside the records of a list is the records' part.
    const inRecords = (where: Place): boolean =>
      where.some((step) => typeof step === 'number') || where.length > 3;
    for (const where of placesIn(answer.body)) {
      if (!inRecords(where)) envelopes.set(`${route} ${placeText(where)}`, { route, where });
    }
  }
  const all = <P extends Case['part']>(
    part: P,
    places: ReadonlyMap<string, { route: string; where: Place }>,
  ) =>
    [...places.values()].flatMap(({ route, where }) =>
      Object.keys(REPLACEMENTS).flatMap((as) =>
        RECORD_SCOPES.map((scope): Case => ({ object, part, route, where, as, scope })),
      ),
    );
  const headers = [...byRoute.keys()].flatMap((route) =>
    HEADERS.flatMap((name) =>
      Object.keys(HEADER_VALUES).flatMap((as) =>
        (['all', 'once'] as const).map(
          (scope): Case => ({ object, part: 'header', route, where: [name], as, scope }),
        ),
      ),
    ),
  );
  return [...all('record', recordPlaces), ...all('envelope', envelopes), ...headers];
}

type ServedRecords = Map<string, Served>;

/** @param served takes in what a record was served as last */
function changeOf(one: Case, target: string, served: ServedRecords, baseline: Baseline): Change {
  const { object, part, route, where, as, scope } = one;
  let met = 0;
  const isDue = (): boolean => {
    met += 1;
    return scope === 'all' || (scope === 'once' ? met === 1 : met === 2);
  };
  const replace = REPLACEMENTS[as];
  return (answer) => {
    if (routeOf(answer) !== route) return null;
    if (part === 'header') {
      if (!isDue()) return null;
      const headers = new Headers(answer.headers);
      const value = HEADER_VALUES[as];
      const [name = ''] = where as readonly string[];
      if (value == null) headers.delete(name);
      else headers.set(name, value);
      return { headers };
    }
    if (replace === undefined) throw new Error(`no replacement ${as}`);
    if (part === 'envelope') return isDue() ? { body: replacedAt(answer.body, where, replace) } : null;
    const listed = listedIn(object, answer);
    if (listed === null) return null;
    const changed = listed.records.map((record): JsonValue | undefined => {
      if (scope !== 'all' && nameOf(record) !== target) return record;
      if (scope === 'once') {
        met += 1;
        if (met > 1) return record;
      }
      return where.length > 0 ? replacedAt(record, where, replace) : replace(record);
    });
    const kept = changed.filter((value) => value !== undefined);
    const added = addedTo(object, answer);
    for (const [index, record] of listed.records.entries()) {
      const value = changed[index];
      const now = isJsonObject(value) ? { ...value, ...added } : value;
      const intact = overTheWire({ ...record, ...added }) as ExactObject;
      const name = [nameOf(record), ...Object.values(added)].join(' ');
      const place = changed.slice(0, index).filter((one) => one !== undefined).length;
      served.set(name, {
        name: nameOf(record),
        unit: added.conversation_id ?? nameOf(record),
        places: new Set([...(served.get(name)?.places ?? []), place]),
        value: now === undefined ? undefined : wellFormed(overTheWire(now)),
        childRows: (child) => ownRows(child, intact, baseline.outcome.rows(child.table)),
      });
    }
    return { body: replacedAt(answer.body, listed.place, () => kept) };
  };
}

/** Fields that a record gets from the request that listed it. */
function addedTo(object: ObjectName, { path, query }: Answered): Readonly<Record<string, string>> {
  const { read } = world.declaration(object);
  if (read.kind === 'conversation_parts') return { conversation_id: path.split('/')[2] ?? '' };
  return object === 'data_attributes' ? { model: query.get('model') ?? '' } : {};
}

/** What is wrong with the records that were changed, each as it was served last. */
function changedProblems(
  one: Case,
  target: string,
  outcome: Outcome,
  served: ServedRecords,
): readonly string[] {
  const { object, scope } = one;
  const declaration = world.declaration(object);
  const proof = outcome.manifest?.completeness;
  const found: Found = {
    rows: outcome.rows(object),
    childRows: (child) => outcome.rows(child.table),
    rejects: outcome.rows('rejects'),
    owed: new Set(proof?.debts.flatMap(({ scope: of }) => ('ids' in of ? of.ids : []))),
  };
  const isComplete = proof?.status === 'complete';
  // What is listed without pages and a count is all that Intercom says.
  const isCounted = declaration.read.kind !== 'list';
  const problems: string[] = [];
  if (isComplete && found.rejects.length > 0) problems.push('complete with rejects');
  const byKey = Map.groupBy(served.values(), ({ value }) => keyOf(declaration, value));
  for (const record of served.values()) {
    const { name } = record;
    if (scope !== 'all' && name !== target) continue;
    const key = keyOf(declaration, record.value);
    // Records that came with one id are one record.
    const isTwin = key !== null && (byKey.get(key)?.length ?? 0) > 1;
    const isGone = record.value === undefined;
    const fate = isGone ? ({ kind: 'named' } as const) : fateOf(declaration, record, found);
    if (fate.kind === 'lost' && !isTwin)
      problems.push(...fate.problems.map((problem) => `${name}: ${problem}`));
    if (isComplete && isCounted && (fate.kind !== 'landed' || isTwin)) {
      problems.push(`complete, although ${name} is not in the lake`);
    }
  }
  return problems;
}

/** What is wrong with the outcome of a case; empty if nothing is. */
function problemsOf(
  one: Case,
  target: string,
  outcome: Outcome,
  baseline: Baseline,
  served: ServedRecords,
): readonly string[] {
  const { object, part, where, as, scope } = one;
  const declaration = world.declaration(object);
  // Without pages and a count, an empty list is all that Intercom says.
  if (part === 'envelope' && as === 'empty list' && declaration.read.kind === 'list') return [];
  const isKey =
    part === 'record' && (where.length === 0 || declaration.primaryKey.includes(String(where[0])));
  if (outcome.status !== 'succeeded') {
    const mayFail = scope === 'all' && (part === 'envelope' || isKey);
    return mayFail ? [] : [`failed: ${outcome.cause}`];
  }
  const proof = outcome.manifest?.completeness;
  if (proof === undefined) return ['no manifest'];
  const isTouched = (owner: string): boolean => part === 'record' && (scope === 'all' || owner === target);
  const wanted = linesOf(object, baseline.outcome);
  const found = linesOf(object, outcome);
  const rejects = outcome.rows('rejects');
  const owed = proof.debts.flatMap(({ scope: of }) => ('ids' in of ? of.ids : ['*']));
  const problems: string[] = part === 'record' ? [...changedProblems(one, target, outcome, served)] : [];
  for (const [key, { owner, unit, line, table }] of wanted) {
    const now = found.get(key)?.line;
    if (now === line || isTouched(owner)) continue;
    const isNamed = ['*', unit, owner].some((name) => owed.includes(name)) || rejects.length > 0;
    if (
      part === 'envelope' &&
      proof.status !== 'complete' &&
      // A record whose details did not come is written without them.
      (now === undefined || declaration.read.kind === 'details') &&
      (isNamed || proof.status === 'unproven')
    )
      continue;
    if (part === 'envelope' && table !== object && isListOf(one)) continue;
    if (part === 'envelope' && now !== undefined && isListOf(one)) continue;
    problems.push(`${key} ${now === undefined ? 'is missing' : 'is different'}`);
  }
  if (proof.status === 'complete' && part !== 'record') {
    const missing =
      [...wanted.values()].filter(({ table }) => table === object).length -
      [...found.values()].filter(({ table }) => table === object).length;
    if (missing > 0) problems.push(`complete, although ${missing} are missing`);
  }
  return problems.slice(0, 4);
}

/** The answer is a sub-list, or one record's own GET: its content is the record's. */
const isListOf = ({ route }: Case): boolean => route.includes(':id');

/** A generator of numbers in [0, 1) from a seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function sample<T>(items: readonly T[], most: number, random: () => number): readonly T[] {
  const kept = [...items];
  for (let index = 0; index < Math.min(most, kept.length); index += 1) {
    const other = index + Math.floor(random() * (kept.length - index));
    [kept[index], kept[other]] = [kept[other] as T, kept[index] as T];
  }
  return kept.slice(0, most);
}

let ran = 0;
let possible = 0;
const only = process.env.FUZZ_ONLY;

test.each(OBJECT_NAMES)('%s', { timeout: 300_000 }, async (object) => {
  const baseline = await baselineOf(object);
  const all = casesOf(object, baseline);
  possible += all.length;
  const random = randomOf(SEED * 31 + OBJECT_NAMES.indexOf(object));
  const share = Math.ceil(MOST / OBJECT_NAMES.length);
  const records = all.filter(({ part }) => part === 'record');
  const others = all.filter(({ part }) => part !== 'record');
  const chosen =
    only === undefined
      ? [...sample(records, share / 2, random), ...sample(others, share / 2, random)]
      : all.filter((one) => textOf(one).includes(only));
  const failures: string[] = [];
  for (const one of chosen) {
    const target = baseline.names[Math.floor(random() * baseline.names.length)] ?? '';
    const served: ServedRecords = new Map();
    const outcome = await world.run(object, changeOf(one, target, served, baseline));
    ran += 1;
    const problems = problemsOf(one, target, outcome, baseline, served);
    if (problems.length > 0) failures.push(`${textOf(one)} [${target}]: ${problems.join('; ')}`);
  }
  expect(failures).toEqual([]);
});

test('prints its size', () => {
  process.stdout.write(`fuzz: ${ran} cases of ${possible}, seed ${SEED}\n`);
  expect(ran).toBeGreaterThan(0);
});
