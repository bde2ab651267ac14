/** One day of the workspace. It is deterministic, except for the window in which its times are. */
import { callSeconds, endCall } from '../generate/calls.ts';
import { LIST_NAMES } from '../generate/lists.ts';
import { personPhone } from '../generate/personal.ts';
import { CALL_IDS, COMPANY_SEGMENT_IDS, CONTACT_IDS } from '../ids.ts';
import { createRandom, type Random } from '../prng.ts';
import type { Table, Timed } from '../table.ts';
import type { DayReport, Membership, ObjectName, Workspace } from '../workspace-types.ts';
import type { World } from '../world/world.ts';

type Changes = Partial<Record<ObjectName, string[]>>;

interface Day {
  readonly world: World;
  readonly workspace: Omit<Workspace, 'simulateDay'>;
  readonly random: Random;
  /** Epoch seconds inside the window, rising with every call. */
  readonly tick: () => number;
  readonly created: Changes;
  readonly updated: Changes;
  readonly deleted: Changes;
}

const note = (changes: Changes, object: ObjectName, id: string): string => {
  const ids = changes[object] ?? [];
  ids.push(id);
  changes[object] = ids;
  return id;
};

/** A share of a table: at least 1 and at most 500. */
const share = (size: number, part: number): number => Math.min(500, Math.max(1, Math.floor(size * part)));

/** An existing row, or undefined in an empty table. */
function anyRow<S extends Timed>(table: Table<S>, random: Random): number | undefined {
  for (let attempt = 0; attempt < 50; attempt++) {
    const row = random.int(table.rows);
    if (table.exists(row)) return row;
  }
  return undefined;
}

function anyIds<S extends Timed>(table: Table<S>, random: Random, count: number): string[] {
  const ids = new Set<string>();
  for (let i = 0; i < count; i++) {
    const row = anyRow(table, random);
    if (row !== undefined) ids.add(table.idOf(row));
  }
  return [...ids];
}

function contactsOfDay(day: Day): { merged: DayReport['merged']; untagged: DayReport['untagged'] } {
  const { workspace, random, tick } = day;
  const { contacts } = workspace;
  const { table } = day.world.contacts;
  const tagIds = [...workspace.tags.ids()];
  const companies = anyIds(day.world.companies, random, 3);
  for (let i = 0; i < share(table.size, 0.01); i++) {
    const id = note(day.created, 'contacts', contacts.create({}, { at: tick() }));
    if (tagIds.length > 0) contacts.tag(id, random.pick(tagIds), { at: tick() });
    if (companies.length > 0) contacts.attachCompany(id, random.pick(companies), { at: tick() });
  }
  for (const id of anyIds(table, random, share(table.size, 0.03))) {
    contacts.update(note(day.updated, 'contacts', id), { last_seen_at: tick(), os: 'Linux' }, { at: tick() });
  }
  const untagged: { contact: string; tag: string }[] = [];
  for (const contact of anyIds(table, random, share(table.size, 0.02))) {
    const tag = contacts.relations(contact).tagIds[0];
    if (tag === undefined) continue;
    contacts.untag(contact, tag, { at: tick() });
    untagged.push({ contact, tag });
  }
  for (const id of anyIds(table, random, share(table.size, 0.002)))
    contacts.delete(note(day.deleted, 'contacts', id));
  const [lead] = anyIds(table, random, 60).filter((id) => contacts.record(id)?.role === 'lead');
  const [into] = anyIds(table, random, 60).filter((id) => contacts.record(id)?.role === 'user');
  if (lead === undefined || into === undefined) return { merged: [], untagged };
  contacts.merge(lead, into, { at: tick() });
  return { merged: [{ lead, into }], untagged };
}

function conversationsOfDay(day: Day): void {
  const { random, tick } = day;
  const { conversations, tags } = day.workspace;
  const { table } = day.world.conversations;
  const tagIds = [...tags.ids()];
  for (let i = 0; i < share(table.size, 0.02); i++) {
    const id = note(day.created, 'conversations', conversations.create({}, { at: tick() }));
    for (let part = random.int(4); part > 0; part--) conversations.addPart(id, undefined, { at: tick() });
  }
  for (const [i, id] of anyIds(table, random, share(table.size, 0.05)).entries()) {
    note(day.updated, 'conversations', id);
    const at = tick();
    const [oldest] = conversations.parts(id);
    const tag = conversations.tagIds(id)[0];
    if (i % 6 === 1) conversations.close(id, { at });
    else if (i % 6 === 2) conversations.rate(id, 1 + random.int(5), null, { at });
    else if (i % 6 === 3 && oldest !== undefined) conversations.redactPart(id, String(oldest.id), { at });
    else if (i % 6 === 4 && tag !== undefined) conversations.untag(id, tag, { at });
    else if (i % 6 === 5 && tagIds.length > 0) conversations.tag(id, random.pick(tagIds), { at });
    else conversations.addPart(id, undefined, { at });
  }
  if (table.size > 20) {
    for (const id of anyIds(table, random, 1)) {
      conversations.delete(note(day.deleted, 'conversations', id), { at: tick() });
    }
  }
}

function othersOfDay(day: Day, number: number): void {
  const { random, tick, workspace } = day;
  const { companies, tickets, articles, activityLogs, tags } = workspace;
  note(day.created, 'companies', companies.create({}, { at: tick() }));
  for (const id of anyIds(day.world.companies, random, share(companies.size, 0.03))) {
    companies.update(
      note(day.updated, 'companies', id),
      { session_count: random.int(10_000) },
      { at: tick() },
    );
  }
  if (companies.size > 20) {
    for (const id of anyIds(day.world.companies, random, 1))
      companies.delete(note(day.deleted, 'companies', id));
  }
  note(day.created, 'tickets', tickets.create({}, { at: tick() }));
  const states = [...workspace.ticketStates.ids()];
  for (const [i, id] of anyIds(day.world.tickets.table, random, share(tickets.size, 0.06)).entries()) {
    note(day.updated, 'tickets', id);
    if (i % 2 === 0) tickets.addPart(id, undefined, { at: tick() });
    else tickets.setState(id, random.pick(states), { at: tick() });
  }
  note(day.created, 'tags', tags.create({ name: `Day ${number}` }));
  for (const id of [...articles.ids()].slice(0, 1 + random.int(2))) {
    articles.update(
      note(day.updated, 'articles', id),
      { title: `Rewritten on day ${number}` },
      { at: tick() },
    );
  }
  note(day.created, 'articles', articles.create({ title: `News of day ${number}` }, { at: tick() }));
  for (let i = 0; i < 5 + random.int(10); i++) {
    note(day.created, 'activity_logs', activityLogs.create({}, { at: tick() }));
  }
}

/** Each day, in one list, a record is added, another one changes, and now and then one is removed. */
function listsOfDay({ random, tick, workspace, created, updated, deleted }: Day): void {
  const name = random.pick(LIST_NAMES);
  const list = workspace[name];
  const before = [...list.ids()];
  note(created, name, list.create({}, { at: tick() }));
  if (before.length === 0) return;
  const id = random.pick(before);
  if (before.length > 3 && random.chance(0.3)) list.delete(note(deleted, name, id));
  else list.update(note(updated, name, id), { updated_at: tick() });
}

/** Some contacts enter a segment, and some leave one. */
function segmentsOfDay({ world, workspace, random, tick }: Day): Pick<DayReport, 'entered' | 'left'> {
  const { contacts, segments } = workspace;
  const { table } = world.contacts;
  const ids = [...segments.ids()].filter((id) => COMPANY_SEGMENT_IDS.rowOf(id) === undefined);
  const entered: Membership[] = [];
  const left: Membership[] = [];
  if (ids.length === 0) return { entered, left };
  for (const contact of anyIds(table, random, share(table.size, 0.02))) {
    const segment = random.pick(ids);
    if (contacts.relations(contact).segmentIds.includes(segment)) continue;
    contacts.addSegment(contact, segment, { at: tick() });
    entered.push({ contact, segment });
  }
  for (const contact of anyIds(table, random, share(table.size, 0.02))) {
    const [segment] = contacts.relations(contact).segmentIds;
    if (segment === undefined) continue;
    contacts.removeSegment(contact, segment, { at: tick() });
    left.push({ contact, segment });
  }
  return { entered, left };
}

/** Adds notes, and now and then removes one. */
function notesOfDay({ world, workspace, random, tick }: Day): Pick<DayReport, 'noted' | 'unnoted'> {
  const { contacts } = workspace;
  const { table } = world.contacts;
  const noted = anyIds(table, random, share(table.size, 0.01)).map((contact) => ({
    contact,
    note: contacts.addNote(contact, {}, { at: tick() }),
  }));
  const unnoted = anyIds(table, random, share(table.size, 0.02)).flatMap((contact) => {
    const [note] = contacts.relations(contact).noteIds;
    if (note === undefined) return [];
    contacts.deleteNote(contact, note, { at: tick() });
    return [{ contact, note }];
  });
  return { noted, unnoted };
}

/** Yesterday's open call ends. New calls begin, and all but the last of them end. */
function callsOfDay({ world, workspace, random, tick, created, updated }: Day, last: number): void {
  const { calls } = workspace;
  const { table } = world.conversations;
  const end = (id: string, startedAt: number, endedAt: number): void =>
    calls.update(id, endCall(world.genesis, CALL_IDS.rowOf(id) ?? 0, startedAt, endedAt), { at: endedAt });
  for (const call of [...calls.records()].filter(({ ended_at: at }) => at === null))
    end(note(updated, 'calls', String(call.id)), Number(call.initiated_at), tick());
  const conversations = anyIds(table, random, share(calls.size, 0.03));
  const begun = [...conversations, null].map((conversation_id) => {
    const row = conversation_id === null ? undefined : table.find(conversation_id);
    const contact = row === undefined ? null : table.state(row).contact;
    const caller =
      contact === null
        ? {}
        : { contact_id: CONTACT_IDS.idOf(contact), phone: personPhone(world.genesis.seed, contact) };
    const at = tick();
    const id = calls.create({ conversation_id, ...caller }, { at });
    return { id: note(created, 'calls', id), at };
  });
  for (const { id, at } of begun.slice(0, random.chance(0.5) ? -1 : undefined))
    end(id, at, Math.min(last, at + callSeconds(world.genesis, CALL_IDS.rowOf(id) ?? 0)));
}

export function simulateDay(
  world: World,
  workspace: Omit<Workspace, 'simulateDay'>,
  number: number,
  fromMs: number,
  toMs: number,
): DayReport {
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`a day is a whole number from 1, not ${number}`);
  if (toMs < fromMs) throw new Error(`day ${number} would end (${toMs}) before it begins (${fromMs})`);
  const random = createRandom(world.genesis.seed, 'day', number);
  const last = Math.floor(toMs / 1000);
  const first = Math.min(last, Math.floor(fromMs / 1000) + 1);
  let progress = 0;
  const tickBy =
    ({ next }: Random) =>
    (): number => {
      progress += (1 - progress) * 0.002 * (1 + next());
      return first + Math.floor((last - first) * progress);
    };
  const tick = tickBy(random);
  const day: Day = { world, workspace, random, tick, created: {}, updated: {}, deleted: {} };
  // Later additions to the days draw from a separate stream, so that the rest of a day stays as it was.
  const own = createRandom(world.genesis.seed, 'rest of the day', number);
  const { merged, untagged } = contactsOfDay(day);
  conversationsOfDay(day);
  othersOfDay(day, number);
  listsOfDay(day);
  const later = { ...day, random: own, tick: tickBy(own) };
  const memberships = segmentsOfDay(later);
  const notes = notesOfDay(later);
  callsOfDay(later, last);
  const { created, updated, deleted } = day;
  return { day: number, fromMs, toMs, created, updated, deleted, merged, untagged, ...memberships, ...notes };
}
