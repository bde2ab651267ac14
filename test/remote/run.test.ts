/** Runs of a deployed pipeline, started and watched by the real command. */
import { describe, expect, it } from 'vitest';
import type { RunSummary } from '../../functions/core/records.ts';
import { deploy } from './support/deployed.ts';

describe('run', () => {
  it('starts a run, tells how far it is, and ends with its summary', async () => {
    const { command, simulator } = await deploy();
    const { status, stdout, stderr } = await command(['run', '--objects', 'contacts,tags']);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const size = simulator.workspace.contacts.size;
    expect(stdout).toMatch(new RegExp(`contacts +committed +${size} .* complete: ${size} of ${size} read`));
    expect(stderr).toMatch(/Started a run of pipeline 'intercom' in us-east-1/);
    expect(stderr).toMatch(/^run \S+: contacts, tags$/m);
    expect(stderr).toMatch(/^contacts: committed, \d+ rows$/m);
  });

  it('prints the summary as JSON, one line, and nothing else on standard output', async () => {
    const { command } = await deploy();
    const { stdout } = await command(['run', '--objects', 'tags', '--json']);
    expect((JSON.parse(stdout) as RunSummary).objects.map(({ object }) => object)).toEqual(['tags']);
  });
});
