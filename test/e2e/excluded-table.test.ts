/** A deployment excludes child tables that runs before it wrote: their files are still maintained, with the new rights. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { PipelineConfig } from '../../functions/config/config.ts';
import { erasedObjectKey } from '../../functions/core/lake-keys.ts';
import { SIZES, startSimulator } from '../../lib/standins/intercom/index.ts';
import { openBundledPipeline } from '../support/local/bundled-pipeline.ts';
import { ageManifests, askToErase } from '../support/local/deployed-lake.ts';
import { textsBelow } from '../support/texts-below.ts';

const SUCCEEDED = { status: 'SUCCEEDED' };
const EXCLUDED = ['ticket_part', 'team_admin'] as const;

test('an old run is pruned and a person is erased after their child tables were excluded', async () => {
  const simulator = await startSimulator({ sizes: SIZES.tiny });
  const directory = await mkdtemp(join(tmpdir(), 'excluded-'));
  onTestFinished(async () => {
    await simulator.close();
    await rm(directory, { recursive: true, force: true });
  });
  const { contacts, tickets } = simulator.workspace;
  const [person = ''] = contacts.ids();
  const [ticket = ''] = tickets.ids();
  const mark = 'canary-of-a-part';
  const say = (body: string) =>
    tickets.addPart(ticket, { part_type: 'comment', body, author: { type: 'user', id: person } });
  const deploy = async (changes: PipelineConfig) => {
    const objects = ['tickets', 'teams'] as const;
    const config = { name: 'excluding', objects: [...objects], history: { fullRefreshRuns: 1 } };
    const pipeline = await openBundledPipeline(
      { ...config, baseUrl: simulator.url, ...changes },
      (variables) => Object.assign(process.env, variables),
      { directory },
    );
    await pipeline.connect({ access_token: simulator.token });
    const run = async () => expect(await pipeline.run({})).toMatchObject(SUCCEEDED);
    return { pipeline, run };
  };
  const lake = join(directory, 'lake');
  const textsOf = async (...tables: readonly string[]) =>
    [...(await textsBelow(lake))].filter(([file]) =>
      tables.some((table) => file.includes(`/tables/${table}/`)),
    );

  const before = await deploy({});
  say(mark);
  await before.run();
  await before.pipeline.close();
  expect(await textsOf('team_admin')).not.toEqual([]);
  expect((await textsOf('ticket_part')).some(([, text]) => text.includes(mark))).toBe(true);

  const after = await deploy({ tables: { exclude: [...EXCLUDED] } });
  onTestFinished(() => after.pipeline.close());
  say(mark);
  await after.run();
  await ageManifests(directory, 'teams');
  const id = await askToErase(directory, person);
  await after.run();
  expect(after.pipeline.denied()).toEqual([]);
  expect(await textsOf('team_admin')).toEqual([]);
  const done = await readFile(join(lake, erasedObjectKey(id, 'tickets', 'removed')), 'utf8');
  expect(JSON.parse(done)).toHaveProperty('removed_at');
  const texts = await textsOf('tickets', ...EXCLUDED);
  const left = texts.filter(([, text]) => text.includes(mark) || text.includes(person));
  expect(left.map(([file]) => file)).toEqual([]);
});
