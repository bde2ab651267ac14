/** One cell of the fault matrix: an object, a point where the outside can fail, and a way in which it does. */
import type { Clock } from '../../functions/core/ports.ts';
import { createIntercomClient } from '../../functions/intercom/http/client.ts';
import { readMe } from '../../functions/intercom/me.ts';
import { createObjectReader } from '../../functions/intercom/readers/index.ts';
import { OBJECTS } from '../../functions/objects/index.ts';
import { SIZES, type Simulator, startSimulator } from '../../lib/standins/intercom/index.ts';
import { createPipeline, dependenciesOf } from '../support/dependencies.ts';
import { exchangeOf } from '../support/intercom/exchange-of-fetch.ts';
import { emptyTables, synced, type Tables, tableProblems } from '../support/local/expected-tables.ts';
import type { ExactObject } from '../support/local/lossless-json.ts';
import { childrenOf, factsOf, keyText, type Table } from '../support/local/tables.ts';
import { createMemoryClock, type MemoryClock } from '../support/memory/memory-clock.ts';
import type { OutputRow } from '../support/rows-of.ts';
import { currentState } from './current-state.ts';
import { CALM, type Conditions, type Driven, driveRun, type RunEnd, wakeZombie } from './drive-run.ts';
import { createFaultyFetch, type FaultyFetch, HTTP_FAULTS } from './http-faults.ts';
import type { Disturbance, PortCall } from './invocations.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** A few records of everything, and more than one page of what has pages here. */
const SMALL = {
  ...SIZES.tiny,
  contacts: 14,
  companies: 12,
  conversations: 7,
  tickets: 6,
  admins: 3,
  teams: 2,
  tags: 14,
  segments: 2,
  articles: 7,
  collections: 4,
  activity_logs: 8,
  ticket_types: 2,
  subscription_types: 2,
  partsPerConversation: 2,
  partsOfLongConversation: 4,
  historyDays: 20,
  sharedSecond: 3,
} as const;

export type Lasts = 'once' | 'a minute' | 'the whole run';

export type Cell =
  | { readonly at: 'http'; readonly kind: string; readonly way: string; readonly lasts: Lasts }
  | {
      readonly at: 'port';
      readonly point: string;
      readonly way: Disturbance;
      readonly lasts: Lasts;
      /** Whether the execution ends with an invocation that died. */
      readonly aborts: boolean;
    }
  | { readonly at: 'twins' }
  | { readonly at: 'deadline'; readonly events: number }
  | { readonly at: 'clock'; readonly aheadMs: number };

export const cellName = (cell: Cell): string => Object.values(cell).join(', ');

/** The point of a call: which kind of file, or which change of the state. */
function pointOf({ port, name, key }: PortCall): string {
  if (port === 'client') return 'client';
  const kind =
    port !== 'lake'
      ? ''
      : key
          .replace(/^tables\/.*/, ' part')
          .replace(/^manifests\/.*json$/, ' manifest')
          .replace(/^runs\/.*/, ' summary')
          .replace(/^work\/[^/]+\/(?:.*\/)?(?:\d+-[^/]+\.)?([a-z]+(?:\.[a-z]+)?)\.json$/, ' $1')
          .replace(/^(work|manifests)\/.*\/$/, ' $1');
  return `${port}.${name}${kind}`;
}

export interface Setting {
  readonly object: Table;
  readonly simulator: Simulator;
  readonly clock: MemoryClock;
  readonly http: FaultyFetch;
  /** What the tables must hold. */
  readonly expected: () => Tables;
}

/** Sleeping takes no time of ours. */
const sleepless = (clock: MemoryClock, aheadMs: () => number): Clock => ({
  now: () => clock.now() + aheadMs(),
  async sleep(ms, signal) {
    signal?.throwIfAborted();
    clock.advance(ms);
  },
});

export async function startSetting(
  object: Table,
): Promise<Setting & { readonly close: () => Promise<void> }> {
  const clock = createMemoryClock();
  const unlimited = { perApp: 1e9, perWorkspace: 1e9 };
  const simulator = await startSimulator({ sizes: SMALL, now: clock.now, rateLimit: unlimited });
  /** As of now: statistics grow. */
  const expected = (): Tables => synced(emptyTables(), { simulator }, [object]);
  const http = createFaultyFetch(simulator, clock);
  return { object, simulator, clock, http, expected, close: simulator.close };
}

/** The declaration with pages so small that there is more than one. */
function smallPages(object: Table): (typeof OBJECTS)[keyof typeof OBJECTS] {
  const declaration = OBJECTS[object as keyof typeof OBJECTS];
  const { read } = declaration;
  if (read.kind === 'search') return { ...declaration, read: { ...read, perPage: 4 } };
  if (read.kind === 'conversation_parts') {
    return { ...declaration, read: { ...read, search: { ...read.search, perPage: 4 } } };
  }
  if (read.kind === 'details')
    return { ...declaration, read: { ...read, list: { ...read.list, perPageSizes: [4, 2, 1] } } };
  if (read.kind === 'members')
    return { ...declaration, read: { ...read, search: { ...read.search, perPage: 4 } } };
  if (read.kind === 'page_number') return { ...declaration, read: { ...read, perPageSizes: [4, 2, 1] } };
  return declaration;
}

interface World {
  readonly driven: Driven;
  /** Rows of files that were read before. */
  readonly files: Map<string, readonly OutputRow[]>;
  aheadMs: number;
}

function createWorld(setting: Setting): World {
  const { object, simulator, clock, http } = setting;
  const declaration = smallPages(object);
  const world: { aheadMs: number } = { aheadMs: 0 };
  const ours = sleepless(clock, () => world.aheadMs);
  const pipeline = { ...createPipeline(), clock: { ...clock, ...ours, advance: clock.advance } };
  const base = dependenciesOf(pipeline, {
    object: declaration.name,
    limits: { partBytes: 2_000, sliceRecords: 6, sliceParents: 3, maxSlices: 6 },
    limit: 166,
    overrides: { declaration },
  });
  const driven: Driven = {
    pipeline,
    zombies: [],
    impossible: new Set(),
    dependenciesOf: (invocation, signal) => {
      const { connection } = invocation.wrap('tokens', {
        connection: async () => ({ accessToken: simulator.token }),
      });
      const { permit, limit } = invocation.wrap('budget', {
        permit: base.budget.permit,
        limit: base.budget.limit,
      });
      const budget = { permit, limit, observe: base.budget.observe };
      const client = createIntercomClient({
        baseUrl: simulator.url,
        tokens: { connection },
        budget,
        clock: ours,
        random: () => 0,
        object: declaration.name,
        exchange: exchangeOf(http.fetch),
      });
      return {
        ...base,
        budget,
        lake: invocation.wrap('lake', pipeline.lake),
        state: invocation.wrap('state', pipeline.state),
        catalog: invocation.wrap('catalog', base.catalog),
        executions: invocation.wrap('executions', pipeline.executions),
        reader: createObjectReader(declaration, { client, clock: ours, inFlight: 2, signal }),
        identify: async () => {
          const { workspaceId, dateHeaderMs } = await readMe(client);
          return { workspaceId, dateMs: dateHeaderMs };
        },
      };
    },
  };
  return Object.assign(world, { driven, files: new Map() });
}

const isOverAfter = (lasts: Lasts, clock: MemoryClock): ((met: number) => boolean) => {
  let since: number | null = null;
  return (met) => {
    if (lasts === 'once') return met > 0;
    since ??= clock.now();
    return lasts === 'a minute' && clock.now() - since > MINUTE;
  };
};

/** Arms the cell's fault, and says under what conditions the run proceeds. */
function conditionsOf({ clock, http }: Setting, world: World, cell: Cell): Conditions {
  switch (cell.at) {
    case 'http': {
      const respond = HTTP_FAULTS[cell.way];
      if (respond === undefined) throw new Error(`no such fault: ${cell.way}`);
      http.arm({ kind: cell.kind, respond, isOver: isOverAfter(cell.lasts, clock) });
      return CALM;
    }
    case 'port': {
      const isOver = isOverAfter(cell.lasts, clock);
      let met = 0;
      const disturb = (call: PortCall): Disturbance | null => {
        if (pointOf(call) !== cell.point || isOver(met)) return null;
        met += 1;
        return cell.way;
      };
      return { ...CALM, disturb, isAborted: () => cell.aborts };
    }
    case 'twins':
      return { ...CALM, hasTwin: () => true };
    case 'deadline':
      return { ...CALM, patience: () => cell.events };
    case 'clock':
      world.aheadMs = cell.aheadMs;
      return CALM;
    default:
      return cell satisfies never;
  }
}

/** Every difference between the lake and Intercom. */
function problemsOf({ object, expected }: Setting, { driven, files }: World): readonly string[] {
  const state = currentState(driven.pipeline.lake, object as keyof typeof OBJECTS, files);
  const truth = expected();
  return [object, ...childrenOf(object)].flatMap((table) => {
    const rows = [
      ...state.rows(table as Parameters<typeof state.rows>[0]).values(),
    ] as readonly ExactObject[];
    const keyed = new Map(rows.map((row) => [keyText(factsOf(table).key.map((name) => row[name])), row]));
    return tableProblems(table, truth[table], keyed);
  });
}

const summary = (end: RunEnd): string =>
  `${end.status}${'error' in end && end.error !== null ? `: ${String(end.error)}` : ''}`;

/** Kinds of requests and points of the ports that an undisturbed run meets. */
export async function discover(
  setting: Setting,
): Promise<{ readonly kinds: readonly string[]; readonly points: readonly string[] }> {
  const world = createWorld(setting);
  const points = new Set<string>();
  setting.http.kinds.clear();
  const disturb = (call: PortCall): null => {
    points.add(pointOf(call));
    return null;
  };
  const end = await driveRun(world.driven, {}, { ...CALM, disturb });
  if (end.status !== 'committed') throw new Error(`the undisturbed run ended as ${summary(end)}`);
  const problems = problemsOf(setting, world);
  if (problems.length > 0) throw new Error(`the undisturbed run left ${problems.join('; ')}`);
  setting.clock.advance(HOUR);
  return { kinds: [...setting.http.kinds].sort(), points: [...points].sort() };
}

const LIKE_GONE = ['404', '404 in HTML'];

/**
 * A fault that nobody can tell from a fact: a conversation that two GETs do not find is deleted, and an undocumented
 * request that is refused has no records.
 */
const looksLikeFact = (cell: Cell): boolean =>
  cell.at === 'http' &&
  ((cell.kind === 'GET /conversations/{id}' && cell.lasts !== 'once' && LIKE_GONE.includes(cell.way)) ||
    (cell.kind === 'GET /segments by type' &&
      [...LIKE_GONE, 'a refused cursor', 'a foreign scroll'].includes(cell.way)));

/** Runs with the fault, then without it. @returns what is wrong then; nothing is well */
export async function problemsAfter(setting: Setting, cell: Cell): Promise<readonly string[]> {
  const { clock, http, object } = setting;
  const world = createWorld(setting);
  const { driven } = world;
  const disturbed = await driveRun(driven, {}, conditionsOf(setting, world, cell));
  http.disarm();
  const wrong: string[] = [];
  const manifests = () => currentState(driven.pipeline.lake, object as keyof typeof OBJECTS).manifests;
  const [first] = manifests();
  const isTrue = looksLikeFact(cell) || problemsOf(setting, world).length === 0;
  if (first?.completeness.status === 'complete' && !isTrue) {
    wrong.push(`complete, and yet: ${problemsOf(setting, world).join('; ')}`);
  }
  world.aheadMs = 0;
  clock.advance(HOUR);
  let end: RunEnd = disturbed;
  for (let run = 0; run < 4; run += 1) {
    if (run === 1) while (driven.zombies.length > 0) await wakeZombie(driven);
    end = await driveRun(driven, {}, CALM);
    clock.advance(HOUR);
    const hasDebts = (manifests().at(-1)?.completeness.debts.length ?? 0) > 0;
    if (run >= 1 && end.status === 'committed' && !end.workRemains && !hasDebts) break;
  }
  if (end.status !== 'committed') wrong.push(`the last run ended as ${summary(end)}`);
  if (!(looksLikeFact(cell) && object === 'conversation_parts')) wrong.push(...problemsOf(setting, world));
  const completeness = manifests().at(-1)?.completeness;
  if (completeness?.status !== (object === 'activity_logs' ? 'unproven' : 'complete')) {
    wrong.push(`the last run is ${completeness?.status}: ${JSON.stringify(completeness?.debts)}`);
  }
  const { lease, committing } = await driven.pipeline.state.load(object as keyof typeof OBJECTS);
  if (lease !== null || committing !== null) wrong.push('the object stays locked');
  return wrong.map((problem) => `${problem} (the disturbed run ended as ${summary(disturbed)})`);
}
