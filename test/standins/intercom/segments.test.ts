/** Members of a segment by contact search (docs/intercom-api.md 6.2.7). */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/standins/intercom/index.ts';
import {
  all,
  byTime,
  type Client,
  DAY,
  idsOf,
  NOON_SECONDS,
  searchAll,
  start,
} from '../../support/intercom/simulator-client.ts';

const inSegment = (id: string): JsonObject => ({ field: 'segment_id', operator: '=', value: id });
const membersOf = async (client: Client, id: string, perPage = 150): Promise<string[]> =>
  idsOf(
    await searchAll(client, 'contacts', {
      query: all(inSegment(id), byTime('updated_at', '>', 0)),
      sort: { field: 'updated_at', order: 'ascending' },
      perPage,
    }),
  ).toSorted();
const contactSegments = ({ sim: { workspace } }: Client): string[] =>
  [...workspace.segments.ids()].filter((id) => !workspace.companySegmentIds().includes(id));

async function countsOf(client: Client): Promise<Map<string, number>> {
  const { segments } = (await client.get('/segments?include_count=true')).json;
  return new Map((segments as JsonObject[]).map(({ id, count }) => [String(id), Number(count)]));
}

/** Search, counts, sub-lists and truth say the same. */
async function expectConsistent(client: Client): Promise<void> {
  const { contacts, rows } = client.sim.workspace;
  const counts = await countsOf(client);
  const bySubList = new Map<string, string[]>();
  for (const id of contacts.ids()) {
    for (const segment of idsOf((await client.get(`/contacts/${id}/segments`)).json.data))
      bySubList.set(segment, [...(bySubList.get(segment) ?? []), id]);
  }
  const truth = rows.segment_contact();
  for (const id of contactSegments(client)) {
    const members = await membersOf(client, id, 17);
    expect(members).toHaveLength(counts.get(id) ?? 0);
    expect(members).toEqual((bySubList.get(id) ?? []).toSorted());
    expect(members).toEqual(
      truth
        .filter((row) => row.segment_id === id)
        .map((row) => row.contact_id)
        .toSorted(),
    );
  }
  expect(truth.length).toBe([...counts.values()].reduce((sum, count) => sum + count, 0));
}

test('search, counts, sub-lists and truth agree, also after days, deletions, merges and archiving', async () => {
  const client = await start();
  const { workspace } = client.sim;
  await expectConsistent(client);
  for (const day of [1, 2, 3]) {
    client.clock.pass(DAY);
    const { entered, left } = workspace.simulateDay(day);
    expect([entered.length > 0, left.length > 0]).toEqual([true, true]);
    const isIn = ({ contact, segment }: (typeof left)[number]): boolean =>
      workspace.contacts.relations(contact).segmentIds.includes(segment);
    const gone = (one: (typeof left)[number]): boolean =>
      left.some(({ contact, segment }) => contact === one.contact && segment === one.segment);
    expect(left.some(isIn)).toBe(false);
    expect(entered.filter((one) => !gone(one)).every(isIn)).toBe(true);
  }
  await expectConsistent(client);
  const [archived = ''] = [...workspace.contacts.ids()].filter(
    (id) => workspace.contacts.relations(id).segmentIds.length === 2,
  );
  const before = workspace.contacts.relations(archived).segmentIds;
  workspace.contacts.archive(archived);
  workspace.segments.delete(contactSegments(client)[2] ?? '');
  await expectConsistent(client);
  expect(workspace.contacts.relations(archived).segmentIds).toEqual([]);
  workspace.contacts.unarchive(archived);
  expect(workspace.contacts.relations(archived).segmentIds).toEqual(
    before.filter((id) => workspace.segments.has(id)),
  );
  await expectConsistent(client);
});

test('together with other filters', async () => {
  const client = await start();
  const { contacts } = client.sim.workspace;
  const [id = ''] = contactSegments(client);
  const leads = await searchAll(client, 'contacts', {
    query: all(inSegment(id), { field: 'role', operator: '=', value: 'lead' }),
    perPage: 3,
  });
  const members = await membersOf(client, id);
  expect(leads.length).toBeGreaterThan(0);
  expect(idsOf(leads).toSorted()).toEqual(
    members.filter((member) => contacts.record(member)?.role === 'lead'),
  );
  const { json } = await client.post('/contacts/search', { query: inSegment(id) });
  expect(json.total_count).toBe(members.length);
});

test('a member comes and goes; a switch decides if that moves the contact', async () => {
  const client = await start();
  const { contacts } = client.sim.workspace;
  const [id = ''] = contactSegments(client);
  const [other = ''] = [...contacts.ids()].filter((one) => !contacts.relations(one).segmentIds.includes(id));
  const before = await membersOf(client, id);
  const updatedAt = contacts.record(other)?.updated_at;
  contacts.addSegment(other, id);
  expect(await membersOf(client, id)).toEqual([...before, other].toSorted());
  expect(contacts.record(other)?.updated_at).toBe(updatedAt);
  client.sim.setSwitches({ contactSegmentBump: 'bump' });
  contacts.removeSegment(other, id);
  expect(await membersOf(client, id)).toEqual(before);
  expect(contacts.record(other)?.updated_at).toBe(NOON_SECONDS);
});

describe('an index that lags', () => {
  const change = async (client: Client) => {
    const { contacts } = client.sim.workspace;
    const [id = ''] = contactSegments(client);
    const before = await membersOf(client, id);
    const [goes = ''] = before;
    const [comes = ''] = [...contacts.ids()].filter((one) => !before.includes(one));
    contacts.removeSegment(goes, id);
    contacts.addSegment(comes, id);
    const after = [...before.filter((one) => one !== goes), comes].toSorted();
    return { id, before, after };
  };

  test('knows members late', async () => {
    const client = await start({ indexingDelaySeconds: 60 });
    const { id, before, after } = await change(client);
    expect(await membersOf(client, id)).toEqual(before);
    expect((await countsOf(client)).get(id)).toBe(after.length);
    client.clock.pass(61);
    expect(await membersOf(client, id)).toEqual(after);
  });

  test('or knows them at once, by switch, although it knows other fields late', async () => {
    const client = await start({ indexingDelaySeconds: 60, switches: { segmentMembers: 'current' } });
    const { contacts } = client.sim.workspace;
    const { id, after } = await change(client);
    expect(await membersOf(client, id)).toEqual(after);
    const [member = ''] = after;
    contacts.update(member, { name: 'Changed' });
    const named = { query: { field: 'name', operator: '=', value: 'Changed' } };
    expect(await searchAll(client, 'contacts', named)).toEqual([]);
    contacts.removeSegment(member, id);
    expect(await membersOf(client, id)).toEqual(after.filter((one) => one !== member));
    client.clock.pass(61);
    expect(idsOf(await searchAll(client, 'contacts', named))).toEqual([member]);
  });
});

test('a segment that does not exist, is of companies or was deleted: empty, or 400 by switch', async () => {
  const client = await start();
  const { workspace } = client.sim;
  const deleted = contactSegments(client)[1] ?? '';
  expect(await membersOf(client, deleted)).not.toEqual([]);
  workspace.segments.delete(deleted);
  const [known = ''] = contactSegments(client);
  const unknown = ['nothing', workspace.companySegmentIds()[0] ?? '', deleted];
  for (const id of unknown) expect(await membersOf(client, id)).toEqual([]);
  client.sim.setSwitches({ unknownSegment: '400' });
  for (const id of unknown) {
    const { status, json } = await client.post('/contacts/search', { query: inSegment(id) });
    expect([status, json.errors?.[0]?.code]).toEqual([400, 'parameter_invalid']);
  }
  expect(await membersOf(client, known)).not.toEqual([]);
});
