/** connect, check and disconnect of a deployed pipeline, with the real command. */
import type { ChildProcess } from 'node:child_process';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDynamoDbStateStore } from '../../../functions/aws/dynamodb-state-store.ts';
import type { Fault } from '../../../lib/standins/intercom/index.ts';
import { APP, canPretendTerminal, decide, deployForAll, shown } from '../../support/remote/deployed.ts';

const { command, simulator, executions, putSecret, secret, callbackUrl, pipeline, configFile } =
  await deployForAll({
    connected: false,
    config: {
      objects: [
        'companies',
        'conversations',
        'conversation_parts',
        'tags',
        'data_attributes',
        'activity_logs',
      ],
    },
  });

const FILLED = JSON.stringify({ client_id: APP.clientId, client_secret: APP.clientSecret });
const EMPTY = JSON.stringify({ client_id: '', client_secret: '' });

const state = createDynamoDbStateStore(new DynamoDBClient({}), pipeline.resources.tables[0]?.TableName ?? '');

const undo: (() => void)[] = [];
beforeEach(async () => {
  await putSecret('Connection', '{}');
  await putSecret('OAuthClient', FILLED);
  await state.moveWorkspace(simulator.workspace.id);
  await state.endReplacement();
});
afterEach(async () => {
  for (const one of undo.splice(0)) one();
  simulator.setSwitches({ conversationsPlan: 'included' });
  await executions.idle();
});

function fault(match: Fault['match'], respond: Fault['respond']): void {
  undo.push(simulator.addFault({ match, respond }));
}

/** Lets /me report another workspace than the simulator's. */
function pretendOther(id: string, region = 'US'): void {
  const app = { type: 'app', id_code: id, name: 'Other\u001b[31m Shop', region };
  fault({ path: '/me' }, { status: 200, json: { type: 'admin', id: '1', app } });
}

const connection = async (): Promise<Record<string, unknown>> => JSON.parse(await secret('Connection'));

/** Every token: all are secrets. */
const tokens: string[] = [simulator.token];
function token(...args: Parameters<typeof simulator.issueToken>): string {
  const issued = simulator.issueToken(...args);
  tokens.push(issued);
  return issued;
}

const connectWith = (given: string, ...args: readonly string[]) =>
  command(['connect', '--access-token', ...args], { stdin: `${given}\n` });

const ADDRESS = /http:\/\/127\.0\.0\.1:\d+\/oauth\?\S+/;

/** A person who acts once, when the output matches. */
function when(seen: RegExp, act: (match: string) => unknown): (text: string) => void {
  let isDone = false;
  return (text) => {
    const match = seen.exec(text)?.[0];
    if (isDone || match === undefined) return;
    isDone = true;
    void act(match);
  };
}

/** Authorizes or denies at the address that the command prints. */
const person = (decision: 'authorize' | 'deny') =>
  when(new RegExp(`${ADDRESS.source}\\n`), (url) => decide(url.trim(), decision));

describe('connect', () => {
  it('shows the steps in order, waits for the secret and the person, then checks', async () => {
    await putSecret('OAuthClient', EMPTY);
    const fill = when(/Waiting until the secret is filled in/, () => putSecret('OAuthClient', FILLED));
    const authorize = person('authorize');
    const { status, stdout, stderr } = await command(['connect'], {
      onOutput: (text) => {
        fill(text);
        authorize(text);
      },
    });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const steps = [
      /Connecting pipeline 'intercom' \(account \d{12}, us-east-1\) to Intercom/,
      callbackUrl,
      /Read and list users and companies +companies, tags, data_attributes/,
      /Read conversations +conversations, conversation_parts, data_attributes/,
      /Read admin activity logs +activity_logs/,
      /aws secretsmanager put-secret-value --secret-id OAuthClient --secret-string file:\/\/client\.json --region us-east-1/,
      /https:\/\/us-east-1\.console\.aws\.amazon\.com\/secretsmanager\/secret\?name=OAuthClient/,
      'Waiting until the secret is filled in',
      'The secret is filled in.',
      ADDRESS,
      'Waiting for the authorization.',
      /Pipeline 'intercom' is connected to the Intercom workspace “.+” \(\w+\)/,
    ].map((step) => stderr.search(typeof step === 'string' ? step.replaceAll(/[.?]/g, '\\$&') : step));
    expect(steps).not.toContain(-1);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(stdout).toMatch(/^token +alive$/m);
    expect(stdout).toMatch(/^companies +ok +Read and list users and companies$/m);
    expect(await connection()).toMatchObject({ workspace_id: simulator.workspace.id });
  });

  it('replaces the token when authorized again', async () => {
    await connectWith(token());
    const before = await connection();
    const { status, stderr } = await command(['connect'], { onOutput: person('authorize') });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    const after = await connection();
    tokens.push(String(after.access_token));
    expect(after.access_token).not.toBe(before.access_token);
    expect(after.workspace_id).toBe(before.workspace_id);
  });

  it('reports a denial, and nothing has changed', async () => {
    const { status, stdout, stderr } = await command(['connect'], { onOutput: person('deny') });
    expect(stderr).toMatch(/^error: Access was declined at Intercom\. Nothing was stored/m);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(await connection()).toEqual({});
  });

  it('refuses the wrong workspace, with what to do', async () => {
    pretendOther('other1');
    const { status, stderr } = await command(['connect'], { onOutput: person('authorize') });
    expect(stderr).toMatch(
      /workspace “Other \[31m Shop” \(other1\), but this pipeline holds the data of workspace/,
    );
    expect(stderr).toContain(`'npm run pipeline -- connect --replace-workspace --config ${configFile}'`);
    expect(status).toBe(1);
  });

  it('advises the same way of connecting again', async () => {
    pretendOther('other1');
    const { stderr } = await connectWith(token(), '--no-run', '--region', 'us-east-1');
    const options = `--access-token --no-run --region us-east-1 --config ${configFile}`;
    expect(stderr).toContain(`then run 'npm run pipeline -- connect ${options}' again`);
    expect(stderr).toContain(`'npm run pipeline -- connect --replace-workspace ${options}'`);
  });

  it('Ctrl-C ends the waiting', async () => {
    const { status } = await command(['connect'], {
      onOutput: (text, child) => {
        if (/Waiting for the authorization/.test(text) && !child.killed) child.kill('SIGINT');
      },
    });
    expect(status).toBe(130);
  });

  it('Ctrl-C ends the waiting for a token on a silent pipe', { timeout: 30_000 }, async () => {
    const { status } = await command(['connect', '--access-token'], {
      stdin: null,
      onOutput: (text, child) => {
        if (/Connecting pipeline/.test(text)) setTimeout(() => child.killed || child.kill('SIGINT'), 1_000);
      },
    });
    expect(status).toBe(130);
    expect(await connection()).toEqual({});
  });
});

describe('connect at a terminal', () => {
  it('takes client id and secret at its prompt, and does not show the secret', async ({ skip }) => {
    if (!canPretendTerminal) skip("the command 'script' of util-linux is not installed");
    await putSecret('OAuthClient', EMPTY);
    const steps = [
      when(/Client ID .*:/, () => terminal?.stdin?.write(`${APP.clientId}\r`)),
      when(/Client secret:/, () => terminal?.stdin?.write(`${APP.clientSecret}\r`)),
      when(/Waiting for the authorization/, () => terminal?.stdin?.write('\u0003')),
    ];
    let terminal: ChildProcess | undefined;
    const { status, stdout } = await command(['connect', '--no-open'], {
      terminal: true,
      onStart: (child) => {
        terminal = child;
      },
      onOutput: (text) => {
        for (const step of steps) step(text);
      },
    });
    expect(stdout).toMatch(/Client secret:.*\*{18}/);
    expect(stdout).not.toContain(APP.clientSecret);
    expect(stdout).toMatch(/Stored\./);
    expect(status).toBe(130);
    expect(JSON.parse(await secret('OAuthClient'))).toEqual(JSON.parse(FILLED));
  });

  it('Ctrl-C at a question changes nothing', async ({ skip }) => {
    if (!canPretendTerminal) skip("the command 'script' of util-linux is not installed");
    await connectWith(token());
    let terminal: ChildProcess | undefined;
    const interrupt = when(/Disconnect\?/, () => terminal?.stdin?.write('\u0003'));
    const { status, stdout } = await command(['disconnect'], {
      terminal: true,
      onStart: (child) => {
        terminal = child;
      },
      onOutput: interrupt,
    });
    expect(status).toBe(130);
    expect(stdout).not.toMatch(/\n\s+at /);
    expect(await connection()).not.toEqual({});
  });
});

describe('connect --access-token', () => {
  it('takes it from standard input', async () => {
    const given = token();
    const { status, stdout, stderr } = await connectWith(given);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stdout).toMatch(/^tags +ok/m);
    expect((await connection()).access_token).toBe(given);
  });

  it.each([['apart'], ['with =']])('is refused as an argument, %s', async (how) => {
    const given = token();
    const args = how === 'apart' ? ['--access-token', given] : [`--access-token=${given}`];
    const { status, stderr } = await command(['connect', ...args]);
    expect(stderr).toMatch(/--access-token takes no value, .*history of your shell/);
    expect(status).toBe(1);
    expect(await connection()).toEqual({});
  });

  it.each([
    ['nothing', '', /This is not a valid access token/],
    ['two words', 'Bearer abcdefgh', /This is not a valid access token/],
    [
      'one that Intercom does not know',
      'dG9rOnVua25vd24=',
      /Intercom refused the token when the pipeline asked which workspace it belongs to\. The token was not stored/,
    ],
  ])('%s', async (_what, given, message) => {
    const { status, stdout, stderr } = await connectWith(given);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at |abcdefgh|dG9rOnVua25vd24=/);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(await connection()).toEqual({});
  });

  it('another region is refused', async () => {
    pretendOther(simulator.workspace.id, 'Europe');
    const { status, stderr } = await connectWith(token());
    expect(stderr).toMatch(/is in Intercom's region “Europe”, but the pipeline is configured for US/);
    expect(stderr).toMatch(/set 'region: 'EU'' in 'pipeline\.config\.ts'/);
    expect(status).toBe(1);
  });
});

describe('connect --replace-workspace', () => {
  it('changes nothing if nobody can agree', async () => {
    pretendOther('other1');
    const { status, stderr } = await connectWith(token(), '--replace-workspace');
    expect(stderr).toMatch(/Rows of the old workspace stay in the tables/);
    expect(stderr).toMatch(/We recommend a separate pipeline instead, which keeps the two apart/);
    expect(stderr).toMatch(/Nothing was changed\. Use --yes/);
    expect(status).toBe(1);
    expect(await connection()).toEqual({});
  });

  it('forgets every cursor, so that all of the new workspace is read', async () => {
    await connectWith(token());
    expect((await command(['run', '--objects', 'tags,conversations'])).status).toBe(0);
    expect((await state.load('conversations')).committed?.cursor).toBeGreaterThan(0);
    pretendOther('other1');
    const { status, stderr } = await connectWith(token(), '--replace-workspace', '--yes');
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stderr).toMatch(/The next run reads every object from the beginning/);
    expect((await state.load('conversations')).committed).toBeNull();
    expect((await state.load('tags')).committed).toBeNull();
    expect((await connection()).workspace_id).toBe('other1');
  });

  it('that is interrupted lets no run start until it is repeated', async () => {
    await connectWith(token());
    expect((await command(['run', '--objects', 'conversations'])).status).toBe(0);
    pretendOther('other1');
    const { status: ended, stderr: begun } = await command(['connect', '--replace-workspace', '--yes'], {
      onOutput: (text, child) => {
        if (/Waiting for the authorization/.test(text) && !child.killed) child.kill('SIGINT');
      },
    });
    expect(ended).toBe(130);
    await decide(ADDRESS.exec(begun)?.[0] ?? '', 'authorize');
    expect((await connection()).workspace_id).toBe('other1');

    const run = await command(['run', '--objects', 'conversations']);
    expect(run.stderr).toMatch(/replace \w+, but 'connect' was interrupted.*connect --replace-workspace/);
    expect(run.status).toBe(1);
    expect((await state.load('conversations')).committed?.cursor).toBeGreaterThan(0);
    const { status, stdout } = await command(['check']);
    expect(stdout).toMatch(/^PROBLEM +The replacement of workspace \w+ was interrupted/m);
    expect(stdout).toContain(`npm run pipeline -- connect --replace-workspace --config ${configFile}`);
    expect(status).toBe(1);

    expect((await connectWith(token(), '--replace-workspace', '--yes')).status).toBe(0);
    expect((await state.load('conversations')).committed).toBeNull();
    expect((await command(['run', '--objects', 'conversations'])).status).toBe(0);
  });

  it('is refused while a run is in progress', async () => {
    await connectWith(token());
    fault({ path: '/tags' }, { kind: 'delay', delayMs: 4_000 });
    await command(['run', '--objects', 'tags', '--no-wait']);
    const { status, stderr } = await connectWith(token(), '--replace-workspace', '--yes');
    expect(stderr).toMatch(/^error: Run \S+ is in progress and would read from two workspaces/m);
    expect(status).toBe(1);
  });
});

describe('check', () => {
  it('reports that there is no connection', async () => {
    const { status, stderr } = await command(['check']);
    expect(stderr).toMatch(
      /^error: Pipeline 'intercom' is not connected to Intercom yet\. Connect it with: npm run pipeline -- connect/m,
    );
    expect(status).toBe(1);
  });

  it('sends one request for each object, and opens no scroll', async () => {
    await connectWith(token());
    const seen = simulator.requestLog.length;
    const { status, stdout } = await command(['check', '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      token: 'alive',
      workspace: { id: simulator.workspace.id },
      problems: [],
      objects: [
        { object: 'companies', status: 'granted' },
        { object: 'conversations', status: 'granted' },
        { object: 'conversation_parts', status: 'granted' },
        { object: 'tags', status: 'granted' },
        { object: 'data_attributes', status: 'granted' },
        { object: 'activity_logs', status: 'granted' },
      ],
    });
    const asked = simulator.requestLog.slice(seen).map(({ method, path }) => `${method} ${path}`);
    expect(asked).toHaveLength(7);
    expect(asked).toContain('GET /companies?per_page=1');
    expect(asked.join()).not.toContain('scroll');
  });

  it.each([['403_forbidden'], ['401_unauthorized'], ['401_token_unauthorized']] as const)(
    'names the boxes that are missing (%s)',
    async (missingScope) => {
      simulator.setSwitches({ missingScope });
      undo.push(() => simulator.setSwitches({ missingScope: '403_forbidden' }));
      await connectWith(token({ scopes: ['read_users_companies', 'read_tags'] }));
      const { status, stdout } = await command(['check']);
      expect(stdout).toMatch(/^companies +ok/m);
      expect(stdout).toMatch(/^conversation_parts +MISSING +Read conversations +tick this box$/m);
      expect(stdout).toMatch(
        /Tick these boxes .*\n {2}Read conversations \(for conversations, conversation_parts\)\n {2}Read admin activity logs \(for activity_logs\)\n/,
      );
      expect(status).toBe(1);
    },
  );

  it('shows what the plan does not include as unavailable, not as missing', async () => {
    simulator.setSwitches({ conversationsPlan: 'restricted' });
    await connectWith(token());
    const { status, stdout } = await command(['check']);
    expect(stdout).toMatch(/^conversations +unavailable .*plan does not include/m);
    expect(status).toBe(0);
  });

  it('reports a dead token', async () => {
    const given = token();
    await connectWith(given);
    simulator.setTokenState(given, 'revoked');
    const { status, stdout, stderr } = await command(['check']);
    expect(stderr).toMatch(
      /^error: Intercom no longer accepts the access token.*connect the workspace again: npm run pipeline -- connect --config/m,
    );
    expect(stderr).not.toContain('INTERCOM_ACCESS_TOKEN');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });

  it('shows an object as unknown if Intercom does not answer', async () => {
    await connectWith(token());
    fault({ path: '/tags' }, { status: 502, html: '<h1>Bad gateway</h1>' });
    const { status, stdout } = await command(['check']);
    expect(stdout).toMatch(/^tags +unknown .*No answer to GET \/tags/m);
    expect(stdout).toMatch(/^companies +ok/m);
    expect(status).toBe(1);
  });

  it("reports a workspace and a region that are not the pipeline's", async () => {
    await connectWith(token());
    pretendOther('other1', 'AU');
    const { status, stdout } = await command(['check']);
    expect(stdout).toMatch(
      /^PROBLEM +The token belongs to workspace other1, but the pipeline holds the data of workspace/m,
    );
    expect(stdout).toContain(
      `or replace it with 'npm run pipeline -- connect --replace-workspace --config ${configFile}'.`,
    );
    expect(stdout).toMatch(
      /^PROBLEM +The workspace is in Intercom's region AU, but the configuration has region: 'US'/m,
    );
    expect(status).toBe(1);
  });
});

describe('disconnect', () => {
  it('uninstalls the app for the whole workspace, and forgets the token', async () => {
    const given = token();
    await connectWith(given);
    const { status, stderr } = await command(['disconnect', '--yes']);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stderr).toMatch(/The app is uninstalled from the workspace\./);
    expect(await secret('Connection')).toBe('{}');
    simulator.setTokenState(given, 'revoked');
    expect(simulator.stats().byPath['POST /auth/uninstall']).toBe(1);
  });

  it('asks first, and explains the consequences', async () => {
    await connectWith(token());
    const { status, stderr } = await command(['disconnect']);
    expect(stderr).toMatch(/^Disconnecting pipeline 'intercom' \(account \d{12}, us-east-1\)\.$/m);
    expect(stderr).not.toMatch(/is in progress/);
    expect(stderr).toMatch(
      /uninstalled from the workspace “.+” \(\w+\), for the whole workspace: every pipeline and tool/,
    );
    expect(stderr).toMatch(/Nothing was changed\. Use --yes/);
    expect(status).toBe(1);
    expect(await connection()).not.toEqual({});
  });

  it('reports a run in progress, which it would end', async () => {
    await connectWith(token());
    fault({ path: '/tags' }, { kind: 'delay', delayMs: 3_000 });
    await command(['run', '--objects', 'tags', '--no-wait']);
    const { stderr } = await command(['disconnect']);
    expect(stderr).toMatch(/^Run \d{8}T\d{9}Z-\w+ is in progress: objects that it has not committed/m);
  });

  it('--keep-app only forgets', async () => {
    await connectWith(token());
    const before = simulator.stats().byPath['POST /auth/uninstall'];
    const { status, stderr } = await command(['disconnect', '--keep-app', '--yes']);
    expect(stderr).toMatch(/The app is still installed at Intercom/);
    expect(status).toBe(0);
    expect(await secret('Connection')).toBe('{}');
    expect(simulator.stats().byPath['POST /auth/uninstall']).toBe(before);
  });

  it('forgets nothing while Intercom does not answer; later the same command finishes', async () => {
    await connectWith(token());
    const mend = simulator.addFault({
      match: { path: '/auth/uninstall' },
      respond: { status: 503, empty: true },
    });
    const { status, stderr } = await command(['disconnect', '--yes']);
    mend();
    expect(stderr).toMatch(
      /Nothing was forgotten\. Try again, or only forget the connection: .* disconnect --keep-app/,
    );
    expect(status).toBe(1);
    expect(await connection()).not.toEqual({});
    expect((await command(['disconnect', '--yes'])).status).toBe(0);
    expect(await secret('Connection')).toBe('{}');
  });

  it('has nothing to do if there is no connection', async () => {
    const { status, stderr } = await command(['disconnect', '--yes']);
    expect(stderr).toMatch(/is not connected, so there is nothing to do/);
    expect(status).toBe(0);
  });
});

it('never shows a token or the client secret', () => {
  const text = shown.join('\n');
  expect(tokens.length).toBeGreaterThan(10);
  expect(tokens.filter((one) => text.includes(one))).toEqual([]);
  expect(text).not.toContain(APP.clientSecret);
});
