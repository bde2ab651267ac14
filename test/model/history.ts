/**
 * One random history of a workspace, with a random schedule of runs that crash at random. After it has quieted down
 * and undisturbed runs have ended, the lake must hold what Intercom holds; and on the way no cursor may pass unread
 * data, and `complete` must be true.
 */
import { inspect } from 'node:util';
import { configuredTables } from '../../functions/catalog/configured.ts';
import { withoutChildren } from '../../functions/core/declared-tables.ts';
import type { Manifest } from '../../functions/core/engine-files.ts';
import { originalOf } from '../../functions/core/lake-keys.ts';
import { CHILDREN_ON_REQUEST, type TableName } from '../../functions/core/names.ts';
import { createObjectReader } from '../../functions/intercom/readers/index.ts';
import { OBJECTS } from '../../functions/objects/index.ts';
import type { ObjectDependencies } from '../../functions/sync/dependencies.ts';
import { createPipeline, dependenciesOf } from '../support/dependencies.ts';
import { createMemoryClock } from '../support/memory/memory-clock.ts';
import { committedRows, type OutputRow } from '../support/rows-of.ts';
import { currentState } from './current-state.ts';
import { CALM, type Conditions, type Driven, driveRun, type RunEnd, wakeZombie } from './drive-run.ts';
import {
  createModelIntercom,
  KEPT,
  keptOf,
  type Modelled,
  NO_TROUBLE,
  type Oddities,
  type Truth,
} from './intercom.ts';
import type { Disturbance } from './invocations.ts';
import { createPast } from './past.ts';
import { createPeople, type Family } from './people.ts';
import { createRandom, type Random } from './random.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const ZONES = [
  'UTC',
  'America/New_York',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
  'Asia/Kathmandu',
];

/** Around changes of the clocks in several zones, and on an ordinary day. */
const STARTS = [
  Date.UTC(2026, 9, 25, 0),
  Date.UTC(2026, 2, 29, 0),
  Date.UTC(2026, 10, 1, 5),
  Date.UTC(2026, 3, 4, 14),
  Date.UTC(2026, 10, 22, 12),
];

/** The share of lakes that are kept for months; `MODEL_UPKEEP=1`: all of them. */
const UPKEEP_SHARE = Number(process.env.MODEL_UPKEEP ?? 0.02);

const DISTURBANCES: readonly Disturbance[] = [
  'killed_before',
  'killed_after',
  'error_before',
  'error_after',
  'stalled',
];

const familyOf = (own: unknown, ...children: readonly (readonly string[])[]): Family =>
  JSON.stringify([own, ...children.map((keys) => [...keys].sort())]);

const NAME_COLUMN: Readonly<Record<Modelled, string>> = {
  contacts: 'name',
  tickets: 'ticket_id',
  conversations: 'title',
  conversation_parts: 'body',
  activity_logs: 'activity_type',
  companies: 'name',
  articles: 'title',
  tags: 'name',
};

const isStamped = (object: Modelled): boolean => object !== 'tags' && object !== 'activity_logs';

/** Stands for a relationship that the record's newest row does not know: neither right nor wrong. */
const UNKNOWN = ['?'];

/** What `_unknown` says of the list that the parent keeps, and its rows. */
function wantedKept(object: Modelled, truth: Truth): readonly string[][] {
  const kept = KEPT[object];
  if (kept === undefined) return [];
  const { table, field, suffix = '' } = kept;
  const list = keptOf(object, truth);
  if (list === null) return [[table, field], UNKNOWN];
  const { ids, total } = list;
  const said = total > ids.length ? [`${field}: ${ids.length} of ${total}`] : [];
  return [[table, ...said], ids.map((id) => `${truth.id} / ${id}${suffix}`)];
}

/** The same of a row in the lake. */
function foundKept(object: Modelled, lists: readonly string[], keys: readonly string[]): readonly string[][] {
  const kept = KEPT[object];
  if (kept === undefined) return [];
  const { table, field } = kept;
  const said = lists.filter((one) => one === field || one.startsWith(`${field}: `));
  return [[table, ...said], lists.includes(field) ? UNKNOWN : [...keys]];
}

function wantedFamily(object: Modelled, truth: Truth, unknown: readonly string[] = []): Family {
  const { id, name, updated_at, tags, companies, parts } = truth;
  const own = isStamped(object) ? [name, updated_at] : [name];
  const of = (items: readonly string[]) => items.map((item) => `${id} / ${item}`);
  if (object === 'conversation_parts') {
    const headers = parts.flatMap((part) =>
      part.headers.map((_name, index) => `${id} / ${part.id} / ${index}`),
    );
    return familyOf(parts.map((part) => [`${id} / ${part.id}`, part.body]).sort(), headers);
  }
  const list = (field: string, items: readonly string[]) => (unknown.includes(field) ? UNKNOWN : of(items));
  const kept = wantedKept(object, truth);
  if (object === 'contacts') return familyOf(own, list('companies', companies), list('tags', tags), ...kept);
  if (object === 'conversations' || object === 'companies') return familyOf(own, list('tags', tags), ...kept);
  return familyOf(own, ...kept);
}

interface Lake {
  readonly manifests: readonly Manifest[];
  readonly families: ReadonlyMap<string, Family>;
  /** Relationships that records do not know, by record. */
  readonly unknown: ReadonlyMap<string, readonly string[]>;
}

function grouped(rows: ReadonlyMap<string, OutputRow>, column: string): ReadonlyMap<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [key, row] of rows) {
    const owner = String(row[column]);
    const group = groups.get(owner);
    if (group === undefined) groups.set(owner, [key]);
    else group.push(key);
  }
  return groups;
}

/** The column of the kept list's table that names the record. */
const keptOwner = (object: Modelled): string =>
  OBJECTS[object].children
    .find(({ table }) => table === KEPT[object]?.table)
    ?.columns.find(({ from }) => 'parent' in from)?.name ?? '';

/** What the lake says, by record. @param runs those that are visible. @default all */
function lakeOf(
  driven: Driven,
  object: Modelled,
  files: Map<string, readonly OutputRow[]>,
  runs?: readonly string[],
): Lake {
  const state = currentState(driven.pipeline.lake, object, files, runs);
  const rows = state.rows(object);
  const families = new Map<string, Family>();
  const ownerColumn: Partial<Record<TableName, string>> = {
    contact_company: 'contact_id',
    contact_tag: 'contact_id',
    conversation_tag: 'conversation_id',
    company_tag: 'company_id',
    email_address_header: 'conversation_id',
  };
  const kept = KEPT[object];
  const keptRows = kept === undefined ? new Map() : grouped(state.rows(kept.table), keptOwner(object));
  // The lists of other tables never come, and nothing may be owed for it.
  const children = OBJECTS[object].children.filter(({ table }) => table in ownerColumn);
  const byChild = children.map(({ table }) => grouped(state.rows(table), ownerColumn[table] ?? ''));
  if (object === 'conversation_parts') {
    const parts = new Map<string, (readonly [string, unknown])[]>();
    for (const [key, row] of rows) {
      const owner = String(row.conversation_id);
      parts.set(owner, [...(parts.get(owner) ?? []), [key, row.body]]);
    }
    for (const [id, own] of parts) {
      families.set(id, familyOf([...own].sort(), ...byChild.map((groups) => groups.get(id) ?? [])));
    }
    return { manifests: state.manifests, families, unknown: new Map() };
  }
  const unknown = new Map<string, readonly string[]>();
  for (const [id, row] of rows) {
    const lists: readonly string[] = typeof row._unknown === 'string' ? JSON.parse(row._unknown) : [];
    if (lists.length > 0) unknown.set(id, lists);
    const name = row[NAME_COLUMN[object]];
    const own = isStamped(object) ? [name, row.updated_at] : [name];
    const keys = children.map(({ list }, child) =>
      lists.includes(list.field) ? UNKNOWN : (byChild[child]?.get(id) ?? []),
    );
    families.set(id, familyOf(own, ...keys, ...foundKept(object, lists, keptRows.get(id) ?? [])));
  }
  return { manifests: state.manifests, families, unknown };
}

/** Of each conversation, when it was last found deleted, and last read (the rule of the live views). */
function deletionsOf({ pipeline: { lake } }: Driven, object: Modelled) {
  const latest = (table: TableName, key: string, time: string): ReadonlyMap<string, number> => {
    const times = new Map<string, number>();
    for (const row of committedRows(lake, object, table)) {
      const id = String(row[key]);
      times.set(id, Math.max(times.get(id) ?? 0, Number(row[time])));
    }
    return times;
  };
  const readAt = latest(object, 'conversation_id', '_extracted_at');
  return [...latest('deletions', 'id', 'detected_at')].filter(([id, at]) => at > (readAt.get(id) ?? 0));
}

const stampOf = (object: Modelled, truth: Truth): number =>
  object === 'activity_logs' ? truth.created_at : truth.updated_at;

/** Contacts are asked for by whole days, wherever these begin. */
const DEBT_SLACK_SECONDS = 2 * 86_400;

function isOwed({ completeness }: Manifest, id: string, at: number): boolean {
  return completeness.debts.some(({ scope }) => {
    if ('ids' in scope) return scope.ids.includes(id);
    const { from, to } = scope.window;
    return (
      (from === null || at >= from - DEBT_SLACK_SECONDS) && (to === null || at < to + DEBT_SLACK_SECONDS)
    );
  });
}

export interface HistoryReport {
  readonly runs: number;
  readonly ends: Readonly<Record<string, number>>;
}

function oddities(random: Random, object: Modelled, nowMs: number): Oddities {
  const isSearched = OBJECTS[object].read.kind === 'search' || object === 'conversation_parts';
  return {
    zone: random.pick(ZONES),
    replicas: isSearched ? random.int(1, 3) : 1,
    // Up to the default overlap.
    lagMs:
      isSearched || object === 'activity_logs' ? random.pick([0, 20_000, 5 * MINUTE, 15 * MINUTE - 1000]) : 0,
    isHydrated: random.chance(0.3),
    isUnsorted: random.chance(0.1),
    ghosts: isSearched && random.chance(0.08) ? [Math.floor((nowMs - random.int(1, 300) * DAY) / 1000)] : [],
    withoutTags: object === 'contacts' || object === 'conversations' ? random.pick([0, 0, 0.3]) : 0,
    skewMs: random.pick([0, 0, 0, 90_000, -90_000, 3 * HOUR, -3 * HOUR]),
  };
}

function initialRecords(random: Random, nowMs: number): readonly Truth[] {
  const now = Math.floor(nowMs / 1000) - 3 * 3_600;
  const clusters = random.int(0, 5);
  return Array.from({ length: clusters }, (_unused, cluster) => {
    const at =
      now - random.pick([random.int(0, 86_400), random.int(0, 400 * 86_400), random.int(0, 4) * 21_600]);
    const spread = random.pick([0, 0, 60, 86_400]);
    return Array.from({ length: random.int(1, 12) }, (_none, index): Truth => {
      const updated_at = at - Math.floor(random.next() * spread);
      const id = `${String.fromCharCode(97 + random.int(0, 25))}${cluster}-${index}`;
      return {
        id,
        updated_at,
        created_at: updated_at - random.int(0, 90 * 86_400),
        name: `name${index}`,
        tags: Array.from({ length: random.pick([0, 1, 2, 12]) }, (_tag, tag) => `tag${tag}`),
        companies: Array.from(
          { length: random.pick([0, 1, 11]) },
          (_company, company) => `company${company}`,
        ),
        parts: Array.from({ length: random.int(1, 3) }, (_part, part) => ({
          id: `${id}-p${part}`,
          body: 'b',
          headers: part === 0 ? ['h0'] : [],
        })),
      };
    });
  }).flat();
}

/** Seeds from here on, of each object, are of histories with a crowd. */
export const CROWDED_SEED = 500_000;

/** Pages of a search, and more than a slice: all on one second. */
const CROWD = 2_500;

function crowd(random: Random, nowMs: number): readonly Truth[] {
  const updated_at = Math.floor(nowMs / 1000) - random.int(3 * 3_600, 100 * 86_400);
  const age = random.pick([0, 86_400]);
  return Array.from({ length: CROWD }, (_unused, index): Truth => {
    const id = `${String.fromCharCode(97 + random.int(0, 25))}-${index}`;
    return {
      id,
      updated_at,
      created_at: updated_at - random.int(0, age),
      name: `n${index}`,
      tags: index % 100 === 0 ? ['t1'] : [],
      companies: [],
      parts: [{ id: `${id}-p`, body: 'b', headers: [] }],
    };
  });
}

const READ_SIZES: Readonly<Record<string, (random: Random) => object>> = {
  search: (random) => ({ perPage: random.int(1, 6) }),
  page_number: (random) => ({
    perPageSizes: random.pick([
      [4, 2, 1],
      [2, 1],
      [6, 3, 1],
    ]),
  }),
  time_range: () => ({ perPageSizes: [4, 2, 1] }),
};

const COLUMNS = ['conversation_id', 'type', 'id', 'created_at', 'updated_at'];

/** The declaration with few columns, for speed, and pages so small that every walk has several, without a crowd. */
function smallDeclaration(
  object: Modelled,
  random: Random,
  isCrowded: boolean,
): ObjectDependencies['declaration'] {
  // What is on request is off, as by default.
  const declaration = withoutChildren(OBJECTS[object], CHILDREN_ON_REQUEST);
  const columns = declaration.columns.filter(
    ({ name }) => COLUMNS.includes(name) || name === NAME_COLUMN[object],
  );
  const { read } = declaration;
  if (isCrowded) return { ...declaration, columns };
  const sizes = READ_SIZES[read.kind]?.(random) ?? {};
  const small =
    read.kind === 'conversation_parts'
      ? { ...read, search: { ...read.search, perPage: random.int(1, 6) } }
      : { ...read, ...sizes };
  return { ...declaration, columns, read: small as typeof read };
}

/** In a round. A walk of small pages by two attempts would chase more of them for hours. */
const MOST_CHANGES = 200;

export class ModelViolation extends Error {
  override readonly name = 'ModelViolation';
}

const check = (condition: boolean, problem: () => string): void => {
  if (!condition) throw new ModelViolation(problem());
};

const iso = (ms: number): string => new Date(Math.floor(ms / 1000) * 1000).toISOString();

/** Some lakes are kept for months: people are erased, old versions and old runs are dropped. */
function upkeepOf(random: Random) {
  if (!random.chance(UPKEEP_SHARE)) return null;
  const versionDays = random.pick([null, null, 7, 10, 40]);
  return {
    versionDays,
    config: {
      history: {
        fullRefreshRuns: random.int(1, 4),
        incrementalVersions: versionDays === null ? 'all' : `${versionDays} days`,
      },
    },
    /** How often somebody asks to be erased, at any moment of a run. */
    asks: random.pick([0, 0.003, 0.01]),
  };
}

/** Lives through one history. @throws ModelViolation if anything does not hold */
export async function liveThrough(object: Modelled, seed: number): Promise<HistoryReport> {
  const random = createRandom(seed);
  // Of its own, so that other histories stay what they were.
  const chances = createRandom(~seed);
  const upkeep = upkeepOf(chances);
  const clock = createMemoryClock(random.pick(STARTS) + random.int(-12, 12) * HOUR);
  const pipeline = { ...createPipeline(), clock };
  const model = createModelIntercom(object, oddities(random, object, clock.now()), clock, random);
  const isCrowded = seed % 1_000_000 >= CROWDED_SEED;
  for (const truth of initialRecords(random, model.nowMs())) model.seed(truth);
  if (isCrowded) for (const truth of crowd(random, model.nowMs())) model.seed(truth);
  const startFrom = random.chance(0.25) ? Math.floor(clock.now() / 1000) - random.int(1, 200) * 86_400 : null;
  const declaration = smallDeclaration(object, random, isCrowded);
  const isIncremental = declaration.sync.kind === 'incremental';
  const withoutCatalog = dependenciesOf(pipeline, {
    object,
    limit: random.pick([1, 20, 166]),
    limits: {
      partBytes: random.pick(isCrowded ? [5_000, 100_000] : [1, 300, 5_000]),
      sliceRecords: isCrowded ? random.int(200, 4_000) : random.int(2, 12),
      sliceParents: isCrowded ? random.int(200, 4_000) : random.int(2, 12),
      maxSlices: random.int(2, 8),
      checkpointMs: random.pick([0, 0, 500, 1e9]),
    },
    config: {
      ...(startFrom !== null && { startFrom: iso(startFrom * 1000) }),
      ...upkeep?.config,
    },
    overrides: { declaration },
  });
  const { config } = withoutCatalog;
  const catalog = pipeline.catalog.of((columns) => configuredTables([declaration], config, columns));
  const base = { ...withoutCatalog, catalog };
  const driven: Driven = {
    pipeline,
    zombies: [],
    impossible: new Set(),
    dependenciesOf: (invocation, signal) => ({
      ...base,
      identify: async () => ({ workspaceId: 'w1', dateMs: model.nowMs() }),
      lake: invocation.wrap('lake', pipeline.lake),
      state: invocation.wrap('state', pipeline.state),
      catalog: invocation.wrap('catalog', base.catalog),
      executions: invocation.wrap('executions', pipeline.executions),
      reader: createObjectReader(declaration, {
        client: invocation.wrap('client', model.client),
        clock,
        inFlight: 2,
        signal,
      }),
    }),
  };
  const files = new Map<string, readonly OutputRow[]>();
  const ends: Record<string, number> = {};
  let runs = 0;
  let checked = '';
  const people = createPeople(object, pipeline.lake, chances);
  const past = createPast(object, {
    lake: pipeline.lake,
    people,
    versionDays: upkeep?.versionDays ?? null,
  });
  const checkPast = async (): Promise<void> => {
    const asOf = ({ runs: visible }: { readonly runs: readonly string[] }) =>
      lakeOf(driven, object, files, visible).families;
    const problems = await past.problems(asOf, clock.now());
    check(problems.length === 0, () => problems.slice(0, 3).join(' | '));
  };

  /** Everything that has not changed since the run began must be in the lake, or owed. */
  async function checkPromises(): Promise<void> {
    const missing = past.missingFiles();
    check(missing.length === 0, () => missing.slice(0, 3).join(' | '));
    const { manifests, families, unknown } = lakeOf(driven, object, files);
    const last = manifests.at(-1);
    if (last === undefined || originalOf(last.run_id) === checked) return;
    checked = originalOf(last.run_id);
    past.remember(checked, families);
    const startedMs = Date.parse(last.started_at);
    const { committed } = await pipeline.state.load(object);
    check(committed === null || committed.runId <= last.run_id, () => 'a state without a manifest');
    const isComplete = last.completeness.status === 'complete';
    if (isComplete) check(last.completeness.debts.length === 0, () => 'complete with debts');
    const settled = model.all().filter(({ id }) => model.settledAtMs(id) <= startedMs);
    for (const truth of settled) {
      const { id } = truth;
      const at = stampOf(object, truth);
      if (startFrom !== null && isIncremental && at < startFrom) continue;
      const cursor = last.cursor?.after ?? null;
      const isPassed = isIncremental ? cursor !== null && at < cursor : isComplete;
      const isCovered =
        isComplete &&
        last.window !== null &&
        at >= last.window.from &&
        at < last.window.to &&
        last.mode === 'backfill';
      if (!isPassed && !isCovered) continue;
      const family = wantedFamily(object, truth, unknown.get(id));
      if (people.isPending(id, family)) continue;
      const wanted = people.without(id, family);
      const found = families.get(id) ?? null;
      check(found === wanted || isOwed(last, id, at), () => {
        const what = isPassed ? 'passed by the cursor' : 'in a complete window';
        return `${id} (${at}) is ${what} (${cursor}) in ${last.run_id} and is ${found} instead of ${wanted}`;
      });
    }
    if (isComplete && !isIncremental) {
      const alive = new Set(model.all().map(({ id }) => id));
      for (const id of families.keys()) {
        const isGone = !alive.has(id) && model.settledAtMs(id) <= startedMs;
        check(!isGone, () => `${id} was deleted before the run, and is in a complete manifest`);
      }
    }
  }

  function inputOf(): unknown {
    const kind = random.next();
    if (kind < 0.65 || !isIncremental) return {};
    if (kind < 0.8) return { mode: 'full_refresh' };
    const from = clock.now() - random.int(1, 300 * 24) * HOUR;
    const to = Math.min(clock.now(), from + random.int(1, 200 * 24) * HOUR);
    return { from: iso(from), to: iso(Math.max(to, from + 2_000)) };
  }

  const ask = async (): Promise<void> => {
    const all = model.all();
    if (all.length > 0) await people.ask(chances.pick(all), clock.now());
  };

  const pending: Promise<void>[] = [];
  const failures: unknown[] = [];
  const wake = (): void => {
    pending.push(wakeZombie(driven).catch((error: unknown) => void failures.push(error)));
  };

  const rate = random.pick([0, 0.003, 0.01, 0.03]);
  const chaos: Conditions = {
    disturb() {
      if (upkeep !== null && chances.chance(upkeep.asks)) pending.push(ask());
      if (driven.zombies.length > 0 && random.chance(0.02)) wake();
      return random.chance(rate) ? random.pick(DISTURBANCES) : null;
    },
    isAborted: () => random.chance(0.5),
    patience: () => (random.chance(0.3) ? random.int(0, 3) : null),
    hasTwin: () => random.chance(0.05),
  };

  const run = async (input: unknown, conditions: Conditions): Promise<RunEnd> => {
    runs += 1;
    const end = await driveRun(driven, input, conditions);
    await Promise.all(pending.splice(0));
    if (failures.length > 0) throw failures[0];
    ends[end.status] = (ends[end.status] ?? 0) + 1;
    await checkPromises();
    return end;
  };

  /** Days or months go by, with some runs. */
  async function liveOn(): Promise<void> {
    clock.advance(chances.pick([HOUR, DAY, 3 * DAY, 35 * DAY, 100 * DAY]));
    const more = chances.int(0, 3);
    for (let count = 0; count < more; count += 1) {
      if (chances.chance(0.7)) model.change();
      if (chances.chance(0.2)) await ask();
      await run({}, chaos);
      clock.advance(chances.pick([MINUTE, HOUR, 3 * HOUR, DAY]));
    }
    if (chances.chance(0.3)) await checkPast();
  }

  const troubled = random.chance(0.5);
  const rounds = random.int(1, 4);
  for (let round = 0; round < rounds; round += 1) {
    model.trouble = {
      changes: random.pick(isCrowded ? [0, 0.01] : [0, 0.05, 0.3]),
      fails: troubled ? random.pick([0, 0.02]) : 0,
      refusesCursor: troubled ? random.pick([0, 0.1]) : 0,
      // More than a few of a crowd would be refused as too many.
      hides: troubled ? random.pick([0, isCrowded ? 0.002 : 0.05]) : 0,
    };
    model.changesLeft = MOST_CHANGES;
    await run(inputOf(), chaos);
    if (random.chance(0.1)) model.oddities = { ...model.oddities, zone: random.pick(ZONES) };
    const changes = random.int(0, 6);
    for (let change = 0; change < changes; change += 1) {
      clock.advance(random.pick([1, 900, 30_000, 10 * MINUTE, HOUR, 7 * HOUR, DAY]));
      model.change();
    }
    clock.advance(random.pick([1, 1_000, MINUTE, 15 * MINUTE, DAY]));
    if (random.chance(0.3)) wake();
    if (upkeep !== null) await liveOn();
  }

  const hasDebts = async (): Promise<boolean> => {
    const { committed } = await pipeline.state.load(object);
    const last = committed === null ? null : pipeline.lake.json<Manifest>(committed.manifestKey);
    return (last?.completeness.debts.length ?? 0) > 0;
  };

  // It quiets down.
  model.trouble = NO_TROUBLE;
  if (random.chance(0.5)) while (driven.zombies.length > 0) await wakeZombie(driven);
  clock.advance(2 * HOUR);
  const calm = async (): Promise<void> => {
    for (let count = 0; count < 80; count += 1) {
      const end = await run({}, CALM);
      check(end.status === 'committed', () => `an undisturbed run ended as ${inspect(end)}`);
      clock.advance(MINUTE);
      if (end.status === 'committed' && !end.workRemains) return;
    }
    throw new ModelViolation('work remains for ever');
  };
  await calm();
  // Debts may use half of a run at most, so many of them take several.
  for (let more = 0; more < 60 && (more === 0 || (await hasDebts())); more += 1) {
    clock.advance(HOUR);
    await calm();
  }
  while (driven.zombies.length > 0) await wakeZombie(driven);
  if (upkeep !== null) {
    // Every erasure is done once running queries have ended, and everything that pays is put together.
    for (let more = 0; more < 3; more += 1) {
      clock.advance(3 * HOUR);
      await calm();
    }
    check(people.open() === 0, () => `${people.open()} erasures are not done`);
    const leftovers = people.leftovers().filter((key) => !driven.impossible.has(key));
    check(leftovers.length === 0, () => `somebody who was erased is in ${leftovers.join(', ')}`);
    // Files as they are now.
    files.clear();
    await checkPast();
  }

  const { manifests, families, unknown } = lakeOf(driven, object, files);
  const last = manifests.at(-1);
  check(last !== undefined, () => 'nothing was committed');
  const alive = model
    .all()
    .filter((truth) => !isIncremental || startFrom === null || stampOf(object, truth) >= startFrom);
  for (const truth of alive) {
    const wanted = people.without(truth.id, wantedFamily(object, truth, unknown.get(truth.id)));
    const found = families.get(truth.id) ?? null;
    check(found === wanted, () => `${truth.id}: ${found} instead of ${wanted}`);
  }
  if (object === 'conversation_parts') {
    const ids = new Set(alive.map(({ id }) => id));
    const wrong = deletionsOf(driven, object).filter(([id]) => ids.has(id));
    check(wrong.length === 0, () => `deleted, although they exist: ${JSON.stringify(wrong)}`);
  }
  if (!isIncremental) {
    check(families.size === alive.length, () => `${families.size} records instead of ${alive.length}`);
  }
  const { lease, committing, failures: streak } = await pipeline.state.load(object);
  check(lease === null && committing === null && streak === null, () => 'the object stays locked');
  if (model.oddities.ghosts.length === 0) {
    const { status, debts } = last?.completeness ?? {};
    check(debts?.length === 0, () => `debts stay: ${JSON.stringify(debts)}`);
    const best = object === 'activity_logs' ? 'unproven' : 'complete';
    check(status === best, () => `the last run is ${status}: ${JSON.stringify(last?.completeness)}`);
  }
  return { runs, ends };
}
