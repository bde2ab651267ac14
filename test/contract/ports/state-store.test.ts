import { describe, expect, test } from 'vitest';
import { createDynamoDbStateStore } from '../../../functions/aws/dynamodb-state-store.ts';
import type { CommittedState, Lease, StateStore } from '../../../functions/core/ports.ts';
import { useAwsEndpoints } from '../../support/aws-endpoints.ts';
import { createMemoryStateStore } from '../../support/memory/memory-state-store.ts';

const endpoints = useAwsEndpoints();

const leaseOf = (name: string): Lease => ({ executionArn: `arn:${name}`, runId: `run-${name}` });
const COMMITTING = { runId: 'run-a', draftKey: 'work/run-a/tags/manifest.json' };
const COMMITTED: CommittedState = { runId: 'run-a', manifestKey: 'm', cursor: 5, startFrom: null };

describe.each<[string, () => Promise<StateStore>]>([
  ['memory', async () => createMemoryStateStore()],
  ['DynamoDB', async () => createDynamoDbStateStore(endpoints().dynamoDb, await endpoints().newTable())],
])('the state store (%s)', (_name, create) => {
  test('starts empty', async () => {
    const store = await create();
    expect(await store.load('tags')).toEqual({
      object: 'tags',
      fence: 0,
      lease: null,
      committing: null,
      committed: null,
      failures: null,
    });
  });

  test('raises the fence with each lease, and gives the lease to one of many', async () => {
    const store = await create();
    for (const round of [0, 1, 2]) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_unused, index) =>
          store.takeLease('tags', round, leaseOf(`${round}-${index}`)),
        ),
      );
      const winner = answers.findIndex(({ ok }) => ok);
      expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
      const state = await store.load('tags');
      expect(state).toMatchObject({ fence: round + 1, lease: leaseOf(`${round}-${winner}`) });
      expect(answers[winner]).toEqual({ ok: true, value: state });
    }
  });

  test('keeps objects separate', async () => {
    const store = await create();
    await store.takeLease('tags', 0, leaseOf('a'));
    expect(await store.load('teams')).toMatchObject({ object: 'teams', fence: 0, lease: null });
  });

  test('lets an old fence not mark, commit, release or reset', async () => {
    const store = await create();
    await store.takeLease('tags', 0, leaseOf('a'));
    await store.takeLease('tags', 1, leaseOf('b'));
    const before = await store.load('tags');
    expect(await store.markCommitting('tags', 1, COMMITTING)).toEqual({ ok: false });
    expect(await store.commit('tags', 1, COMMITTED)).toEqual({ ok: false });
    expect(await store.reset('tags', 1)).toEqual({ ok: false });
    expect(await store.takeLease('tags', 1, leaseOf('a'))).toEqual({ ok: false });
    await store.releaseLease('tags', 1);
    expect(await store.load('tags')).toEqual(before);
  });

  test('lets a future fence do nothing either', async () => {
    const store = await create();
    expect(await store.takeLease('tags', 1, leaseOf('a'))).toEqual({ ok: false });
    expect(await store.commit('tags', 7, COMMITTED)).toEqual({ ok: false });
    expect((await store.load('tags')).fence).toBe(0);
  });

  test('marks, commits and clears the mark; the lease stays until it is released', async () => {
    const store = await create();
    await store.takeLease('tags', 0, leaseOf('a'));
    const marked = await store.markCommitting('tags', 1, COMMITTING);
    expect(marked).toEqual({
      ok: true,
      value: {
        object: 'tags',
        fence: 1,
        lease: leaseOf('a'),
        committing: COMMITTING,
        committed: null,
        failures: null,
      },
    });
    const committed = await store.commit('tags', 1, COMMITTED);
    expect(committed).toEqual({
      ok: true,
      value: {
        object: 'tags',
        fence: 1,
        lease: leaseOf('a'),
        committing: null,
        committed: COMMITTED,
        failures: null,
      },
    });
    await store.releaseLease('tags', 1);
    expect(await store.load('tags')).toEqual({
      object: 'tags',
      fence: 1,
      lease: null,
      committing: null,
      committed: COMMITTED,
      failures: null,
    });
  });

  test('keeps mark and commit when the lease changes hands', async () => {
    const store = await create();
    await store.takeLease('tags', 0, leaseOf('a'));
    await store.commit('tags', 1, COMMITTED);
    await store.markCommitting('tags', 1, COMMITTING);
    const taken = await store.takeLease('tags', 1, leaseOf('b'));
    expect(taken).toMatchObject({
      ok: true,
      value: { fence: 2, lease: leaseOf('b'), committing: COMMITTING, committed: COMMITTED },
    });
  });

  test('removes everything but the fence on a reset, and locks out the old fence', async () => {
    const store = await create();
    await store.takeLease('tags', 0, leaseOf('a'));
    await store.commit('tags', 1, COMMITTED);
    await store.markCommitting('tags', 1, COMMITTING);
    expect(await store.reset('tags', 1)).toMatchObject({ ok: true, value: { fence: 2, committed: null } });
    expect(await store.load('tags')).toEqual({
      object: 'tags',
      fence: 2,
      lease: null,
      committing: null,
      committed: null,
      failures: null,
    });
    expect(await store.commit('tags', 1, COMMITTED)).toEqual({ ok: false });
  });

  test('commits without a committed state, which ends the mark and stays empty', async () => {
    const store = await create();
    await store.takeLease('tags', 0, leaseOf('a'));
    await store.markCommitting('tags', 1, COMMITTING);
    expect(await store.commit('tags', 0, null)).toEqual({ ok: false });
    const state = {
      object: 'tags',
      fence: 1,
      lease: leaseOf('a'),
      committing: null,
      committed: null,
      failures: null,
    };
    expect(await store.commit('tags', 1, null)).toEqual({ ok: true, value: state });
    expect(await store.load('tags')).toEqual(state);
  });

  test('can reset an object that does not exist yet, and keeps a null cursor', async () => {
    const store = await create();
    expect(await store.reset('tags', 0)).toMatchObject({ ok: true, value: { fence: 1 } });
    const open: CommittedState = { ...COMMITTED, cursor: null, startFrom: 0 };
    await store.commit('tags', 1, open);
    expect((await store.load('tags')).committed).toEqual(open);
  });

  test('counts consecutive failures, each run once, and removes them at a commit or a reset', async () => {
    const store = await create();
    const count = async (runId: string) => store.countFailure(await store.load('tags'), runId);
    expect(await count('run-a')).toMatchObject({
      ok: true,
      value: { fence: 0, failures: { count: 1, runId: 'run-a' } },
    });
    expect(await count('run-a')).toEqual({ ok: false });
    await store.takeLease('tags', 0, leaseOf('b'));
    expect(await count('run-b')).toMatchObject({
      ok: true,
      value: { fence: 1, lease: leaseOf('b'), failures: { count: 2, runId: 'run-b' } },
    });
    expect(await count('run-a')).toEqual({ ok: false });
    expect((await store.load('teams')).failures).toBeNull();
    await store.markCommitting('tags', 1, COMMITTING);
    await store.releaseLease('tags', 1);
    expect((await store.load('tags')).failures).toEqual({ count: 2, runId: 'run-b' });
    await store.commit('tags', 1, COMMITTED);
    expect((await store.load('tags')).failures).toBeNull();
    expect(await count('run-c')).toMatchObject({ value: { failures: { count: 1, runId: 'run-c' } } });
    await store.reset('tags', 1);
    expect((await store.load('tags')).failures).toBeNull();
  });

  test('counts a run once even if many report it at the same moment', async () => {
    const store = await create();
    const state = await store.load('tags');
    const answers = await Promise.all(Array.from({ length: 10 }, () => store.countFailure(state, 'run-a')));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    expect((await store.load('tags')).failures).toEqual({ count: 1, runId: 'run-a' });
  });

  test('counts nothing for a caller with an old fence, or without the latest commit', async () => {
    const store = await create();
    const empty = await store.load('tags');
    await store.takeLease('tags', 0, leaseOf('a'));
    expect(await store.countFailure(empty, 'run-a')).toEqual({ ok: false });
    const leased = await store.load('tags');
    await store.commit('tags', 1, COMMITTED);
    expect(await store.countFailure(leased, 'run-a')).toEqual({ ok: false });
    const committed = await store.load('tags');
    await store.commit('tags', 1, { ...COMMITTED, runId: 'run-b' });
    expect(await store.countFailure(committed, 'run-c')).toEqual({ ok: false });
    expect((await store.load('tags')).failures).toBeNull();
  });

  test('belongs to the first workspace that claims it', async () => {
    const store = await create();
    const owners = await Promise.all(['w1', 'w2', 'w3'].map((id) => store.claimWorkspace(id)));
    const [owner = ''] = owners;
    expect(new Set(owners).size).toBe(1);
    expect(await store.claimWorkspace('w9')).toBe(owner);
    expect(await store.claimWorkspace(owner)).toBe(owner);
  });

  test('reports its workspace without claiming it, and can be moved to another workspace', async () => {
    const store = await create();
    expect(await store.claimedWorkspace()).toBeNull();
    expect(await store.claimWorkspace('w1')).toBe('w1');
    expect(await store.claimedWorkspace()).toBe('w1');
    await store.moveWorkspace('w2');
    expect(await store.claimedWorkspace()).toBe('w2');
    expect(await store.claimWorkspace('w1')).toBe('w2');
  });

  test('remembers to whom the cursors belong, from a move to another workspace until the end', async () => {
    const store = await create();
    await store.moveWorkspace('w1');
    await store.moveWorkspace('w1');
    expect(await store.replacedWorkspace()).toBeNull();
    for (const id of ['w2', 'w2', 'w3', 'w1']) {
      await store.moveWorkspace(id);
      expect(await store.claimedWorkspace()).toBe(id);
      expect(await store.replacedWorkspace()).toBe('w1');
    }
    await store.endReplacement();
    expect(await store.replacedWorkspace()).toBeNull();
    expect(await store.claimedWorkspace()).toBe('w1');
    await store.moveWorkspace('w2');
    expect(await store.replacedWorkspace()).toBe('w1');
  });
});
