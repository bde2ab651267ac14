/** A deployment excludes child tables that runs before it wrote: their files are still maintained, with the new rights. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { hashWith } from '../../functions/aws/secrets-hash-source.ts';
import type { PipelineConfig } from '../../functions/config/config.ts';
import type { ErasureRequest } from '../../functions/core/erasure.ts';
import { erasedObjectKey, erasureNowKey, erasureRequestKey } from '../../functions/core/lake-keys.ts';
import { SIZES, startSimulator } from '../../lib/standins/intercom/index.ts';
import { openBundledPipeline } from '../support/local/bundled-pipeline.ts';
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
  const put = async (key: string, content: object): Promise<void> => {
    await mkdir(dirname(join(lake, key)), { recursive: true });
    await writeFile(join(lake, key), JSON.stringify(content));
  };
  /** Functions run in threads, with the machine's clock: so what they committed becomes older. */
  const age = async (object: string): Promise<void> => {
    const folder = join(lake, 'manifests', object);
    const committed_at = new Date(Date.now() - 3 * 3_600_000).toISOString();
    for (const name of await readdir(folder)) {
      const manifest = JSON.parse(await readFile(join(folder, name), 'utf8'));
      await writeFile(join(folder, name), `${JSON.stringify({ ...manifest, committed_at })}\n`);
    }
  };
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
  await age('teams');
  const secrets = JSON.parse(await readFile(join(directory, 'state/secrets.json'), 'utf8'));
  const [, { value = '' } = {}] =
    Object.entries<{ value?: string }>(secrets).find(([name]) => name.startsWith('HashKey')) ?? [];
  const id = '20261201T000000000Z-abc123';
  const hashed = hashWith(value)(person);
  const request: ErasureRequest = {
    format: 1,
    id,
    requested_at: '2026-12-01T00:00:00Z',
    subject: hashed,
    suppress: true,
    ids: [hashed],
    emails: [],
    external_ids: [],
    conversations: [],
  };
  await put(erasureRequestKey(id), request);
  await put(erasureNowKey(id), {});
  await after.run();
  expect(after.pipeline.denied()).toEqual([]);
  expect(await textsOf('team_admin')).toEqual([]);
  const done = await readFile(join(lake, erasedObjectKey(id, 'tickets', 'removed')), 'utf8');
  expect(JSON.parse(done)).toHaveProperty('removed_at');
  const texts = await textsOf('tickets', ...EXCLUDED);
  const left = texts.filter(([, text]) => text.includes(mark) || text.includes(person));
  expect(left.map(([file]) => file)).toEqual([]);
});
