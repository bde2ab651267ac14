/** A file of rows is damaged: what the commands say of it, and that their advice helps. */
import { createHash } from 'node:crypto';
import { glob, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Manifest } from '../../../functions/core/engine-files.ts';
import { local, temporaryDirectory, workspace } from '../../support/cli/run-command.ts';

async function synced() {
  const { environment, simulator } = await workspace();
  const out = await temporaryDirectory();
  const config = join(await temporaryDirectory(), 'config.json');
  await writeFile(config, JSON.stringify({ objects: ['contacts', 'tags'], compression: 'none' }));
  const run = (command: string, ...more: readonly string[]) =>
    local([command, ...more, '--out', out, '--config', config], environment);
  const look = (...args: readonly string[]) => local([...args, '--out', out]);
  expect((await run('sync')).status).toBe(0);
  return { run, look, simulator, lake: join(out, 'lake') };
}

const filesOf = async (lake: string, table: string): Promise<readonly string[]> =>
  (await Array.fromAsync(glob(`tables/${table}/*/*/*`, { cwd: lake }))).toSorted();

it.each([
  ['a line that is not JSON', '{"name":canary}\n'],
  ['a file that is cut off', '{"name":"canary'],
])('%s is named without its content by audit and person', async (_name, damage) => {
  const { run, look, lake } = await synced();
  const [key = ''] = await filesOf(lake, 'contacts');
  await writeFile(join(lake, key), damage);
  const message = `'${key}' in the lake is damaged: line 1 is not a JSON object. Restore it from a copy or an older version. If you have none, 'verify --deep' says what to do.`;
  const audit = await run('audit', '--yes');
  expect({ status: audit.status, stderr: audit.stderr }).toEqual({ status: 2, stderr: '' });
  expect(audit.stdout).toContain(`contacts: ${message}\n`);
  expect(audit.stdout).toMatch(/^tags .*not counted by Intercom$/m);
  const person = await look('person', 'show', 'somebody@person.example');
  expect(person).toEqual({ status: 1, stdout: '', stderr: `error: ${message}\n` });
  expect((await look('verify', '--deep')).status).toBe(1);
  for (const { stdout, stderr } of [audit, person]) expect(stdout + stderr).not.toContain('canary');
});

it('verify does not quote a file that its manifest lists as it is', async () => {
  const { look, lake } = await synced();
  const [key = ''] = await filesOf(lake, 'contacts');
  const body = '{"name":canary}\n';
  await writeFile(join(lake, key), body);
  const [path = ''] = await Array.fromAsync(glob('manifests/contacts/*', { cwd: lake }));
  const manifest = JSON.parse(await readFile(join(lake, path), 'utf8')) as Manifest;
  const sha256 = createHash('sha256').update(body).digest('hex');
  const contacts = { rows: 1, files: [{ key, rows: 1, bytes: body.length, sha256 }] };
  const listing = { ...manifest, tables: { ...manifest.tables, contacts } };
  await writeFile(join(lake, path), JSON.stringify(listing));
  const { status, stdout } = await look('verify', '--deep');
  expect(status).toBe(1);
  expect(stdout).toContain(`${key}: it cannot be read: `);
  expect(stdout).not.toContain('canary');
});

it('verify says what to do about a lost file, and is content once that is done', async () => {
  const { run, look, simulator, lake } = await synced();
  const [id = ''] = simulator.workspace.contacts.ids();
  simulator.workspace.contacts.delete(id);
  await run('audit', '--yes', '--repair');
  const count = async () =>
    (await look('query', 'SELECT count(*) AS n FROM contacts_live', '--format', 'csv')).stdout;
  const expected = `n\n${simulator.workspace.contacts.size}\n`;
  expect(await count()).toBe(expected);

  // The file that says that the contact was deleted is lost.
  const [lost = ''] = await filesOf(lake, 'deletions');
  await writeFile(join(lake, lost), '');
  const found = await look('verify');
  expect(found.status).toBe(1);
  expect(found.stdout).toContain(
    "1 problem. Restore each file from an older version in the bucket or from a copy. If you have none, remove the file and the manifest that lists it, and read its object again from the beginning ('resync' for a deployed pipeline, 'reset' and then 'sync' for a directory); 'audit --repair' then finds what was deleted.",
  );
  const [, manifest = ''] = new RegExp(`${lost}: .*\\(listed in (.*)\\)`).exec(found.stdout) ?? [];

  await rm(join(lake, lost));
  await run('reset', '--objects', 'contacts', '--yes');
  expect((await run('sync')).status).toBe(0);
  // The manifest still lists it.
  expect((await look('verify')).status).toBe(1);

  await rm(join(lake, manifest));
  await run('reset', '--objects', 'contacts', '--yes');
  expect((await run('sync')).status).toBe(0);
  expect(await look('verify', '--deep')).toMatchObject({ status: 0 });
  expect(await run('audit', '--yes', '--repair')).toMatchObject({ status: 1 });
  expect(await run('audit', '--yes')).toMatchObject({ status: 0 });
  expect(await look('verify', '--deep')).toMatchObject({ status: 0 });
  expect(await count()).toBe(expected);
});
