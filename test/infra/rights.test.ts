import { describe, expect, test } from 'vitest';
import { PARENT_OF, type PipelineConfig } from '../../functions/config/config.ts';
import { CHILD_NAMES, DEFAULT_OBJECTS, OBJECT_NAMES, SHARED_TABLES } from '../../functions/core/names.ts';
import type { StackTemplate } from '../../lib/template/intrinsics.ts';
import { LOCAL_PLACE } from '../../lib/template/template.ts';
import { type AccessRequest, denialsOfBuckets, isAllowed, rightsOfFunction } from '../support/iam.ts';
import { rightsByRole } from '../support/infra/rights.ts';
import { CONFIGURATIONS, synthesis } from '../support/infra/synthesis.ts';

const rightsOf = (config: PipelineConfig = {}) => rightsByRole(synthesis(config).templates.pipeline);

const rights = rightsOf();

const pascalCase = (name: string): string =>
  name.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());

const ownLog = (name: string): string[] => [
  `logs:CreateLogStream on <${name}Log.Arn>`,
  `logs:PutLogEvents on <${name}Log.Arn>`,
];

const EXECUTIONS =
  'arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:<WorkflowStateMachine.Name>:*';

const GLUE = 'arn:<AWS::Partition>:glue:<AWS::Region>:<AWS::AccountId>';

/** Rights on the tables and views that all objects share, and on those of these tables. */
function glue(...tables: readonly string[]): readonly string[] {
  const names = [...tables, 'deletions', 'rejects'].flatMap((table) => [table, `${table}_*`]);
  const ofManifests = ['manifests', 'manifest_*'];
  const own = [...ofManifests, ...names].map((name) => `table/<CatalogDatabase>/${name}`);
  return ['catalog', 'database/<CatalogDatabase>', ...own].flatMap((resource) =>
    ['GetTable', 'CreateTable', 'UpdateTable'].map((action) => `glue:${action} on ${GLUE}:${resource}`),
  );
}

describe('the roles', () => {
  test('are one per function, one for the state machine and one for the schedules', () => {
    const functions = [...DEFAULT_OBJECTS.map((name) => `Extractors${pascalCase(name)}`), 'StartRun'];
    const workflow = ['RecordFailure', 'FinishRun', 'WorkflowStateMachine'];
    const expected = [...functions, ...workflow, 'Callback', 'Schedules'];
    expect(Object.keys(rights).toSorted()).toEqual(expected.map((name) => `${name}Role`).toSorted());
  });

  test('an extractor reaches the tables of its object and children, its manifests, and its own deletions, rejects and work', () => {
    const tables = 'contacts contact_company contact_tag contact_subscription contact_note'.split(' ');
    const prefixes = [...tables.map((table) => `tables/${table}/*`), 'manifests/contacts/*'].join(' ');
    const shared =
      'tables/deletions/*/contacts-* tables/rejects/*/contacts-* evidence/contacts/* work/*/contacts/*';
    const written = `${prefixes} ${shared}`.split(' ').map((key) => `<Lake.Arn>/${key}`);
    expect(rights.ExtractorsContactsRole).toEqual(
      [
        ...ownLog('ExtractorsContacts'),
        ...written.flatMap((arn) => [`s3:GetObject on ${arn}`, `s3:PutObject on ${arn}`]),
        's3:GetObject on <Lake.Arn>/work/*/run.json',
        's3:GetObject on <Lake.Arn>/erasures/*',
        's3:PutObject on <Lake.Arn>/erasures/*/contacts.*.json',
        ...written.slice(0, -1).map((arn) => `s3:DeleteObject on ${arn}`),
        `s3:ListBucket on <Lake.Arn> if s3:prefix in ${prefixes} ${shared} work/*/run.json erasures/* tables/deletions/* tables/rejects/*`,
        ...['GetItem', 'UpdateItem'].map(
          (action) =>
            `dynamodb:${action} on <State.Arn> if dynamodb:LeadingKeys in object#contacts budget budget#*`,
        ),
        'secretsmanager:GetSecretValue on <Connection>',
        'secretsmanager:GetSecretValue on <HashKey>',
        `states:DescribeExecution on ${EXECUTIONS}`,
        ...glue('contacts', 'contact_company', 'contact_tag', 'contact_subscription'),
      ].toSorted(),
    );
  });

  test('a pattern of a table covers no other table', () => {
    const names = [...OBJECT_NAMES, ...CHILD_NAMES, ...SHARED_TABLES];
    const covered = names.flatMap((table) =>
      names.filter((other) => other.startsWith(`${table}_`)).map((other) => [table, other]),
    );
    expect(covered).toEqual([]);
  });

  test('the object that defines attributes writes the flat views that show them', () => {
    const flats = (role: string) =>
      (rights[role] ?? []).flatMap((line) => /UpdateTable.*\/(\w+_flat)$/.exec(line)?.[1] ?? []);
    expect(flats('ExtractorsDataAttributesRole')).toEqual([
      'companies_flat',
      'contacts_flat',
      'conversations_flat',
    ]);
    expect(flats('ExtractorsTicketTypesRole')).toEqual(['tickets_flat']);
    expect(flats('ExtractorsContactsRole')).toEqual([]);
  });

  test('the hash key is for extractors alone', () => {
    const readers = Object.entries(rights).filter(([, lines]) =>
      lines.some((line) => line.includes('HashKey')),
    );
    expect(readers.map(([role]) => role).toSorted()).toEqual(
      DEFAULT_OBJECTS.map((name) => `Extractors${pascalCase(name)}Role`).toSorted(),
    );
  });

  // Runs from before the exclusion left files of the table. Compaction reads and removes them, and an erasure must.
  test('an excluded child table is out of reach in the catalog only', () => {
    const withoutTags = rightsOf({ tables: { exclude: ['contact_tag'] } });
    const ofFiles = (lines: readonly string[] = []) => lines.filter((line) => line.startsWith('s3:'));
    expect(ofFiles(withoutTags.ExtractorsContactsRole)).toEqual(ofFiles(rights.ExtractorsContactsRole));
    const text = withoutTags.ExtractorsContactsRole?.join();
    expect(text).toContain('table/<CatalogDatabase>/contact_company_*');
    expect(text).not.toContain('contact_tag_');
  });

  test('nobody deletes tables of the catalog, and only extractors write to it', () => {
    for (const [role, lines] of Object.entries(rights)) {
      const actions = new Set(lines.flatMap((line) => /^glue:\w+/.exec(line) ?? []));
      const isExtractor = role.startsWith('Extractors');
      const expected = ['glue:CreateTable', 'glue:GetTable', 'glue:UpdateTable'];
      expect([role, [...actions].toSorted()]).toEqual([role, isExtractor ? expected : []]);
    }
  });

  test.each(DEFAULT_OBJECTS)(
    '%s deletes what history removes or puts together, and nothing of other objects',
    (object) => {
      const children = CHILD_NAMES.filter((child) => PARENT_OF[child] === object);
      const tables = [object, ...children];
      const own = [...tables.map((table) => `tables/${table}/*`), `manifests/${object}/*`];
      const shared = [
        `tables/deletions/*/${object}-*`,
        `tables/rejects/*/${object}-*`,
        `evidence/${object}/*`,
      ];
      const deletes = rights[`Extractors${pascalCase(object)}Role`]?.filter((line) =>
        line.includes('Delete'),
      );
      expect(deletes).toEqual(
        [...own, ...shared].map((key) => `s3:DeleteObject on <Lake.Arn>/${key}`).toSorted(),
      );
    },
  );

  test('StartRun, RecordFailure and FinishRun have what their part of the run needs', () => {
    const state = (keys: string) => [
      `dynamodb:GetItem on <State.Arn> if dynamodb:LeadingKeys in ${keys}`,
      `dynamodb:UpdateItem on <State.Arn> if dynamodb:LeadingKeys in ${keys}`,
    ];
    const list = (prefixes: string) => `s3:ListBucket on <Lake.Arn> if s3:prefix in ${prefixes}`;
    const files = (pattern: string) => [
      `s3:GetObject on <Lake.Arn>/${pattern}`,
      list(pattern),
      `s3:PutObject on <Lake.Arn>/${pattern}`,
    ];
    expect(rights.StartRunRole).toEqual([
      ...state('workspace budget budget#*'),
      ...ownLog('StartRun'),
      ...files('work/*/run.json'),
      'secretsmanager:GetSecretValue on <Connection>',
    ]);
    expect(rights.RecordFailureRole).toEqual([
      ...state('object#*'),
      ...ownLog('RecordFailure'),
      ...files('work/*/outcome.json'),
    ]);
    const bus = 'arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:event-bus/default';
    const ours = 'events:source in intercom.pipeline and events:detail-type in Intercom Sync Completed';
    expect(rights.FinishRunRole).toEqual([
      `events:PutEvents on ${bus} if ${ours}`,
      ...ownLog('FinishRun'),
      's3:GetObject on <Lake.Arn>/manifests/*',
      's3:GetObject on <Lake.Arn>/runs/*',
      's3:GetObject on <Lake.Arn>/work/*',
      list('work/* manifests/* runs/*'),
      's3:PutObject on <Lake.Arn>/runs/*',
      'states:StartExecution on <WorkflowStateMachine>',
    ]);
  });

  test('the state machine invokes every function except the callback, and no other', () => {
    const functions = Object.entries(synthesis().templates.pipeline.Resources)
      .filter(([id, { Type }]) => Type === 'AWS::Lambda::Function' && !id.startsWith('Callback'))
      .map(([logicalId]) => `lambda:InvokeFunction on <${logicalId.slice(0, -8)}.Arn>`);
    const invokes = rights.WorkflowStateMachineRole?.filter((line) => line.startsWith('lambda:'));
    expect(functions).toHaveLength(DEFAULT_OBJECTS.length + 3);
    expect(invokes).toEqual(functions.toSorted());
  });
});

const allTemplates = Object.values(CONFIGURATIONS).flatMap((config) =>
  Object.entries(synthesis(config).templates),
);

test('a file that exists is safe even from the function that wrote it', () => {
  const { data, pipeline } = synthesis().templates;
  const [logicalId = ''] =
    Object.keys(pipeline.Resources).filter((id) => id.startsWith('ExtractorsTagsFunction')) ?? [];
  const templates = [data, pipeline];
  const statements = [
    ...rightsOfFunction(templates, logicalId, LOCAL_PLACE),
    ...denialsOfBuckets(templates, LOCAL_PLACE),
  ];
  const mayPut = (key: string, context: AccessRequest['context']) =>
    isAllowed(statements, { action: 's3:PutObject', resource: `arn:aws:s3:::lake/${key}`, context });
  const isNew = { 's3:if-none-match': ['*'] };
  const kept = [
    'tables/tags/run_date=2026-11-22/x.ndjson.gz',
    'manifests/tags/x.json',
    'evidence/tags/x.ndjson',
    'erasures/x/tags.rewritten.json',
  ];
  for (const key of kept) {
    expect([mayPut(key, isNew), mayPut(key, {})]).toEqual([true, false]);
  }
  const others = [
    'tables/contacts/x',
    'work/run/contacts/plan.json',
    'tables/deletions/d/r/contacts-0001-a-0001',
    'tables/rejects/d/r/contacts-0001-a-0001',
  ];
  expect(others.filter((key) => mayPut(key, isNew))).toEqual([]);
  for (const table of ['deletions', 'rejects']) {
    expect(mayPut(`tables/${table}/d/r/tags-0001-a-0001`, isNew)).toBe(true);
  }
});

/** Every role, except that for readers, which has tests of its own (landscape.test.ts). */
const ownRoles = ({ Resources }: StackTemplate) =>
  Object.entries(Resources).filter(([id, { Type }]) => Type === 'AWS::IAM::Role' && !id.startsWith('Reader'));

describe('the roles of every stack', () => {
  test('have no managed policy and can be assumed by one service only', () => {
    const roles = allTemplates.flatMap(([, template]) => ownRoles(template));
    expect(roles.length).toBeGreaterThan(20);
    for (const [, { Properties }] of roles) {
      expect(Properties).not.toHaveProperty('ManagedPolicyArns');
      expect(Properties?.AssumeRolePolicyDocument).toMatchObject({
        Statement: [
          {
            Action: 'sts:AssumeRole',
            Principal: { Service: expect.stringMatching(/^(lambda|states|scheduler)\.amazonaws\.com$/) },
          },
        ],
      });
    }
  });

  test('use the own key through a service only', () => {
    const lines = allLines.filter((line) => line.includes('kms:'));
    expect(lines.length).toBeGreaterThan(50);
    const via =
      / on (<Key\.Arn>|arn:aws:kms:[\w:-]+key\/[\w-]+) if kms:ViaService in (s3|dynamodb|secretsmanager|sqs)\.<AWS::Region>\.amazonaws\.com$/;
    expect(lines.filter((line) => !via.test(line))).toEqual([]);
  });
});

/** Every right: `pipeline/StartRunRole: s3:GetObject on <Lake.Arn>/work/*`. */
const allLines = [
  ...new Set(
    allTemplates.flatMap(([stack, template]) =>
      Object.entries(rightsByRole(template)).flatMap(([role, own]) =>
        own.map((line) => `${stack}/${role}: ${line}`),
      ),
    ),
  ),
];

/** Resources with a wildcard, and why. */
const REASONS: Readonly<Record<string, RegExp>> = {
  'log delivery of state machines has no resources to name':
    /^pipeline\/WorkflowStateMachineRole: logs:\w+ on \*$/,
  'X-Ray has no resources to name': /^pipeline\/WorkflowStateMachineRole: xray:\w+ on \*$/,
  'executions of the one state machine, whose names are not known before':
    /^pipeline\/Extractors\w+Role: states:DescribeExecution on .*<WorkflowStateMachine\.Name>:\*$/,
  'network interfaces in a VPC have no narrower resource': /^pipeline\/\w+Role: ec2:\w+ on \*$/,
  'readers read all tables, and write results under names that Athena makes':
    /^data\/ReaderRole: (s3:\w+ on .*\/\*|glue:\w+ on .*:table\/<CatalogDatabase>\/\*)$/,
  'the files and views of a table, whose names begin with its own':
    /^pipeline\/Extractors\w+Role: glue:\w+ on .*:table\/<CatalogDatabase>\/\w+_\*$/,
  'keys whose names are made at run time':
    /^pipeline\/\w+: s3:\w+Object on (<Lake\.Arn>|arn:<AWS::Partition>:s3:::company-lake\/raw\/intercom)\/(tables|manifests|evidence|erasures|work|runs)\/[a-z_*./-]+$/,
};

test('no role has a wildcard without a reason, and no action has one', () => {
  const withoutCondition = allLines.map((line) => line.replace(/ if .*$/, ''));
  const wild = withoutCondition.filter((line) => line.includes('*'));
  expect(wild.filter((line) => !Object.values(REASONS).some((reason) => reason.test(line)))).toEqual([]);
  for (const reason of Object.values(REASONS)) expect(wild.some((line) => reason.test(line))).toBe(true);
});

test('the scheduler may start the one state machine and report a failed start', () => {
  expect(rights.SchedulesRole).toEqual([
    'sqs:SendMessage on <SchedulesDeadLetters.Arn>',
    'states:StartExecution on <WorkflowStateMachine>',
  ]);
});
