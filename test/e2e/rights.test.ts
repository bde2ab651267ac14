/**
 * The functions of the workflow with the rights of their roles, on the ways a run takes seldom: repeated calls,
 * lost answers, changed schemas, deletions, leases of runs that died. What a role lacks would fail here; what
 * it has and none of this needs is shown.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { erasedObjectKey } from '../../functions/core/lake-keys.ts';
import { SIZES, type Simulator, startSimulator } from '../../lib/standins/intercom/index.ts';
import { type BundledPipeline, openBundledPipeline } from '../support/local/bundled-pipeline.ts';
import { ageManifests, askToErase } from '../support/local/deployed-lake.ts';
import { readLake } from '../support/local/lake-reader.ts';
import { textsBelow } from '../support/texts-below.ts';

const SUCCEEDED = { status: 'SUCCEEDED' };

let simulator: Simulator;
let pipeline: BundledPipeline;

beforeAll(async () => {
  simulator = await startSimulator({ sizes: SIZES.tiny });
  pipeline = await openBundledPipeline(
    {
      name: 'rights',
      baseUrl: simulator.url,
      objects: ['tags', 'contacts', 'conversations', 'conversation_parts'],
      sensitiveFields: 'hash',
      history: { fullRefreshRuns: 1 },
      concurrency: 40,
      encryption: 'own-key',
    },
    (variables) => Object.assign(process.env, variables),
  );
  await pipeline.connect({ access_token: simulator.token });
});
afterAll(async () => {
  await pipeline.close();
  await simulator.close();
});

afterEach(() => expect(pipeline.denied()).toEqual([]));

const lake = () => readLake(pipeline.directory);

test('a run of which every write is done and its answer lost has everything, once', async () => {
  const calledOff = pipeline.loseAnswers();
  expect(await pipeline.run({})).toMatchObject(SUCCEEDED);
  calledOff();
  const { manifests, history, current, orphans } = await lake();
  for (const object of ['contacts', 'conversations'] as const) {
    expect(manifests(object).map(({ completeness }) => completeness.status)).toEqual(['complete']);
    expect(current(object).size).toBe([...simulator.workspace[object].ids()].length);
  }
  expect(history('contacts')).toHaveLength(current('contacts').size);
  expect(orphans).toEqual([]);
});

test('a field that is new, and a run that is superseded', async () => {
  const { tags } = simulator.workspace;
  for (const id of tags.ids()) tags.update(id, { shade: 'green' } as Parameters<typeof tags.update>[1]);
  const calledOff = pipeline.loseAnswers();
  for (let run = 0; run < 2; run += 1) {
    expect(await pipeline.run({ objects: ['tags'] })).toMatchObject(SUCCEEDED);
    await ageManifests(pipeline.directory, 'tags');
  }
  calledOff();
  expect((await lake()).manifests('tags')).toHaveLength(2);
});

test('a conversation that is gone when its parts are read', async () => {
  const [id = ''] = simulator.workspace.conversations.ids();
  const json = { type: 'error.list', errors: [{ code: 'not_found', message: 'Conversation not found' }] };
  const heal = simulator.addFault({
    match: { path: `/conversations/${id}` },
    respond: { status: 404, json },
  });
  // Nor does the search list it by then.
  const listed = simulator.addFault({
    match: { path: '/conversations/search', bodyIncludes: '"field":"id"' },
    respond: {
      status: 200,
      json: { type: 'conversation.list', conversations: [], total_count: 0, pages: { type: 'pages' } },
    },
  });
  const calledOff = pipeline.loseAnswers();
  const input = { objects: ['conversation_parts'], mode: 'full_refresh' };
  expect(await pipeline.run(input)).toMatchObject(SUCCEEDED);
  calledOff();
  heal();
  listed();
  expect((await lake()).history('deletions').map(({ row }) => row.id)).toEqual([id]);
});

test('a record that cannot be a row, in a run that is superseded', async () => {
  const data = [...simulator.workspace.tags.records(), { type: 'tag', name: 'without an id' }];
  const heal = simulator.addFault({
    match: { path: '/tags' },
    respond: { status: 200, json: { type: 'list', data } },
  });
  const calledOff = pipeline.loseAnswers();
  expect(await pipeline.run({ objects: ['tags'] })).toMatchObject(SUCCEEDED);
  expect((await lake()).current('rejects').size).toBe(1);
  heal();
  expect(await pipeline.run({ objects: ['tags'] })).toMatchObject(SUCCEEDED);
  calledOff();
  await ageManifests(pipeline.directory, 'tags');
  expect(await pipeline.run({ objects: ['tags'] })).toMatchObject(SUCCEEDED);
  expect((await lake()).manifests('tags')).toHaveLength(2);
  expect((await lake()).current('rejects').size).toBe(1);
});

test('an object that fails, whose lease nobody gives back, and the next runs', async () => {
  const heal = simulator.addFault({ match: { path: '/tags' }, respond: { status: 403, json: {} } });
  const recover = pipeline.refuse('record-failure', 'UpdateItem', {
    status: 400,
    type: 'ValidationException',
  });
  expect(await pipeline.run({ objects: ['tags'] })).toMatchObject({ status: 'FAILED' });
  recover();
  const calledOff = pipeline.loseAnswers();
  expect(await pipeline.run({ objects: ['tags'] })).toMatchObject({ status: 'FAILED' });
  calledOff();
  heal();
  expect(await pipeline.run({ objects: ['tags'] })).toMatchObject(SUCCEEDED);
});

test('a person who is erased, from tables that all objects share, too', async () => {
  const [person = ''] = simulator.workspace.contacts.ids();
  const id = await askToErase(pipeline.directory, person);
  const calledOff = pipeline.loseAnswers();
  expect(await pipeline.run({})).toMatchObject(SUCCEEDED);
  calledOff();
  for (const object of ['tags', 'contacts', 'conversations', 'conversation_parts'] as const) {
    const done = await readFile(
      join(pipeline.directory, 'lake', erasedObjectKey(id, object, 'removed')),
      'utf8',
    );
    expect(JSON.parse(done)).toHaveProperty('removed_at');
  }
  const texts = await textsBelow(join(pipeline.directory, 'lake/tables'));
  expect([...texts].filter(([, text]) => text.includes(person)).map(([file]) => file)).toEqual([]);
});

/** What is allowed to a kind of function: names of objects and tables are those of its own. */
function kindOf(logicalId: string, right: string): string {
  const kind = logicalId.startsWith('Extractors') ? 'extractor' : logicalId.replace(/Function\w+$/, '');
  const general = right
    .replace(/tables\/(?!deletions|rejects)\w+/, 'tables/<own>')
    .replace(/tables\/(deletions|rejects)\/\*\/\w+-/, 'tables/$1/*/<own>-')
    .replace(/work\/\*\/\w+\/\*/, 'work/*/<own>/*')
    .replace(/erasures\/\*\/\w+\./, 'erasures/*/<own>.')
    .replace(/(manifests|evidence)\/\w+\//, '$1/<own>/')
    .replace(/(table\/rights_00000000)\/manifest(?:s|_\S+)$/, '$1/<of manifests>')
    .replace(/(table\/rights_00000000)\/(?!<)\w+(_\*)?$/, '$1/<own>$2');
  return `${kind}: ${general}`;
}

/** What this file does not bring about, and why the right is there. */
const REASONS: Readonly<Record<string, string>> = {
  'FinishRun: states:StartExecution on arn:aws:states:us-east-1:000000000000:stateMachine:WorkflowStateMachine':
    'work remains after more than 100 slices of 15,000 records',
  ...Object.fromEntries(
    [
      's3:DeleteObject on arn:aws:s3:::lake/tables/deletions/*/<own>-*',
      's3:DeleteObject on arn:aws:s3:::lake/evidence/<own>/*',
    ].map((right) => [`extractor: ${right}`, 'what was put together is put together again']),
  ),
  'RecordFailure: s3:ListBucket on arn:aws:s3:::lake': 'to be told that a file of the run has been removed',
  'StartRun: s3:ListBucket on arn:aws:s3:::lake': 'to be told that a file of the run has been removed',
  'extractor: glue:UpdateTable on arn:aws:glue:us-east-1:000000000000:table/rights_00000000/<of manifests>':
    'a later version of the software may define these tables in another way',
  ...Object.fromEntries(
    ['extractor', 'RecordFailure', 'StartRun'].flatMap((kind) =>
      ['kms:DescribeKey', 'kms:Encrypt'].map((action) => [
        `${kind}: ${action} on the key of the pipeline`,
        'DynamoDB may ask for it when it opens the key of a table',
      ]),
    ),
  ),
};

test('no function has a right that nothing needs', () => {
  const rights = Object.entries(pipeline.rights()).flatMap(([logicalId, own]) =>
    own.map(({ text, isUsed }) => ({ kind: kindOf(logicalId, text), isUsed })),
  );
  const used = new Set(rights.filter(({ isUsed }) => isUsed).map(({ kind }) => kind));
  const unused = rights.map(({ kind }) => kind).filter((kind) => !used.has(kind));
  expect([...new Set(unused)].toSorted()).toEqual(Object.keys(REASONS).toSorted());
});
