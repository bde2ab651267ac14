/** Every row of every table against the truth of the simulated workspace, through all kinds of runs. */
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { SyncResult } from '../../lib/cli/local/sync.ts';
import type { Simulator } from '../../lib/standins/intercom/index.ts';
import { expectationOf, lostRows } from '../support/local/expectation.ts';
import type { LakeView } from '../support/local/lake-reader.ts';
import { readLake } from '../support/local/lake-reader.ts';
import { type Bench, type BenchOptions, startBench } from '../support/local/local-bench.ts';
import { EVERYTHING, INCREMENTAL, OBJECTS, type Table } from '../support/local/tables.ts';
import { HOUR, MINUTE } from '../support/local/test-clock.ts';

let bench: Bench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});
const start = async (options?: BenchOptions): Promise<Bench> => {
  bench = await startBench(options);
  return bench;
};

function expectSuccess(result: SyncResult): void {
  const failures =
    result.status !== 'finished'
      ? [result]
      : result.runs.flatMap(({ objects }) => objects.filter(({ status }) => status !== 'committed'));
  expect(failures).toEqual([]);
}

const lastOf = <T>(items: readonly T[]): T => {
  const last = items.at(-1);
  if (last === undefined) throw new Error('there is none');
  return last;
};

const idsOf = ({ ids }: { ids(): Iterable<string> }): readonly string[] => [...ids()];

const at = <T>(items: readonly T[], index: number): T => {
  const item = items[index];
  if (item === undefined) throw new Error(`there is no item ${index}`);
  return item;
};

/** What an ordinary simulated day does not do. Everything that Intercom stamps is stamped. */
function mutateByHand({ workspace }: Simulator): void {
  const { contacts, companies, conversations, tickets, tags, teams, admins, articles } = workspace;
  const people = idsOf(contacts);
  const firms = idsOf(companies);
  const labels = idsOf(tags);
  const [many, none, renamed, broken] = [at(people, 3), at(people, 4), at(people, 5), at(people, 6)];
  for (const company of firms.slice(0, 14)) contacts.attachCompany(many, company);
  for (const label of labels.slice(0, 12)) contacts.tag(many, label);
  for (const label of contacts.relations(none).tagIds) contacts.untag(none, label);
  for (const company of contacts.relations(none).companyIds) contacts.detachCompany(none, company);
  contacts.update(renamed, { name: 'Ünïcode 🧪 \u2028 "quoted"', email: null, owner_id: 814 });
  contacts.update(broken, {
    name: 'half \ud83d a pair',
    custom_attributes: { attachments: ['mine'], n: 1.5 },
  });
  contacts.delete(at(people, 7));
  contacts.create({ role: 'lead', name: null });

  const talks = idsOf(conversations);
  const long = talks.find((id) => conversations.partCount(id) > 500) ?? '';
  conversations.addPart(long);
  conversations.redactPart(long, String(lastOf(conversations.parts(long)).id));
  conversations.tag(at(talks, 4), at(labels, 0));
  for (const label of conversations.tagIds(at(talks, 5))) conversations.untag(at(talks, 5), label);
  conversations.rate(at(talks, 6), 5, null);
  conversations.delete(at(talks, 7));
  conversations.create({ source: null });

  const cases = idsOf(tickets);
  tickets.addPart(at(cases, 1));
  tickets.setState(at(cases, 2), at(idsOf(workspace.ticketStates), 3));
  tickets.delete(at(cases, 3));

  companies.tag(at(firms, 1), at(labels, 1));
  companies.delete(at(firms, 2));
  const admin = admins.create({ name: 'Newcomer' });
  admins.delete(at(idsOf(admins), 1));
  teams.update(at(idsOf(teams), 0), { admin_ids: [Number(admin)] });
  // Unstamped on every contact that has it: those keep their rows until Intercom stamps them.
  tags.delete(at(labels, 20));
  tags.update(at(labels, 21), { name: 'renamed' });
  workspace.segments.create({ name: 'New segment' });
  workspace.dataAttributes.create({ model: 'company', name: 'x', full_name: 'custom_attributes.x' });
  workspace.ticketTypes.update(at(idsOf(workspace.ticketTypes), 0), { archived: true });
  articles.delete(at(idsOf(articles), 2));
  articles.create({ title: 'New', body: null });
  workspace.collections.update(at(idsOf(workspace.collections), 1), { name: null });
  workspace.helpCenters.create({});
  workspace.subscriptionTypes.create({});
  workspace.activityLogs.create({});
}

/** Rows of an object's main table that its runs since `run` wrote. */
const rowsSince = (lake: LakeView, table: Table, run: string): number =>
  lake.history(table).filter((entry) => entry.run > run).length;

describe('a workspace from its first run on', () => {
  test('every row of every table, whatever the kind of run', async () => {
    const { simulator, clock, sync, lake } = await start({
      simulator: { timezone: 'Pacific/Auckland' },
      sync: { limits: { partBytes: 2_000 } },
    });
    const expected = expectationOf(simulator);
    const check = async (): Promise<LakeView> => {
      const found = await lake();
      expect(expected.problems(found)).toEqual([]);
      return found;
    };

    expectSuccess(await sync());
    expected.synced();
    const first = await check();
    expect(OBJECTS.map((object) => first.manifests(object).length)).toEqual(OBJECTS.map(() => 1));
    expect(first.orphans).toEqual([]);
    expect(at(first.manifests('contacts'), 0).tables.contacts?.files.length).toBeGreaterThan(1);
    expect(lastOf(first.manifests('conversation_parts')).completeness.over_cap).toHaveLength(1);

    clock.advance(6 * HOUR);
    simulator.workspace.simulateDay(1);
    mutateByHand(simulator);
    clock.advance(20 * MINUTE);
    expectSuccess(await sync());
    expected.synced();
    const second = await check();
    expect(second.current('conversation_parts').size).toBeGreaterThan(500);
    for (const object of INCREMENTAL) {
      const all = first.history(object).length;
      expect(rowsSince(second, object, lastOf(first.runs)), object).toBeLessThan(all);
    }

    // Nothing changed: the same current state, and next to nothing read.
    clock.advance(HOUR);
    expectSuccess(await sync());
    const before = new Map(OBJECTS.map((object) => [object, [...second.current(object).keys()].sort()]));
    const third = await check();
    for (const object of OBJECTS) {
      expect([...third.current(object).keys()].sort()).toEqual(before.get(object));
    }
    expect(rowsSince(third, 'contacts', lastOf(second.runs))).toBe(0);
    expect(rowsSince(third, 'conversation_parts', lastOf(second.runs))).toBe(0);
    expected.synced();

    clock.advance(HOUR);
    simulator.workspace.simulateDay(2);
    expectSuccess(await sync({ input: { mode: 'full_refresh' } }));
    expected.synced({ isFullRefresh: true });
    const fourth = await check();
    expect(rowsSince(fourth, 'contacts', lastOf(third.runs))).toBe(simulator.workspace.contacts.size);

    // A backfill leaves cursors and full-refresh objects alone; changes outside its range stay unread.
    const contact = at(idsOf(simulator.workspace.contacts), 40);
    const from = Number(simulator.workspace.contacts.record(contact)?.updated_at);
    const to = from + 30 * 86_400;
    clock.advance(HOUR);
    simulator.workspace.contacts.update(at(idsOf(simulator.workspace.contacts), 41), { name: 'Later' });
    const range = { from: new Date(from * 1000).toISOString(), to: new Date(to * 1000).toISOString() };
    expectSuccess(await sync({ input: range }));
    expected.synced({ objects: INCREMENTAL, range: { from, to } });
    const fifth = await check();
    expect(lastOf(fifth.summaries).notes.join()).toContain('companies');
    const inRange = [...simulator.workspace.contacts.records()].filter(
      ({ updated_at: stamp }) => Number(stamp) >= from && Number(stamp) < to,
    );
    expect(rowsSince(fifth, 'contacts', lastOf(fourth.runs))).toBe(inRange.length);

    // Narrowed to some objects, the others stay as they are.
    clock.advance(HOUR);
    simulator.workspace.simulateDay(3);
    expectSuccess(await sync({ input: { objects: ['tags', 'contacts'] } }));
    expected.synced({ objects: ['tags', 'contacts'] });
    await check();
    expectSuccess(await sync());
    expected.synced();
    await check();
  });

  test.each(['UTC', 'America/Los_Angeles', 'Pacific/Auckland'])(
    'contacts are searched by days of %s, in slices and runs of any size',
    async (timezone) => {
      const limits = { sliceRecords: 40, maxSlices: 4, partBytes: 3_000, checkpointMs: 0 };
      const { simulator, clock, open, lake } = await start({
        simulator: { timezone },
        // Around the change of clocks in Los Angeles.
        clock: { startMs: Date.UTC(2026, 2, 7, 10, 30) },
        sync: { config: { objects: ['contacts', 'contact_note'] }, limits },
      });
      const expected = expectationOf(simulator);
      const session = await open();
      for (let day = 1; day <= 3; day += 1) {
        expectSuccess(await session.run());
        expected.synced({ objects: ['contacts'] });
        const found = await lake();
        expect(expected.problems(found)).toEqual([]);
        clock.advance(23.7 * HOUR);
        simulator.workspace.simulateDay(day);
        clock.advance(90 * MINUTE);
      }
      await session.close();
      const found = await lake();
      const runs = Map.groupBy(found.history('contacts'), ({ run }) => run);
      expect(runs.size).toBeGreaterThan(4);
      expect(runs.get([...runs.keys()].toSorted()[0] ?? '')?.length).toBeLessThan(340);
    },
  );
});

describe('many slices, parts and runs', () => {
  const limits = { sliceRecords: 30, sliceParents: 12, partBytes: 2_000, checkpointMs: 0 };

  test('a plan of many slices reads every record exactly once', async () => {
    const { simulator, sync, lake } = await start({ sync: { limits } });
    const expected = expectationOf(simulator);
    expectSuccess(await sync());
    expected.synced();
    const found = await lake();
    expect(expected.problems(found)).toEqual([]);
    for (const object of ['contacts', 'conversations', 'tickets'] as const) {
      expect(found.history(object)).toHaveLength(simulator.workspace[object].size);
    }
    const slices = (table: Table): number =>
      new Set(found.history(table).map(({ file }) => file.split('/').at(-1)?.slice(0, 4))).size;
    expect(slices('contacts')).toBeGreaterThan(5);
    expect(slices('conversation_parts')).toBeGreaterThan(3);
  });

  test('bounded runs follow one another until no work remains, also of a full refresh', async () => {
    const { simulator, clock, sync, lake } = await start({ sync: { limits: { ...limits, maxSlices: 2 } } });
    const expected = expectationOf(simulator);
    const result = await sync();
    expectSuccess(result);
    expect(result.status === 'finished' && result.runs.length).toBeGreaterThan(3);
    expected.synced();
    const first = await lake();
    expect(expected.problems(first)).toEqual([]);
    expect(lastOf(first.summaries).work_remains).toBe(false);
    expect(first.history('conversations')).toHaveLength(simulator.workspace.conversations.size);

    clock.advance(HOUR);
    simulator.workspace.simulateDay(1);
    expectSuccess(await sync({ input: { mode: 'full_refresh' } }));
    expected.synced({ isFullRefresh: true });
    const second = await lake();
    expect(expected.problems(second)).toEqual([]);
    expect(lastOf(second.manifests('contacts')).completeness.debts).toEqual([]);
  });

  test('startFrom is inclusive, and moved earlier it is a debt that the next run pays', async () => {
    const { simulator, clock, sync, lake } = await start({ sync: { limits } });
    const objects = ['contacts', 'tickets', 'activity_logs'] as const;
    const moment = Math.floor(clock.now() / 1000) - 30 * 86_400;
    const config = { objects: [...objects], startFrom: new Date(moment * 1000).toISOString() };
    const expected = expectationOf(simulator);
    expectSuccess(await sync({ config }));
    expected.synced({ objects, range: { from: moment } });
    const first = await lake();
    expect(expected.problems(first, objects)).toEqual([]);
    expect(first.current('contacts').size).toBeLessThan(simulator.workspace.contacts.size);

    clock.advance(HOUR);
    expectSuccess(await sync({ config: { objects: [...objects] } }));
    expected.synced({ objects, isFullRefresh: true });
    expect(expected.problems(await lake(), objects)).toEqual([]);
  });
});

describe('a workspace that changes while it is read', () => {
  test('loses nothing', async () => {
    const { simulator, clock, sync, lake } = await start({
      sync: { limits: { sliceRecords: 60, sliceParents: 20, partBytes: 4_000, checkpointMs: 0 } },
    });
    const { contacts, conversations, tickets, articles, companies, activityLogs } = simulator.workspace;
    const deleted: string[] = [];
    let round = 0;
    const pick = (truth: { ids(): Iterable<string> }): string => {
      const ids = idsOf(truth);
      return at(ids, (round * 37) % ids.length);
    };
    const change = (): void => {
      round += 1;
      contacts.update(pick(contacts), { name: `Name ${round}` });
      contacts.tag(pick(contacts), at(idsOf(simulator.workspace.tags), round % 20));
      conversations.addPart(pick(conversations));
      tickets.addPart(pick(tickets));
      articles.update(pick(articles), { title: `Title ${round}` });
      companies.update(pick(companies), { size: round });
      activityLogs.create({});
      if (round % 3 === 0) contacts.create();
      if (round % 4 === 0) contacts.delete(pick(contacts));
      if (round % 4 === 1) articles.create({ title: `New ${round}` });
      if (round % 5 === 0) conversations.create();
      if (round % 6 !== 0 || deleted.length > 8) return;
      const gone = pick(conversations);
      deleted.push(gone);
      conversations.delete(gone);
    };
    expectSuccess(await sync());
    for (let run = 0; run < 2; run += 1) {
      clock.advance(20 * MINUTE);
      const timer = setInterval(change, 15);
      const input = run === 0 ? { mode: 'full_refresh' } : {};
      expectSuccess(await sync({ input }).finally(() => clearInterval(timer)));
      await lake();
    }
    expect(round).toBeGreaterThan(20);
    clock.advance(MINUTE);
    expectSuccess(await sync());
    const found = await lake();
    expect(lostRows(simulator, found)).toEqual([]);
    const known = [...found.current('deletions').values()]
      .filter(({ object }) => object === 'conversations')
      .map(({ id }) => String(id));
    expect(known.toSorted()).toEqual(deleted.toSorted());
  });
});

describe('the command', () => {
  test('sync of bin/local.ts writes the same lake, and its summary on standard output', async () => {
    const { simulator, directory } = await start({ clock: { startMs: Date.now(), speed: 1 } });
    const root = join(import.meta.dirname, '../..');
    const config = join(dirname(directory), 'pipeline.json');
    writeFileSync(config, JSON.stringify({ objects: EVERYTHING }));
    const sync = async (...args: readonly string[]) => {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [join(root, 'bin', 'local.ts'), 'sync', '--config', config, '--out', directory, '--json', ...args],
        {
          cwd: root,
          env: {
            ...process.env,
            INTERCOM_ACCESS_TOKEN: simulator.token,
            INTERCOM_BASE_URL: simulator.url,
          },
        },
      );
      return JSON.parse(stdout) as { readonly status: string; readonly mode: string };
    };
    const expected = expectationOf(simulator);
    expect(await sync()).toMatchObject({ status: 'succeeded', mode: 'incremental', work_remains: false });
    expected.synced();
    expect(expected.problems(await readLake(directory))).toEqual([]);

    simulator.workspace.tags.create({ name: 'By hand' });
    expect(await sync('--full-refresh', '--objects', 'tags,teams')).toMatchObject({ mode: 'full_refresh' });
    expected.synced({ objects: ['tags', 'teams'], isFullRefresh: true });
    expect(expected.problems(await readLake(directory))).toEqual([]);
    rmSync(directory, { recursive: true });
  });
});
