import { describe, expect, test } from 'vitest';
import { createDynamoDbSlots } from '../../../functions/aws/dynamodb-slots.ts';
import type { Slot, SlotRequest, Slots } from '../../../functions/core/ports.ts';
import { useAwsEndpoints } from '../../support/aws-endpoints.ts';
import { createMemoryClock, type MemoryClock } from '../../support/memory/memory-clock.ts';
import { createMemorySlots } from '../../support/memory/memory-slots.ts';

const endpoints = useAwsEndpoints();

interface SlotBench {
  readonly clock: MemoryClock;
  readonly slots: Slots;
  /** Asks with a new attempt, unless the request names one. */
  ask(runId: string, work: string, more?: Partial<SlotRequest>): ReturnType<Slots['take']>;
  take(...asked: Parameters<SlotBench['ask']>): Promise<Slot>;
}

const LIFE_MS = 16 * 60_000;

async function slotBench(create: (clock: MemoryClock) => Promise<Slots>): Promise<SlotBench> {
  const clock = createMemoryClock();
  const slots = await create(clock);
  let attempts = 0;
  const ask: SlotBench['ask'] = (runId, work, more = {}) => {
    attempts += 1;
    const until = clock.now() + LIFE_MS;
    return slots.take({
      claim: { runId, work },
      attempt: `a${attempts}`,
      until,
      mayBeKept: false,
      ...more,
    });
  };
  return {
    clock,
    slots,
    ask,
    async take(...asked) {
      const answer = await ask(...asked);
      if (answer.status === 'taken') return answer.slot;
      throw new Error(`${asked.join(' ')} got no slot`);
    },
  };
}

describe.each<[string, (clock: MemoryClock) => Promise<Slots>]>([
  ['memory', async (clock) => createMemorySlots({ count: 2, clock, random: () => 0.5 })],
  [
    'DynamoDB',
    async (clock) => {
      const table = await endpoints().newTable();
      return createDynamoDbSlots(endpoints().dynamoDb, { table, count: 2, clock, random: () => 0.5 });
    },
  ],
])('the slots (%s)', (_name, create) => {
  test('are taken by as many callers as there are slots, however many ask at once', async () => {
    const { ask } = await slotBench(create);
    const answers = await Promise.all(Array.from({ length: 12 }, (_unused, one) => ask('a', `${one}`)));
    expect(answers.filter(({ status }) => status === 'taken')).toHaveLength(2);
    const waits = answers.filter((answer) => answer.status === 'wait');
    for (const { waitSeconds } of waits) expect(waitSeconds).toBeGreaterThanOrEqual(10);
  });

  test('are free after they are given back, even if they are given back twice', async () => {
    const { take, ask } = await slotBench(create);
    const slot = await take('a', '1');
    await take('a', '2');
    expect((await ask('a', '3')).status).toBe('wait');
    await slot.giveBack();
    await slot.giveBack();
    await take('a', '3');
    expect((await ask('a', '4')).status).toBe('wait');
    await slot.giveBack();
    expect((await ask('a', '4')).status).toBe('wait');
  });

  test('are free again when the holder is over, given back or not', async () => {
    const { take, ask, clock } = await slotBench(create);
    const [first] = [await take('a', '1'), await take('a', '2')];
    clock.advance(LIFE_MS - 1);
    expect((await ask('a', '3')).status).toBe('wait');
    clock.advance(1);
    await take('a', '3');
    await first.giveBack();
    await take('a', '4');
    expect((await ask('a', '5')).status).toBe('wait');
  });

  test('count once for an attempt that asks twice', async () => {
    const { take, ask, clock } = await slotBench(create);
    const same = { attempt: 'same', until: clock.now() + LIFE_MS };
    await take('a', '1', same);
    await take('a', '1', same);
    await take('a', '2');
    await take('a', '1', same);
    expect((await ask('a', '3')).status).toBe('wait');
  });

  test('are kept for the next invocation of the same work, for a minute', async () => {
    const { take, ask, clock } = await slotBench(create);
    const slot = await take('a', '1', { mayBeKept: true });
    await take('a', '2');
    await slot.keep();
    expect((await ask('a', '3')).status).toBe('wait');
    const next = await take('a', '1', { mayBeKept: true });
    await next.keep();
    clock.advance(59_000);
    expect((await ask('b', '1')).status).toBe('wait');
    clock.advance(1_000);
    await take('b', '1');
    expect((await ask('a', '1', { mayBeKept: true })).status).toBe('wait');
  });

  test('go to a waiting run before the run that holds them, and not to a caller that does not come back', async () => {
    const { take, ask, clock } = await slotBench(create);
    const held = [await take('a', '1'), await take('a', '2')];
    expect((await ask('b', '1')).status).toBe('wait');
    await held[0]?.giveBack();
    expect((await ask('a', '3')).status).toBe('wait');
    await take('b', '1');
    await held[1]?.giveBack();
    await take('a', '4');
    expect((await ask('c', '1')).status).toBe('wait');
    expect((await ask('c', '2')).status).toBe('wait');
    clock.advance(LIFE_MS);
    await take('a', '5');
    await take('a', '6');
  });
});

test('the SDK may repeat the taking of a slot, even if others are waiting by then', async () => {
  const table = await endpoints().newTable();
  const clock = createMemoryClock();
  const stuck = createDynamoDbSlots(endpoints().dynamoDb, { table, count: 1, clock });
  const request = {
    claim: { runId: 'a', work: '1' },
    attempt: 'x',
    until: clock.now() + LIFE_MS,
    mayBeKept: false,
  };
  const other = { ...request, claim: { runId: 'b', work: '1' }, attempt: 'y' };
  expect((await stuck.take(request)).status).toBe('taken');
  expect((await stuck.take(other)).status).toBe('wait');
  // The SDK repeats a write that had arrived, and meanwhile another caller has come.
  expect((await stuck.take(request)).status).toBe('taken');
  expect((await stuck.take(other)).status).toBe('wait');
});
