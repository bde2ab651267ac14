/** Notes of contacts (docs/intercom-api.md 6.2.6). */
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../lib/standins/intercom/index.ts';
import {
  byTime,
  type Client,
  DAY,
  idsOf,
  listAll,
  NOON,
  NOON_SECONDS,
  searchAll,
  start,
} from '../../support/intercom/simulator-client.ts';

interface Embedded {
  readonly data: readonly { readonly id: string; readonly type: string; readonly url: string }[];
  readonly total_count: number;
  readonly has_more: boolean;
  readonly url: string;
}

const everybody = { query: byTime('updated_at', '>', DAY) };
const embeddedIn = (record: JsonObject): Embedded => record.notes as unknown as Embedded;

/** The notes that a client finds: those of each contact that says it has any. */
async function readNotes(client: Client): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  for (const record of await searchAll(client, 'contacts', everybody)) {
    if (embeddedIn(record).total_count > 0)
      found.push(...(await listAll(client, `/contacts/${String(record.id)}/notes`)));
  }
  return found;
}

const ordered = (records: readonly JsonObject[]): JsonObject[] =>
  records.toSorted((a, b) => Number(a.id) - Number(b.id));

test('none, a few, more than ten, more than a page', async () => {
  const client = await start();
  const counts = new Map<number, number>();
  for (const record of await searchAll(client, 'contacts', everybody)) {
    const { contacts } = client.sim.workspace;
    const id = String(record.id);
    const { noteIds } = contacts.relations(id);
    const list = embeddedIn(record);
    expect(list).toEqual({
      type: 'list',
      data: noteIds.slice(0, 10).map((note) => ({ id: note, type: 'note', url: `/notes/${note}` })),
      url: `/contacts/${id}/notes`,
      total_count: noteIds.length,
      has_more: noteIds.length > 10,
    });
    counts.set(noteIds.length, (counts.get(noteIds.length) ?? 0) + 1);
  }
  const sizes = [...counts.keys()].toSorted((a, b) => a - b);
  expect(sizes).toEqual([0, 1, 2, 3, 12, 57]);
  expect(counts.get(57)).toBe(1);
  expect(counts.get(0)).toBeGreaterThan(300);
});

test('the list: 50 a page, newest first, with author and body', async () => {
  const client = await start();
  const { contacts } = client.sim.workspace;
  const [id = ''] = [...contacts.ids()].filter((one) => contacts.relations(one).noteIds.length > 50);
  const first = (await client.get(`/contacts/${id}/notes`)).json;
  expect(first).toMatchObject({
    type: 'list',
    total_count: 57,
    pages: { type: 'pages', page: 1, per_page: 50, total_pages: 2 },
  });
  expect(first.data).toHaveLength(50);
  expect((await client.get(`/contacts/${id}/notes?page=2`)).json).toMatchObject({ pages: { next: null } });
  const notes = await listAll(client, `/contacts/${id}/notes?per_page=9`);
  expect(notes).toEqual(contacts.notes(id));
  expect(new Set(idsOf(notes))).toEqual(new Set(contacts.relations(id).noteIds));
  const times = notes.map((note) => Number(note.created_at));
  expect(times).toEqual(times.toSorted((a, b) => b - a));
  expect(times.at(-1)).toBeGreaterThanOrEqual(Number(contacts.record(id)?.created_at));
  const authors = notes.map((note) => note.author as JsonObject | null);
  expect(authors).toContain(null);
  const { admins } = client.sim.workspace;
  for (const author of authors) {
    if (author === null) continue;
    const { type, name, email } = admins.record(String(author.id)) ?? {};
    expect(author).toEqual({
      type,
      id: author.id,
      name,
      email,
      away_mode_enabled: false,
      away_mode_reassign: false,
    });
  }
  for (const note of notes) {
    expect(note).toMatchObject({ type: 'note', contact: { type: 'contact', id } });
    expect(note.body).toMatch(/^<p>/);
  }
});

test('a contact without notes, an unknown contact, a token without the permission', async () => {
  const client = await start();
  const { contacts } = client.sim.workspace;
  const [id = ''] = [...contacts.ids()].filter((one) => contacts.relations(one).noteIds.length === 0);
  expect((await client.get(`/contacts/${id}/notes`)).json).toMatchObject({ data: [], total_count: 0 });
  const missing = await client.get('/contacts/6762f0d01bb69f9f21ffffff/notes');
  expect([missing.status, missing.json.errors?.[0]]).toEqual([
    404,
    { code: 'not_found', message: 'User Not Found' },
  ]);
  const token = client.sim.issueToken({ scopes: ['read_conversations'] });
  const refused = await client.get(`/contacts/${id}/notes`, { authorization: `Bearer ${token}` });
  expect(refused.status).toBe(403);
});

describe.each(['as seeded', 'after three days'])('%s', (state) => {
  test('the truth has the notes that a client finds', async () => {
    const client = await start();
    for (const day of state === 'as seeded' ? [] : [1, 2, 3]) {
      client.clock.pass(DAY);
      client.sim.workspace.simulateDay(day);
    }
    const found = (await readNotes(client)).map(({ contact, author, ...note }) => ({
      contact_id: (contact as JsonObject).id,
      ...note,
      author_type: (author as JsonObject | null)?.type ?? null,
      author_id: (author as JsonObject | null)?.id ?? null,
    }));
    expect(ordered(client.sim.workspace.rows.contact_note())).toEqual(ordered(found));
    expect(new Set(idsOf(found)).size).toBe(found.length);
  });
});

test('days bring notes, and some go', async () => {
  const client = await start();
  const { workspace } = client.sim;
  const { contacts } = workspace;
  let [came, went] = [0, 0];
  for (let day = 1; day <= 6; day += 1) {
    client.clock.pass(DAY);
    const { noted, unnoted, fromMs, toMs } = workspace.simulateDay(day);
    for (const { contact, note } of noted) {
      const found = contacts.notes(contact).find(({ id }) => id === note);
      const gone = unnoted.some((one) => one.note === note);
      expect(found === undefined).toBe(gone);
      if (gone) continue;
      const at = Number(found?.created_at) * 1000;
      expect(at > fromMs && at <= toMs).toBe(true);
      expect(Number(contacts.record(contact)?.updated_at) * 1000).toBeGreaterThanOrEqual(at);
    }
    for (const { contact, note } of unnoted) expect(contacts.relations(contact).noteIds).not.toContain(note);
    came += noted.length;
    went += unnoted.length;
  }
  expect([came > 6, went > 0]).toEqual([true, true]);
});

test.each([
  ['bump', true],
  ['keep', false],
] as const)('a note that comes or goes, and its contact: %s', async (contactNoteBump, isMoved) => {
  const client = await start({ switches: { contactNoteBump } });
  const { contacts } = client.sim.workspace;
  const [id = ''] = contacts.ids();
  const isAt = (seconds: number): boolean => contacts.record(id)?.updated_at === NOON_SECONDS + seconds;
  client.clock.pass(10);
  const note = contacts.addNote(id, { body: '<p>Called</p>' });
  expect(isAt(10)).toBe(isMoved);
  const served = await client.get(`/contacts/${id}/notes`);
  expect(served.json.data?.[0]).toMatchObject({
    id: note,
    body: '<p>Called</p>',
    created_at: NOON / 1000 + 10,
  });
  client.clock.pass(10);
  contacts.deleteNote(id, note);
  expect(isAt(20)).toBe(isMoved);
  expect((await client.get(`/contacts/${id}`)).json.notes).toMatchObject({ total_count: 0 });
  expect(() => contacts.deleteNote(id, note)).toThrow(`no note "${note}"`);
});

test('a merged contact keeps the notes of both; an archived one is not looked for', async () => {
  const client = await start();
  const { contacts } = client.sim.workspace;
  const withNotes = [...contacts.ids()].filter((id) => contacts.relations(id).noteIds.length > 0);
  const lead = [...contacts.ids()].find((id) => contacts.record(id)?.role === 'lead') ?? '';
  contacts.addNote(lead);
  const into = withNotes.find((id) => contacts.record(id)?.role === 'user') ?? '';
  const both = [...contacts.relations(into).noteIds, ...contacts.relations(lead).noteIds];
  contacts.merge(lead, into);
  const notes = await listAll(client, `/contacts/${into}/notes`);
  expect(idsOf(notes).toSorted()).toEqual(both.toSorted());
  expect(notes.every((note) => (note.contact as JsonObject).id === into)).toBe(true);
  const owners = (): Set<unknown> =>
    new Set(client.sim.workspace.rows.contact_note().map(({ contact_id: id }) => id));
  contacts.archive(into);
  expect(owners().has(into)).toBe(false);
  client.sim.setSwitches({ archivedContacts: 'present' });
  expect(owners().has(into)).toBe(true);
});

test('the list can be short, once', async () => {
  const client = await start();
  const { contacts } = client.sim.workspace;
  const [id = ''] = [...contacts.ids()].filter((one) => contacts.relations(one).noteIds.length === 12);
  client.sim.setSwitches({ shortSubLists: [{ list: 'notes', ids: [id], missing: 5, lasts: 'once' }] });
  const short = (await client.get(`/contacts/${id}/notes`)).json;
  expect([short.data?.length, short.total_count]).toEqual([7, 12]);
  expect((await client.get(`/contacts/${id}/notes`)).json.data).toHaveLength(12);
});
