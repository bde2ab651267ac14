/** `person` finds all of a person, in plain text and hashed, and takes them out, and nothing of their neighbours. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hashWith } from '../../functions/aws/secrets-hash-source.ts';
import type { PipelineConfig } from '../../functions/config/config.ts';
import { linesOf } from '../../functions/sync/lines.ts';
import { runLocalErase } from '../../lib/cli/local/commands/person.ts';
import { openLakeDatabase } from '../../lib/cli/local/lake-database.ts';
import { createDirectoryLake } from '../../lib/cli/local/output-directory.ts';
import { countingFiles } from '../../lib/cli/person/person.ts';
import type { Terminal } from '../../lib/cli/terminal/terminal.ts';
import { SIZES } from '../../lib/standins/intercom/index.ts';
import { local } from '../support/cli/run-command.ts';
import { SMALL, startBench } from '../support/local/local-bench.ts';
import { plant } from '../support/local/plant.ts';
import { rowsOf } from '../support/local/sql-tables.ts';
import { DAY } from '../support/local/test-clock.ts';
import { textsBelow } from '../support/texts-below.ts';

const OBJECTS = ['contacts', 'conversations', 'conversation_parts', 'tickets'] as const;

/** Two runs over one workspace, once as it is and once hashed. */
async function lakes() {
  const bench = await startBench({ simulator: { sizes: SMALL } });
  const hashed = bench.newDirectory();
  const config: PipelineConfig = { objects: [...OBJECTS] };
  for (let day = 1; day <= 2; day += 1) {
    await bench.sync({ config });
    await bench.sync({ config: { ...config, sensitiveFields: 'hash' }, directory: hashed });
    bench.clock.advance(DAY);
    bench.simulator.workspace.simulateDay(day);
  }
  return { bench, plain: bench.directory, hashed };
}

interface Exported {
  readonly table: string;
  readonly because: string;
  readonly row: Readonly<Record<string, unknown>>;
}

async function exported(out: string, who: string): Promise<readonly Exported[]> {
  const { status, stdout, stderr } = await local(['person', 'export', who, '--out', out]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Exported);
}

/** Every line of the lake that has the text, each once. */
async function linesWith(out: string, text: string): Promise<readonly string[]> {
  const lake = createDirectoryLake(out);
  const found: string[] = [];
  for await (const key of lake.list('tables/')) {
    const body = await lake.get(key);
    for await (const line of linesOf(key, body ?? new Uint8Array())) {
      if (line.includes(text)) found.push(JSON.stringify(JSON.parse(line.toString())));
    }
  }
  return found;
}

test('every row that names a contact is found, by id and by address, in plain text and hashed', async () => {
  const { bench, plain, hashed } = await lakes();
  try {
    const database = await openLakeDatabase(plain);
    const [person] = await rowsOf(
      database,
      `SELECT contacts.id, contacts.email FROM contacts
JOIN conversations ON json_extract_scalar(conversations.contacts, '$.contacts[0].id') = contacts.id
WHERE contacts.email IS NOT NULL ORDER BY contacts.id LIMIT 1`,
    );
    database.close();
    const id = String(person?.id);
    const email = String(person?.email);
    for (const out of [plain, hashed]) {
      const byId = await exported(out, id);
      const texts = new Set(byId.map(({ row }) => JSON.stringify(row)));
      const named = await linesWith(out, id);
      expect(named.length).toBeGreaterThan(2);
      for (const line of named) expect(texts).toContain(line);
      expect(new Set(byId.filter(({ table }) => table === 'contacts').map(({ row }) => row.id))).toEqual(
        new Set([id]),
      );
      expect(byId.some(({ table }) => table === 'conversation_parts')).toBe(true);
      const byEmail = await exported(out, email);
      expect(byEmail.filter(({ row }) => row.id === id).length).toBeGreaterThan(0);
      for (const line of await linesWith(out, email)) {
        expect(byEmail.map(({ row }) => JSON.stringify(row))).toContain(line);
      }
      const shown = await local(['person', 'show', id, '--json', '--out', out]);
      const files = JSON.parse(shown.stdout) as readonly { named: number; conversation: number }[];
      expect(files.reduce((sum, file) => sum + file.named + file.conversation, 0)).toBe(byId.length);
    }
    const nobody = await local(['person', 'show', 'nobody@nowhere.example', '--out', plain]);
    expect(nobody).toMatchObject({
      status: 0,
      stdout: 'The lake holds nothing of nobody@nowhere.example.\n',
    });
  } finally {
    await bench.close();
  }
});

/** Rows of the files that count, by table, that have none of these texts. */
async function rowsWithout(out: string, marks: readonly string[]): Promise<ReadonlySet<string>> {
  const lake = createDirectoryLake(out);
  const rows = new Set<string>();
  for (const { key, table } of await countingFiles(lake)) {
    for await (const line of linesOf(key, (await lake.get(key)) ?? new Uint8Array())) {
      const text = line.toString('utf8');
      if (!marks.some((mark) => text.includes(mark))) rows.add(`${table} ${text}`);
    }
  }
  return rows;
}

test.each(['replicate', 'hash'] as const)(
  'a person who is erased is in no file, and does not come back; neighbours keep their rows (%s)',
  async (sensitiveFields) => {
    const bench = await startBench({ simulator: { sizes: SIZES.tiny } });
    try {
      const { workspace } = bench.simulator;
      plant(workspace);
      const [id = ''] = workspace.contacts.ids();
      const out = bench.directory;
      const config: PipelineConfig = { objects: [...OBJECTS], sensitiveFields };
      const sync = async (input = {}): Promise<void> => {
        const result = await bench.sync({ config, input });
        expect(result).toMatchObject({ status: 'finished', runs: [{ status: 'succeeded' }] });
        bench.clock.advance(DAY);
      };
      await sync();
      workspace.contacts.update(id, { phone: 'canary-contacts-phone-end' });
      await sync();
      const secret = JSON.parse(await readFile(join(out, 'state/secrets.json'), 'utf8')).HashKey.value;
      const plain = [id, 'canary-contacts-'];
      const marks = [...plain, hashWith(secret)('canary-contacts-email-end@person.example')];
      const shown = await exported(out, id);
      expect(shown.length).toBeGreaterThan(1);
      const before = await rowsWithout(out, marks);

      const asked = await local(['person', 'erase', id, '--out', out]);
      expect(asked).toMatchObject({ status: 1, stderr: expect.stringContaining('Nothing was changed') });
      const erased = await local(['person', 'erase', id, '--yes', '--now', '--json', '--out', out]);
      expect(erased).toMatchObject({ status: 0 });
      expect(JSON.parse(erased.stdout).certificate.objects).toHaveLength(OBJECTS.length);
      for (const [file, text] of await textsBelow(join(out, 'lake'))) {
        // The list of whom to leave out has hashes, and nothing else of them.
        const wanted = file.includes('/erasures/') ? plain : marks;
        expect(wanted.filter((mark) => text.includes(mark)).map((mark) => `${file}: ${mark}`)).toEqual([]);
      }
      const after = await rowsWithout(out, marks);
      const own = new Set(shown.map(({ row }) => String(row.conversation_id ?? row.id)));
      for (const line of before) {
        const row = JSON.parse(line.slice(line.indexOf('{')));
        if (!own.has(String(row.conversation_id ?? row.id))) expect(after.has(line)).toBe(true);
      }
      expect(await local(['verify', '--deep', '--out', out])).toMatchObject({ status: 0 });

      // Intercom still has them.
      workspace.contacts.update(id, { name: 'canary-contacts-again-end' });
      await sync();
      await sync({ mode: 'full_refresh' });
      for (const [file, text] of await textsBelow(join(out, 'lake'))) {
        if (file.includes('/work/')) continue;
        expect(plain.filter((mark) => text.includes(mark)).map((mark) => `${file}: ${mark}`)).toEqual([]);
      }
      expect(await local(['verify', '--deep', '--out', out])).toMatchObject({ status: 0 });
      expect(await local(['person', 'allow', id, '--out', out])).toMatchObject({ status: 0 });
      await sync({ mode: 'full_refresh' });
      expect((await exported(out, id)).length).toBeGreaterThan(0);
    } finally {
      await bench.close();
    }
  },
);

test('a person is erased from a child table that is no longer written', async () => {
  const bench = await startBench({ simulator: { sizes: SIZES.tiny } });
  try {
    const { contacts, tickets } = bench.simulator.workspace;
    const [id = ''] = contacts.ids();
    const [ticket = ''] = tickets.ids();
    const mark = 'canary-of-a-part';
    tickets.addPart(ticket, { part_type: 'comment', body: mark, author: { type: 'user', id } });
    const out = bench.directory;
    const objects = ['contacts', 'tickets'] as const;
    const sync = async (config: PipelineConfig): Promise<void> => {
      const result = await bench.sync({ config: { objects: [...objects], ...config } });
      expect(result).toMatchObject({ status: 'finished', runs: [{ status: 'succeeded' }] });
      bench.clock.advance(DAY);
    };
    await sync({});
    await sync({ tables: { exclude: ['ticket_part', 'contact_tag'] } });
    const inParts = async (): Promise<readonly string[]> =>
      (await linesWith(out, mark)).filter((line) => JSON.parse(line).ticket_id === ticket);
    expect(await inParts()).toHaveLength(1);
    const erased = await local(['person', 'erase', id, '--yes', '--now', '--json', '--out', out]);
    expect(erased).toMatchObject({ status: 0 });
    expect(JSON.parse(erased.stdout)).toMatchObject({ status: 'erased' });
    for (const [file, text] of await textsBelow(join(out, 'lake')))
      expect([id, mark].filter((one) => text.includes(one)).map((one) => `${file}: ${one}`)).toEqual([]);
    expect(await local(['verify', '--deep', '--out', out])).toMatchObject({ status: 0 });
  } finally {
    await bench.close();
  }
});

test('an erasure that is stopped while it counts is none; one that is stopped later goes on', async () => {
  const bench = await startBench({ simulator: { sizes: SIZES.tiny } });
  try {
    const out = bench.directory;
    await bench.sync({ config: { objects: ['contacts'] } });
    const [id = ''] = bench.simulator.workspace.contacts.ids();
    const requests = () => Array.fromAsync(createDirectoryLake(out).list('erasures/'));
    const erase = (at: 'while it counts' | 'when it is asked' | 'never') => {
      const stop = new AbortController();
      let isCounted = false;
      const terminal = {
        environment: process.env,
        signal: stop.signal,
        clock: {
          ...bench.clock,
          now() {
            if (at === 'when it is asked' && isCounted) stop.abort(new Error('stopped by the user'));
            return bench.clock.now();
          },
        },
        tell(text: string) {
          isCounted ||= text.includes('rows to remove');
          if (at === 'while it counts' && isCounted) stop.abort(new Error('stopped by the user'));
        },
        print: () => undefined,
      } as unknown as Terminal;
      return runLocalErase(terminal, id, { out, yes: true, now: true });
    };
    await expect(erase('while it counts')).rejects.toThrow('stopped by the user');
    expect(await requests()).toEqual([]);
    await expect(erase('when it is asked')).rejects.toThrow('stopped by the user');
    expect(await requests()).not.toEqual([]);
    expect(await linesWith(out, id)).not.toEqual([]);
    expect(await erase('never')).toBe(0);
    expect(await linesWith(out, id)).toEqual([]);
  } finally {
    await bench.close();
  }
});

test('--json is always one document that says what is done and what waits', async () => {
  const bench = await startBench({ simulator: { sizes: SIZES.tiny } });
  try {
    const out = bench.directory;
    await bench.sync({ config: { objects: ['contacts', 'tags'] } });
    const [id = '', other = ''] = bench.simulator.workspace.contacts.ids();
    const erase = async (who: string, ...options: readonly string[]) => {
      const { status, stdout } = await local(['person', 'erase', who, '--json', '--out', out, ...options]);
      return [status, JSON.parse(stdout)];
    };
    const none = { id: null, not_erased: [], old_files: [], repeat_after: null, certificate: null };
    expect(await erase('nobody', '--yes')).toEqual([0, { ...none, status: 'nothing_found' }]);
    expect(await erase(id)).toEqual([1, { ...none, status: 'declined' }]);

    const before = Date.now();
    const [status, waiting] = await erase(id, '--yes');
    expect(status).toBe(0);
    const { repeat_after } = waiting;
    expect(waiting).toEqual({
      ...none,
      status: 'waiting',
      id: waiting.id,
      old_files: ['contacts'],
      repeat_after,
    });
    expect(Math.abs(Date.parse(repeat_after) - before - 2 * 3_600_000)).toBeLessThan(60_000);

    const [last, erased] = await erase(id, '--yes', '--now');
    expect(last).toBe(0);
    expect(erased).toEqual({ ...none, status: 'erased', id: waiting.id, certificate: erased.certificate });
    expect(erased.certificate).toMatchObject({
      id: waiting.id,
      objects: [{ object: 'contacts' }, { object: 'tags' }],
    });

    // A directory whose last sync was of tags alone has no function that could do the contacts' part.
    await bench.sync({ config: { objects: ['tags'] } });
    const [failed, held] = await erase(other, '--yes');
    expect(failed).toBe(1);
    expect(held).toEqual({ ...none, status: 'not_erased', id: held.id, not_erased: ['contacts'] });
  } finally {
    await bench.close();
  }
});
