import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../functions/core/engine-files.ts';
import { local, temporaryDirectory, workspace } from '../../support/cli/run-command.ts';

async function configFile(config: unknown): Promise<string> {
  const file = join(await temporaryDirectory(), 'config.json');
  await writeFile(file, JSON.stringify(config));
  return file;
}

describe('fields', () => {
  it('lists every column with its type, whether it is personal, and the rule in force', async () => {
    const config = await configFile({ sensitiveFields: 'hash', fields: { contacts: { emial: 'hash' } } });
    const { status, stdout, stderr } = await local(['fields', '--config', config]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^table +field +type +personal +rule +because of/);
    expect(stdout).toMatch(/^contacts +email +string +yes +hash +sensitiveFields$/m);
    expect(stdout).toMatch(/^contacts +role +string +replicate$/m);
    expect(stderr).toContain("contacts has no declared column 'emial'");
    expect(stderr).toContain("Did you mean 'email'?");
    expect(stderr).toContain('Fields that Intercom adds are hashed');
  });

  it('as JSON for programs', async () => {
    const { stdout } = await local(['fields', '--json', '--config', await configFile({})]);
    const { sensitive_fields, fields } = JSON.parse(stdout);
    expect(sensitive_fields).toBe('replicate');
    expect(fields[0]).toEqual({
      table: 'contacts',
      path: 'type',
      type: 'string',
      personal: 'no',
      rule: 'replicate',
      because: 'default',
    });
  });
});

it('a pipeline has to be named if there are several', async () => {
  const config = await configFile([{ name: 'us' }, { name: 'eu', sensitiveFields: 'hash' }]);
  const fields = (...which: string[]) => local(['fields', '--json', '--config', config, ...which]);
  const [unsaid, unknown, eu] = await Promise.all([
    fields(),
    fields('--pipeline', 'x'),
    fields('--pipeline', 'eu'),
  ]);
  expect(unsaid).toMatchObject({ status: 1, stdout: '' });
  expect(unsaid.stderr).toContain('There are several pipelines: us, eu. Choose one with --pipeline NAME.');
  expect(unknown.stderr).toContain("There is no pipeline 'x'; there are: us, eu.");
  expect(JSON.parse(eu.stdout)).toMatchObject({ sensitive_fields: 'hash' });
});

it('an excluded child table has no files, is in no manifest, and is not needed for completeness', async () => {
  const { environment } = await workspace();
  const config = await configFile({
    objects: ['contacts'],
    tables: { exclude: ['contact_tag'] },
    fields: { contacts: { nickname: 'exclude' } },
  });
  const out = await temporaryDirectory();
  const { status, stdout } = await local(['sync', '--out', out, '--config', config, '--json'], environment);
  expect(status).toBe(0);
  const { objects, notes } = JSON.parse(stdout) as RunSummary;
  expect(Object.keys(objects[0]?.rows ?? {})).toEqual([
    'contacts',
    'contact_company',
    'contact_subscription',
  ]);
  expect(objects[0]?.completeness).toMatchObject({ status: 'complete' });
  expect(Object.keys(objects[0]?.completeness?.relations ?? {})).toEqual(['contact_company']);
  expect(notes).toEqual([expect.stringContaining("contacts has no declared column 'nickname'")]);
});
