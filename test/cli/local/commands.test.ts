import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../functions/core/engine-files.ts';
import { local, temporaryDirectory, workspace } from '../../support/cli/run-command.ts';

const SMALL = ['--objects', 'tags,contacts'];

describe('sync', () => {
  it('prints the summary of the run as JSON on standard output, and nothing else there', async () => {
    const { environment, simulator } = await workspace();
    const out = await temporaryDirectory();
    const { status, stdout, stderr } = await local(['sync', '--out', out, '--json', ...SMALL], environment);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const run = JSON.parse(stdout) as RunSummary;
    expect(run).toMatchObject({
      format: 1,
      status: 'succeeded',
      mode: 'incremental',
      workspace_id: simulator.workspace.id,
    });
    expect(run.objects.map(({ object, rows }) => [object, rows[object]])).toEqual([
      ['contacts', simulator.workspace.contacts.size],
      ['tags', simulator.workspace.tags.size],
    ]);
    expect(stderr).toMatch(/contacts: committed/);
  });

  it('runs its functions in as many threads as it is told, with the same result', async () => {
    const { environment, simulator } = await workspace();
    const runs = await Promise.all(
      ['1', '3'].map(async (workers) => {
        const args = ['sync', '--out', await temporaryDirectory(), '--json', '--workers', workers];
        return local(args, environment);
      }),
    );
    const rows = runs.map(({ stdout }) =>
      (JSON.parse(stdout) as RunSummary).objects.map(({ object, rows: written }) => [object, written]),
    );
    expect(rows[0]).toEqual(rows[1]);
    expect(Object.fromEntries(rows[0] ?? [])).toMatchObject({
      contacts: { contacts: simulator.workspace.contacts.size },
    });
  });

  it('prints a table for people', async () => {
    const { environment } = await workspace();
    const out = await temporaryDirectory();
    const { status, stdout } = await local(['sync', '--out', out, '--objects', 'tags'], environment);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^object +rows +read +counted +status\n/);
    expect(stdout).toMatch(/^tags +(\d+) +\1 +\1 +✓ complete$/m);
    expect(stdout).toMatch(/^1 of 1 object is complete: everything that Intercom counted was read\.$/m);
    expect(stdout).toMatch(/succeeded: \d+ rows in 1 file, /);
  });

  it('never shows the token', async () => {
    const { environment, simulator } = await workspace();
    const out = await temporaryDirectory();
    simulator.setTokenState(simulator.token, 'revoked');
    const { stdout, stderr } = await local(['sync', '--out', out, ...SMALL], environment);
    expect(stdout + stderr).not.toContain(simulator.token);
  });

  it('says at the start which objects a backfill leaves out', async () => {
    const { environment } = await workspace();
    const out = await temporaryDirectory();
    const config = join(out, 'my.json');
    await writeFile(config, JSON.stringify({ objects: ['tags', 'contacts'] }));
    const sync = ['sync', '--out', out, '--config', config, '--from', '2025-01-01T00:00:00Z'];
    const { status, stderr } = await local(sync, environment);
    expect(stderr).toMatch(
      /^These objects cannot be read by time and are left out: tags\.\nchecking the connection/,
    );
    expect(status).toBe(0);
  });

  it('reads a configuration from a JSON file', async () => {
    const { environment } = await workspace();
    const out = await temporaryDirectory();
    const config = join(out, 'my.json');
    await writeFile(config, JSON.stringify({ objects: ['tags'], compression: 'none' }));
    const { status, stdout } = await local(['sync', '--out', out, '--config', config, '--json'], environment);
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as RunSummary).objects.map(({ object }) => object)).toEqual(['tags']);
  });

  it('fails with every object that failed, while the others succeed', async () => {
    const { simulator, environment } = await workspace();
    const out = await temporaryDirectory();
    const token = simulator.issueToken({ scopes: ['read_tags', 'read_admins'] });
    const { status, stdout } = await local(['sync', '--out', out, '--objects', 'admins,contacts'], {
      ...environment,
      INTERCOM_ACCESS_TOKEN: token,
    });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^admins +\d+ +\d+ +\d+ +✓ complete$/m);
    expect(stdout).toMatch(/contacts failed: .*Read and list users and companies/);
  });
});

describe('sync refuses, and names what is allowed,', () => {
  const refused: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a missing zone', ['--from', '2025-01-01T00:00:00'], /has no time zone: write it as/],
    [
      'a range that ends before it begins',
      ['--from', '2025-02-01T00:00:00Z', '--to', '2025-01-01T00:00:00Z'],
      /^error: --from must be before --to\.$/m,
    ],
    ['the future', ['--from', '2999-01-01T00:00:00Z'], /lies in the future/],
    ['an end without a beginning', ['--to', '2025-01-01T00:00:00Z'], /--to needs a --from/],
    [
      'a range of an object that cannot filter',
      ['--from', '2025-01-01T00:00:00Z', '--objects', 'tags'],
      /tags cannot be read by time/,
    ],
    [
      'a full refresh of a range',
      ['--from', '2025-01-01T00:00:00Z', '--full-refresh'],
      /--full-refresh and --from cannot be used together/,
    ],
    ['an unknown object', ['--objects', 'contact'], /--objects names "contact"; you may mean contacts\./],
    ['an empty list of objects', ['--objects', ','], /--objects must be a list of names/],
    ['a configuration that does not exist', ['--config', 'nowhere.ts'], /nowhere\.ts cannot be read/],
    ...['0', '-1', '1.5', 'all'].map(
      (workers) =>
        [
          `${workers} threads`,
          ['--workers', workers],
          /^error: --workers must be a whole number above 0\.$/m,
        ] as const,
    ),
    ['an unknown option', ['--fast'], /unknown option '--fast'/],
  ];

  it.each(refused)('%s', async (_what, args, message) => {
    const out = await temporaryDirectory();
    const { status, stdout, stderr } = await local(['sync', '--out', out, ...args], {
      INTERCOM_ACCESS_TOKEN: 'tok',
    });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });

  it.each([['abc\nSECRETPART'], ['Bearer SECRETPART'], ['SECRETPART…']])(
    'an invalid token, without showing it',
    async (token) => {
      const { status, stderr } = await local(['sync', '--out', await temporaryDirectory()], {
        INTERCOM_ACCESS_TOKEN: token,
      });
      expect(stderr).toMatch(/^error: INTERCOM_ACCESS_TOKEN is not a valid access token/m);
      expect(stderr).not.toMatch(/SECRETPART|\n\s+at /);
      expect(status).toBe(1);
    },
  );

  it('an address with a password, without showing it', async () => {
    const { status, stderr } = await local(['sync', '--out', await temporaryDirectory()], {
      INTERCOM_ACCESS_TOKEN: 'tok',
      INTERCOM_BASE_URL: 'http://user:SECRETPART@127.0.0.1:9',
    });
    expect(stderr).toMatch(/^error: INTERCOM_BASE_URL: must be an address without/);
    expect(stderr).not.toMatch(/SECRETPART|\n\s+at /);
    expect(status).toBe(1);
  });

  it('a start in the future', async () => {
    const { environment } = await workspace();
    const out = await temporaryDirectory();
    const config = join(out, 'late.json');
    await writeFile(config, JSON.stringify({ startFrom: '2999-01-01T00:00:00Z' }));
    const { status, stderr } = await local(['sync', '--out', out, '--config', config], environment);
    expect(stderr).toMatch(/'startFrom' lies in the future/);
    expect(status).toBe(1);
  });

  it('a missing token', async () => {
    const { status, stderr } = await local(['sync', '--out', await temporaryDirectory()]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/INTERCOM_ACCESS_TOKEN is not set.*Developer Hub/);
  });

  it('the data of another workspace in the same directory', async () => {
    const { environment, simulator } = await workspace();
    const out = await temporaryDirectory();
    expect((await local(['sync', '--out', out, '--objects', 'tags'], environment)).status).toBe(0);
    const other = await workspace();
    other.simulator.addFault({
      match: { path: '/me' },
      respond: { status: 200, json: { type: 'admin', id: '1', app: { type: 'app', id_code: 'other' } } },
    });
    const { status, stderr } = await local(['sync', '--out', out, '--objects', 'tags'], other.environment);
    expect(status).toBe(1);
    expect(stderr).toMatch(new RegExp(`to workspace other, but .* workspace ${simulator.workspace.id}`));
  });
});

describe('status', () => {
  it('reports that nothing has run', async () => {
    const { status, stdout } = await local(['status', '--out', await temporaryDirectory()]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'No run has finished here yet.\n' });
  });

  it('shows cursor, rows and completeness of every object', async () => {
    const { environment, simulator } = await workspace();
    const out = await temporaryDirectory();
    await local(['sync', '--out', out, ...SMALL], environment);
    const { stdout } = await local(['status', '--out', out]);
    const { size } = simulator.workspace.contacts;
    expect(stdout).toMatch(
      new RegExp(`^contacts +committed +\\S+ \\S+ +${size} +${size} +${size} +\\d+ +✓ complete$`, 'm'),
    );
    expect(stdout).not.toContain('companies');
    const json = JSON.parse((await local(['status', '--out', out, '--json'])).stdout);
    expect(json.objects[0]).toMatchObject({
      object: 'contacts',
      last_outcome: { status: 'committed' },
      old_debts: 0,
    });
  });
});

describe('reset', () => {
  it('changes nothing if nobody can answer', async () => {
    const { environment } = await workspace();
    const out = await temporaryDirectory();
    await local(['sync', '--out', out, '--objects', 'contacts'], environment);
    const { status, stderr } = await local(['reset', '--out', out, '--objects', 'contacts']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/Nothing was changed/);
    const next = await local(['sync', '--out', out, '--objects', 'contacts', '--json'], environment);
    expect((JSON.parse(next.stdout) as RunSummary).objects[0]?.rows.contacts).toBe(0);
  });

  it('forgets a cursor, so that the next run reads all of the object', async () => {
    const { environment, simulator } = await workspace();
    const out = await temporaryDirectory();
    await local(['sync', '--out', out, '--objects', 'contacts'], environment);
    const { status } = await local(['reset', '--out', out, '--objects', 'contacts', '--yes']);
    expect(status).toBe(0);
    const next = await local(['sync', '--out', out, '--objects', 'contacts', '--json'], environment);
    expect((JSON.parse(next.stdout) as RunSummary).objects[0]?.rows.contacts).toBe(
      simulator.workspace.contacts.size,
    );
  });

  it('names the objects it knows', async () => {
    const { status, stderr } = await local([
      'reset',
      '--objects',
      'people',
      '--out',
      await temporaryDirectory(),
    ]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/'people' is not a valid object\. Objects: contacts, companies/);
  });

  it('may come before person erase: the next sync reads everything, without the person', async () => {
    const { environment, simulator } = await workspace();
    const at = ['--out', await temporaryDirectory()];
    const sync = async (): Promise<number | undefined> => {
      const args = ['sync', ...at, '--objects', 'contacts', '--json'];
      const { status, stdout, stderr } = await local(args, environment);
      expect({ status, stderr }).toMatchObject({ status: 0 });
      return (JSON.parse(stdout) as RunSummary).objects[0]?.rows.contacts;
    };
    await sync();
    const [id = ''] = simulator.workspace.contacts.ids();
    expect(await local(['reset', ...at, '--objects', 'contacts', '--yes'])).toMatchObject({ status: 0 });
    const erased = await local(['person', 'erase', id, '--yes', '--now', ...at]);
    expect(erased).toMatchObject({ status: 0, stdout: expect.stringContaining('Certificate: ') });
    expect(await sync()).toBe(simulator.workspace.contacts.size - 1);
  });
});

describe('demo', () => {
  it('syncs every table, and a day later only what changed', async () => {
    const out = await temporaryDirectory();
    const first = await local(['demo', '--out', out]);
    expect({ status: first.status, stderr: first.stderr }).toMatchObject({ status: 0 });
    expect(first.stdout).toMatch(/^contacts +2,000 +2,000 +2,000 +✓ complete$/m);
    const second = await local(['demo', '--out', out]);
    expect(second.status).toBe(0);
    expect(second.stderr).toMatch(/1 simulated day old/);
    expect(Number(/^contacts +([\d,]+) /m.exec(second.stdout)?.[1])).toBeLessThan(500);
  });
});

describe('an interrupted run', () => {
  it('resumes, also in the demo', async () => {
    const out = await temporaryDirectory();
    await local(['demo', '--out', out], {}, { signal: 'SIGKILL', seen: /conversation_parts: reading/ });
    const again = await local(['demo', '--out', out]);
    expect(again.stderr).toMatch(/Resuming the run of/);
    expect(again.stdout).toMatch(/^contacts +2,000 +2,000 +2,000 +✓ complete$/m);
    expect(again.status).toBe(0);
  });

  it('is saved at Ctrl-C, which says so; reset and person erase drop it, and say so', async () => {
    const { environment, simulator } = await workspace();
    const out = await temporaryDirectory();
    const at = ['--out', out];
    await local(['sync', ...at, '--objects', 'contacts'], environment);
    const reading = /conversation_parts: reading/;
    const stopped = await local(['sync', ...at], environment, { signal: 'SIGINT', seen: reading });
    expect(stopped).toMatchObject({
      status: 130,
      stderr: expect.stringMatching(/^Saving what was read\.$/m),
    });
    const reset = await local(['reset', ...at, '--objects', 'tags', '--yes'], environment);
    expect(reset.stderr).toMatch(
      /^The interrupted run of \S+ is dropped: it would bring the old cursors back\. The next sync starts a new one\.$/m,
    );
    expect(reset.status).toBe(0);
    await local(['sync', ...at], environment, { signal: 'SIGKILL', seen: reading });
    const [id = ''] = simulator.workspace.contacts.ids();
    const erase = await local(['person', 'erase', id, '--yes', '--now', ...at]);
    expect(erase.stderr).toMatch(
      /^The interrupted run of \S+ is dropped: it may have read the person\. The next sync starts a new one\.$/m,
    );
    expect(erase.status).toBe(0);
    expect((await local(['sync', ...at], environment)).stderr).not.toMatch(/Resuming/);
  });

  it('goes on although a person may come back', async () => {
    const { environment } = await workspace();
    const out = await temporaryDirectory();
    await local(['sync', '--out', out], environment, {
      signal: 'SIGKILL',
      seen: /conversation_parts: reading/,
    });
    expect((await local(['person', 'allow', 'x', '--out', out])).stderr).toBe('');
    expect((await local(['sync', '--out', out], environment)).stderr).toMatch(/Resuming the run of/);
  });

  it('is dropped if the configuration has changed', async () => {
    const { environment } = await workspace();
    const out = await temporaryDirectory();
    const killed = { signal: 'SIGKILL', seen: /conversation_parts: reading/ } as const;
    await local(['sync', '--out', out], environment, killed);
    const config = join(out, 'other.json');
    await writeFile(config, JSON.stringify({ concurrency: 20 }));
    const again = await local(['sync', '--out', out, '--config', config], environment);
    expect(again.stderr).toMatch(/is dropped: it is too old, or the code or configuration has changed/);
    expect(again.status).toBe(0);
  });
});

describe('a damaged file is named, with what to do:', () => {
  it('a manifest', async () => {
    const { environment } = await workspace();
    const out = await temporaryDirectory();
    await local(['sync', '--out', out, '--objects', 'tags'], environment);
    const folder = join(out, 'lake/manifests/tags');
    const [manifest = ''] = await readdir(folder);
    await writeFile(join(folder, manifest), '{');
    for (const command of [['sync', '--objects', 'tags'], ['status']]) {
      const { status, stdout, stderr } = await local([...command, '--out', out], environment);
      expect(stdout + stderr).toMatch(
        /manifests\/tags\/.*\.json' in the bucket is damaged.*remove it and read its object again.*'reset' and then 'sync'/,
      );
      expect(stderr).not.toMatch(/\n\s+at /);
      expect(status).toBe(1);
    }
  });

  it('the summary of a run, and the secrets', async () => {
    const { environment } = await workspace();
    const out = await temporaryDirectory();
    await local(['sync', '--out', out, '--objects', 'tags'], environment);
    const [run = ''] = await readdir(join(out, 'lake/runs'));
    await writeFile(join(out, 'lake/runs', run), '{');
    await writeFile(join(out, 'state/secrets.json'), '[]');
    const status = await local(['status', '--out', out]);
    expect(status.stderr).toMatch(/^error: .*is damaged.*or remove it, a summary that no run needs\.$/m);
    const sync = await local(['sync', '--out', out, '--objects', 'tags'], environment);
    expect(sync.stderr).toMatch(
      /^error: .*secrets\.json is damaged: it is not valid JSON.*Repair it or restore it.*If no field is hashed and nobody was erased, you may also remove it/m,
    );
    for (const ended of [status, sync]) {
      expect(ended.stderr).not.toMatch(/\n\s+at /);
      expect(ended.status).toBe(1);
    }
  });

  it('the state of the executions', async () => {
    const { environment } = await workspace();
    const out = await temporaryDirectory();
    await local(['sync', '--out', out, '--objects', 'tags'], environment);
    await writeFile(join(out, 'state/execution.json'), 'garbage');
    const { status, stderr } = await local(['sync', '--out', out, '--objects', 'tags'], environment);
    expect(stderr).toMatch(/error: .*execution\.json is damaged; remove it/);
    expect(status).toBe(1);
  });
});

it.each([[[]], [['sync']], [['status']], [['reset']], [['audit']], [['demo']]])(
  '%s --help reads well',
  async (command) => {
    const { status, stdout } = await local([...command, '--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Usage: npm run local --/);
  },
);
