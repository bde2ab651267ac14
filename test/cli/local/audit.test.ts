/** `audit` with the real command, over a directory. */
import { expect, it } from 'vitest';
import { local, temporaryDirectory, workspace } from '../../support/cli/run-command.ts';

it('compares, repairs, and has an exit status for each outcome', async () => {
  const { environment, simulator } = await workspace();
  const out = await temporaryDirectory();
  const objects = ['--out', out, '--objects', 'contacts,tags'];
  await local(['sync', ...objects], environment);

  const equal = await local(['audit', '--yes', ...objects], environment);
  expect({ status: equal.status, stderr: equal.stderr }).toEqual({ status: 0, stderr: '' });
  expect(equal.stdout).toMatch(/^contacts +([\d,]+) +\1 +✓ equal$/m);
  expect(equal.stdout).toMatch(/^tags .*not counted by Intercom$/m);
  expect(equal.stdout).toMatch(/^The audit sent \d+ requests\.$/m);

  const [id = ''] = simulator.workspace.contacts.ids();
  simulator.workspace.contacts.delete(id);
  const different = await local(['audit', '--yes', '--repair', '--json', ...objects], environment);
  const [first = '', second = ''] = different.stdout.split('\n');
  expect(JSON.parse(first)).toMatchObject({
    objects: [{ object: 'contacts', status: 'different', gone: [{ id, how: 'absent' }] }, { object: 'tags' }],
  });
  expect(JSON.parse(second)).toMatchObject({ status: 'succeeded', objects: [{ object: 'contacts' }] });
  expect(different.status).toBe(1);
  expect((await local(['audit', '--yes', ...objects], environment)).status).toBe(0);
});

it('says what to do about a dead token on this machine', async () => {
  const { environment, simulator } = await workspace();
  const out = await temporaryDirectory();
  await local(['sync', '--out', out, '--objects', 'tags'], environment);
  simulator.setTokenState(simulator.token, 'revoked');
  const { status, stderr } = await local(['audit', '--yes', '--out', out], environment);
  expect(status).toBe(2);
  expect(stderr).toMatch(
    /^error: Intercom no longer accepts the access token, seen at GET \/me.*: set INTERCOM_ACCESS_TOKEN to a valid token of your app$/m,
  );
});

it('asks first, and does nothing if nobody can answer', async () => {
  const { environment, simulator } = await workspace();
  const out = await temporaryDirectory();
  await local(['sync', '--out', out, '--objects', 'contacts'], environment);
  const { requests } = simulator.stats();
  const { status, stderr } = await local(['audit', '--out', out, '--objects', 'contacts'], environment);
  expect(status).toBe(2);
  expect(stderr).toMatch(/Nothing was compared\. Use --yes if nobody can answer\./);
  // Only /me, for the time zone.
  expect(simulator.stats().requests - requests).toBe(1);
});

it.each([
  [['--objects', 'people'], /--objects names people; configured are contacts, /],
  [['--max-requests', 'many'], /--max-requests must be a whole number above 0\./],
])('refuses %j with status 2', async (options, message) => {
  const { environment } = await workspace();
  const out = await temporaryDirectory();
  await local(['sync', '--out', out, '--objects', 'tags'], environment);
  const { status, stderr } = await local(['audit', '--out', out, ...options], environment);
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(message) });
});
