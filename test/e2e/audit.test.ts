/** The audit through the local pipeline: what was lost, deleted, merged or tagged unseen is found, repaired, and equal. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parseConfig } from '../../functions/config/config.ts';
import { ContractError } from '../../functions/core/errors.ts';
import {
  createIntercomClient,
  type IntercomClient,
  UNMETERED,
} from '../../functions/intercom/http/client.ts';
import { type AuditOptions, runAudit } from '../../lib/cli/audit/audit.ts';
import type { ObjectAudit } from '../../lib/cli/audit/audit-object.ts';
import { requireHash, runLocalErase } from '../../lib/cli/local/commands/person.ts';
import { createDirectoryLake } from '../../lib/cli/local/output-directory.ts';
import type { Terminal } from '../../lib/cli/terminal/terminal.ts';
import type { SearchBody } from '../support/intercom/reader-harness.ts';
import { type Bench, startBench } from '../support/local/local-bench.ts';

const OBJECTS = ['contacts', 'companies', 'conversations', 'tickets', 'tags'] as const;

let bench: Bench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

async function opened(): Promise<Bench> {
  bench = await startBench({
    simulator: { switches: { contactTagBump: 'keep' } },
    sync: { config: { objects: [...OBJECTS] } },
  });
  return bench;
}

interface Audited {
  readonly status: number;
  readonly of: (object: string) => ObjectAudit | undefined;
  readonly requests: number;
  readonly said: readonly string[];
}

async function audit(
  { simulator, clock, directory, sync }: Bench,
  options: AuditOptions = {},
  disturb: (client: IntercomClient) => IntercomClient = (client) => client,
): Promise<Audited> {
  const printed: string[] = [];
  const said: string[] = [];
  const { signal } = new AbortController();
  const terminal = {
    clock,
    signal,
    print: (text: string) => printed.push(text),
    tell: (text: string) => said.push(text),
    confirm: async (question: string) => said.push(question) > 0,
  } as unknown as Terminal;
  const config = parseConfig({ name: 'test', baseUrl: simulator.url, objects: [...OBJECTS] });
  const status = await runAudit(terminal, { json: true, ...options }, async () => ({
    config,
    lake: createDirectoryLake(directory),
    client: disturb(
      createIntercomClient({
        baseUrl: simulator.url,
        tokens: { connection: async () => ({ accessToken: simulator.token }) },
        budget: UNMETERED,
        clock,
        object: null,
      }),
    ),
    hashes: { hashText: () => requireHash(directory) },
    repair: (input) => sync({ input }),
  }));
  const { objects = [], requests = 0 } = JSON.parse(printed[0] ?? '{}') as {
    objects?: readonly ObjectAudit[];
    requests?: number;
  };
  return { status, requests, said, of: (name) => objects.find(({ object }) => object === name) };
}

const deletionsIn = async (one: Bench, without = '') =>
  [...(await one.lake((run) => run !== without)).current('deletions').values()].map(
    ({ object, id, how, merged_into }) => ({
      object,
      id,
      how,
      merged_into,
    }),
  );

test('a lake that was just synced is equal', async () => {
  const one = await opened();
  await one.sync();
  const { status, of, said } = await audit(one);
  expect(OBJECTS.map((name) => [name, of(name)?.status])).toEqual([
    ['contacts', 'equal'],
    ['companies', 'equal'],
    ['conversations', 'equal'],
    ['tickets', 'equal'],
    ['tags', 'not_counted'],
  ]);
  expect(of('contacts')).toMatchObject({
    counted: one.simulator.workspace.contacts.size,
    held: one.simulator.workspace.contacts.size,
  });
  expect(status).toBe(0);
  expect(said.join()).toMatch(/The audit sends about \d+ requests .*, and at most 2,000 requests/);
});

/** A regression: what could not be listed was taken for equal. */
test('what cannot be listed is unfinished', async () => {
  const one = await opened();
  await one.sync();
  const { contacts } = one.simulator.workspace;
  const [id = ''] = contacts.ids();
  const isList = (body: unknown): boolean =>
    ((body as SearchBody | undefined)?.pagination?.per_page ?? 1) > 1;
  const failing =
    (isHit: (path: string, body: unknown) => boolean) =>
    (client: IntercomClient): IntercomClient => ({
      ...client,
      post: async (path, body, options) => {
        if (isHit(path, body)) throw new ContractError('odd', { code: 'odd' });
        return client.post(path, body, options);
      },
    });
  contacts.update(id, { name: 'Changed' });
  one.clock.advance(7 * 86_400_000);
  const unlisted = await audit(
    one,
    {},
    failing((path, body) => path === '/contacts/search' && isList(body)),
  );
  expect(unlisted.of('contacts')).toMatchObject({
    status: 'unfinished',
    message: expect.stringContaining('could not list'),
  });
  expect(unlisted.status).toBe(2);
  expect(unlisted.of('tickets')?.status).toBe('equal');
});

test.each(['long ago', 'lately'])('somebody who was erased and changed %s is not missing', async (when) => {
  const one = await opened();
  await one.sync();
  const { contacts } = one.simulator.workspace;
  const [id = ''] = contacts.ids();
  if (when === 'lately') contacts.update(id, { name: 'Changed' });
  one.clock.advance(3_600_000);
  await one.sync();
  const terminal = {
    environment: process.env,
    signal: new AbortController().signal,
    clock: one.clock,
    tell: () => undefined,
    print: () => undefined,
  } as unknown as Terminal;
  expect(await runLocalErase(terminal, id, { out: one.directory, yes: true, now: true })).toBe(0);
  const { status, of } = await audit(one);
  expect(of('contacts')).toMatchObject({
    status: 'equal',
    counted: contacts.size,
    held: contacts.size - 1,
    missing: [],
    erased: 1,
  });
  expect(status).toBe(0);
});

test('what changed since the last run is no difference', async () => {
  const one = await opened();
  await one.sync();
  one.clock.advance(3_600_000);
  const { contacts, tickets } = one.simulator.workspace;
  contacts.update([...contacts.ids()][3] ?? '', { name: 'Changed' });
  tickets.update([...tickets.ids()][0] ?? '', { open: false });
  contacts.create({ role: 'user', email: 'new@example.com' });
  expect(await audit(one)).toMatchObject({ status: 0 });
});

test('deleted, merged, lost and tagged unseen: found, repaired as debts, and equal again', async () => {
  const one = await opened();
  await one.sync();
  const { workspace } = one.simulator;
  const { contacts, companies, conversations, tickets, tags } = workspace;
  const all = [...contacts.records()];
  const lead = String(all.find(({ role }) => role === 'lead')?.id);
  const users = all.filter(({ role }) => role === 'user').map(({ id }) => String(id));
  const [into = '', deleted = '', tagged = ''] = users;
  contacts.merge(lead, into);
  contacts.delete(deleted);
  const ticket = [...tickets.ids()][0] ?? '';
  tickets.delete(ticket);
  const conversation = [...conversations.ids()][0] ?? '';
  conversations.delete(conversation);
  const tag = tags.create({ name: 'Unseen' });
  contacts.tag(tagged, tag);
  const company = [...companies.ids()].find((id) => companies.contactIds(id).length > 0) ?? '';
  companies.delete(company);
  one.clock.advance(6 * 3_600_000);
  await one.sync();
  expect(await deletionsIn(one)).toEqual([
    { object: 'conversations', id: conversation, how: 'deleted_list', merged_into: null },
  ]);
  // Lost: the files of the first run's conversations.
  const lake = await one.lake();
  const [first] = lake.manifests('conversations');
  const files = first?.tables.conversations?.files ?? [];
  expect(files.length).toBeGreaterThan(0);
  for (const { key } of files) await rm(join(one.directory, 'lake', key));

  const found = await audit(one, { yes: true, repair: true });
  expect(found.status).toBe(1);
  expect(found.of('contacts')).toMatchObject({ status: 'different', missing: [], tags: [tagged] });
  expect(found.of('contacts')?.gone.toSorted((a, b) => (a.how < b.how ? -1 : 1))).toEqual([
    { id: deleted, how: 'absent', merged_into: null },
    { id: lead, how: 'merged', merged_into: into },
  ]);
  expect(found.of('tickets')?.gone).toEqual([{ id: ticket, how: 'absent', merged_into: null }]);
  expect(found.of('companies')?.gone).toEqual([{ id: company, how: 'absent', merged_into: null }]);
  expect(found.of('conversations')?.status).toBe('different');

  const again = await audit(one);
  expect(again).toMatchObject({ status: 0 });
  expect(await deletionsIn(one, first?.run_id)).toEqual(
    expect.arrayContaining([
      { object: 'contacts', id: lead, how: 'merged', merged_into: into },
      { object: 'contacts', id: deleted, how: 'absent', merged_into: null },
      { object: 'tickets', id: ticket, how: 'absent', merged_into: null },
      { object: 'companies', id: company, how: 'absent', merged_into: null },
    ]),
  );
});

test('more requests than allowed: says so, and claims nothing', async () => {
  const one = await opened();
  await one.sync();
  const { status, of } = await audit(one, { maxRequests: '3' });
  expect(status).toBe(2);
  expect(of('contacts')?.message).toMatch(/needs more than 3 requests\. Allow more with --max-requests/);
});

test('an idle run asks for deleted conversations once', async () => {
  const one = await opened();
  await one.sync();
  one.clock.advance(3_600_000);
  const before = one.simulator.requestLog.length;
  await one.sync({ input: { objects: ['conversations'] } });
  const paths = one.simulator.requestLog.slice(before).map(({ path }) => path);
  expect(paths.filter((path) => path.startsWith('/conversations/deleted'))).toHaveLength(1);
  expect(paths.length).toBeLessThanOrEqual(6);
});

test('a workspace that refuses the list of deleted conversations: observed, and nothing else changes', async () => {
  const one = await opened();
  const path = /^\/conversations\/deleted/;
  const errors = [{ code: 'intercom_version_invalid', message: 'no' }];
  const remove = one.simulator.addFault({
    match: { path },
    respond: { status: 400, json: { type: 'error.list', errors } },
  });
  await one.sync();
  const { conversations } = one.simulator.workspace;
  const gone = [...conversations.ids()][1] ?? '';
  conversations.delete(gone);
  one.clock.advance(3_600_000);
  await one.sync();
  const [, refused] = (await one.lake()).manifests('conversations');
  expect(refused?.completeness).toMatchObject({
    status: 'complete',
    observed: { deleted_list: 'not read: intercom_version_invalid' },
  });
  expect(await deletionsIn(one)).toEqual([]);
  remove();
  one.clock.advance(3_600_000);
  await one.sync();
  expect(await deletionsIn(one)).toMatchObject([{ id: gone, how: 'deleted_list' }]);
});
