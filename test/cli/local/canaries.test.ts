/** With `sensitiveFields: 'hash'` nothing that the pipeline writes or prints is personal. */
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Table } from '@aws-sdk/client-glue';
import { expect, it } from 'vitest';
import type { JsonObject, Simulator, Workspace } from '../../../lib/standins/intercom/index.ts';
import { canariesIn, PLANTED_RECORDS } from '../../support/canaries.ts';
import { local, temporaryDirectory, workspace } from '../../support/cli/run-command.ts';
import { definitionOf } from '../../support/glue-tables.ts';
import { plant } from '../../support/local/plant.ts';
import { EVERYTHING } from '../../support/local/tables.ts';
import { textsBelow } from '../../support/texts-below.ts';

const SIZES = { contacts: 60, companies: 20, conversations: 20, tickets: 10, partsOfLongConversation: 30 };

/** Only in the records of unit tests: the simulator fills these places itself. */
const UNPLANTABLE = /^canary-(admins-avatar|tags-applied_by|notes-author|calls-transcript)/;

const PLANTED_CANARIES = canariesIn(JSON.stringify(PLANTED_RECORDS)).filter((one) => !UNPLANTABLE.test(one));

/** Long enough to be unmistakable, and unchanged when written as JSON. */
const isTelling = (value: unknown): value is string =>
  typeof value === 'string' && /^[^"\\\p{C}\u2028\u2029]{8,}$/u.test(value);

const fieldsIn = (records: Iterable<JsonObject>, ...names: readonly string[]): readonly unknown[] =>
  [...records].flatMap((record) => names.map((name) => record[name]));

/** Personal values that the simulator generated. */
function generated({
  contacts,
  companies,
  conversations,
  admins,
  activityLogs,
  tickets,
  rows,
}: Workspace): readonly string[] {
  const inside = (records: Iterable<JsonObject>, name: string, ...fields: readonly string[]) =>
    fieldsIn(
      fieldsIn(records, name).filter((one): one is JsonObject => typeof one === 'object' && one !== null),
      ...fields,
    );
  const values = [
    ...fieldsIn(contacts.records(), 'email', 'phone', 'name', 'referrer'),
    ...fieldsIn(companies.records(), 'name', 'website', 'company_id'),
    ...fieldsIn(admins.records(), 'email', 'name', 'job_title'),
    ...fieldsIn(conversations.records(), 'title'),
    ...inside(conversations.records(), 'source', 'body', 'subject', 'url'),
    ...inside(activityLogs.records(), 'performed_by', 'email', 'ip'),
    ...inside(tickets.records(), 'ticket_attributes', '_default_title_', '_default_description_'),
    ...fieldsIn(rows.calls(), 'phone'),
    ...fieldsIn(rows.calls(), 'transcript').flatMap((entries) =>
      ((entries as readonly JsonObject[] | null) ?? []).flatMap((entry) => Object.values(entry)),
    ),
    ...fieldsIn(rows.contact_note(), 'body'),
    'static.intercomassets.example/avatars/',
  ];
  return [...new Set(values.filter(isTelling))];
}

/** The SQL of the catalog's views, which is stored in base64. */
function viewIn(file: string, text: string): string {
  if (!file.includes('/state/glue/')) return '';
  const { ViewOriginalText } = (JSON.parse(text) as { input: Table }).input;
  return ViewOriginalText === undefined ? '' : JSON.stringify(definitionOf({ Name: '', ViewOriginalText }));
}

/** Every file below a directory as text, with the SQL that it hides. */
async function bytesOf(directory: string): Promise<ReadonlyMap<string, string>> {
  const texts = await textsBelow(directory);
  return new Map([...texts].map(([file, text]) => [file, text + viewIn(file, text)]));
}

const allText = (files: ReadonlyMap<string, string>): string => [...files].flat().join('\n');

interface Outcome {
  readonly files: ReadonlyMap<string, string>;
  /** Standard output and error. */
  readonly said: string;
}

/** A first run, then after a change a second one, which meets an error full of personal values. */
async function sync(config: JsonObject): Promise<Outcome & { readonly simulator: Simulator }> {
  const { simulator, environment } = await workspace({ sizes: SIZES });
  plant(simulator.workspace);
  const out = await temporaryDirectory();
  const file = join(await temporaryDirectory(), 'config.json');
  await writeFile(file, JSON.stringify({ objects: EVERYTHING, ...config }));
  const args = ['sync', '--out', out, '--config', file, '--json'];
  const complete = await local(args, environment);
  expect(complete).toMatchObject({ status: 0 });
  plant(simulator.workspace);
  const message =
    'Contact Canary canary-error-name-end with canary-error-encoded-end%40person.example or "canary-error-quoted-end" not found';
  simulator.addFault({
    match: { path: '/tags' },
    respond: { status: 400, json: { type: 'error.list', errors: [{ code: 'bad_request', message }] } },
  });
  const failed = await local(args, environment);
  expect(failed).toMatchObject({ status: 1 });
  expect(failed.stdout).toContain('Contact [...] with [...] or [...] not found');
  const status = await local(['status', '--out', out]);
  const said = [complete, failed, status].map(({ stdout, stderr }) => stdout + stderr).join('\n');
  return { files: await bytesOf(out), said, simulator };
}

it('with hashing nothing personal is in any file or on the terminal, and the key is in a single file', async () => {
  const { files, said, simulator } = await sync({ sensitiveFields: 'hash' });
  expect([...files.keys()].filter((file) => file.includes('/state/glue/')).length).toBeGreaterThan(40);
  const planted = [...files].flatMap(([file, text]) =>
    canariesIn(file + text).map((one) => `${file}: ${one}`),
  );
  expect(planted).toEqual([]);
  const events = [...files].find(([file]) => file.endsWith('state/events.ndjson'))?.[1] ?? '';
  expect(events.trimEnd().split('\n')).toHaveLength(2);
  expect(canariesIn(said)).toEqual([]);

  const values = generated(simulator.workspace);
  expect(values.length).toBeGreaterThan(100);
  // The help center is public, and the simulator writes it with the sentences of its messages.
  const isPublic = (file: string): boolean => /\/tables\/(articles|collections)\//.test(file);
  const text = `${allText(new Map([...files].filter(([file]) => !isPublic(file))))}\n${said}`;
  expect(values.filter((value) => text.includes(value))).toEqual([]);

  const [secretsFile = '', secrets = ''] =
    [...files].find(([file]) => file.endsWith('state/secrets.json')) ?? [];
  const { HashKey } = JSON.parse(secrets) as { HashKey: { value: string } };
  expect(HashKey.value).toMatch(/^[A-Za-z0-9]{64}$/);
  expect((await stat(secretsFile)).mode & 0o777).toBe(0o600);
  const others = new Map([...files].filter(([file]) => file !== secretsFile));
  expect(allText(others) + said).not.toContain(HashKey.value);
}, 120_000);

it('without hashing everything that was planted is there, except what an error quoted', async () => {
  const { files, said } = await sync({ compression: 'none' });
  expect(canariesIn(allText(files))).toEqual(PLANTED_CANARIES);
  expect(canariesIn(said)).toEqual([]);
}, 120_000);
