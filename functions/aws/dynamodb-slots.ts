/**
 * The slots of a pipeline as one DynamoDB item: a set of holders and a set of places in line. An entry has an
 * expiry time. It is only added or removed, never changed, so that each write may arrive late or twice. Every
 * write that takes a slot has the condition that there are fewer holders than slots. The order in line is decided
 * on data that was read, which may be slightly old (docs/decisions/013-slots.md).
 */
import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock, Slot, SlotAnswer, SlotRequest, Slots } from '../core/ports.ts';
import { callAws, isConditionFailure } from './errors.ts';
import {
  decideSlot,
  type Holder,
  holderOf,
  isSameClaim,
  keptFor,
  type Line,
  liveLine,
  type Place,
} from './slots.ts';

const KEY = { pk: { S: 'budget#slots' } };

/** Attempts to take a slot while others take it at the same moment; after that, the answer is to wait. */
const MOST_ROUNDS = 5;

/** The same as for a caller who has just joined the line. */
const CONTENTION_WAIT_SECONDS = 10;

const IS_FREE = '(attribute_not_exists(holders) OR size(holders) < :count)';

/** The SDK may retry a write that had succeeded; the retry then finds its own entry. */
const IS_OURS = 'contains(holders, :one)';

const holderEntry = ({ runId, work, attempt, until }: Holder): string =>
  JSON.stringify([runId, work, attempt, until]);

const placeEntry = ({ runId, work, since, until }: Place): string =>
  JSON.stringify([runId, work, since, until]);

function holderIn(entry: string): Holder {
  const [runId, work, attempt, until] = JSON.parse(entry) as [string, string, string | null, number];
  return { runId, work, attempt, until };
}

function placeIn(entry: string): Place {
  const [runId, work, since, until] = JSON.parse(entry) as [string, string, number, number];
  return { runId, work, since, until };
}

/** Frees all slots. Call it only if you know that no invocation is running. */
export async function freeAllSlots(client: DynamoDBClient, table: string): Promise<void> {
  const UpdateExpression = 'REMOVE holders, places';
  await client.send(new UpdateItemCommand({ TableName: table, Key: KEY, UpdateExpression }));
}

export interface SlotOptions {
  readonly table: string;
  /** Number of slots. */
  readonly count: number;
  readonly clock: Pick<Clock, 'now'>;
  /** In [0, 1). @default Math.random */
  readonly random?: () => number;
}

export function createDynamoDbSlots(client: DynamoDBClient, options: SlotOptions): Slots {
  const { table, count, clock, random = Math.random } = options;

  async function read(): Promise<Line> {
    const command = new GetItemCommand({ TableName: table, Key: KEY, ConsistentRead: true });
    const { Item } = await callAws('read the slots', () => client.send(command));
    return {
      holders: (Item?.holders?.SS ?? []).map(holderIn),
      places: (Item?.places?.SS ?? []).map(placeIn),
    };
  }

  /** Adds a holder if the condition holds, and removes the holder's own `places` in line. */
  async function add(holder: Holder, condition: string, values: object, places: readonly Place[] = []) {
    const command = new UpdateItemCommand({
      TableName: table,
      Key: KEY,
      UpdateExpression: `ADD holders :holder${places.length > 0 ? ' DELETE places :places' : ''}`,
      ConditionExpression: `${IS_OURS} OR ${condition}`,
      ExpressionAttributeValues: {
        ':one': { S: holderEntry(holder) },
        ':holder': { SS: [holderEntry(holder)] },
        ...(places.length > 0 && { ':places': { SS: places.map(placeEntry) } }),
        ...values,
      },
    });
    try {
      await callAws('take a slot', () => client.send(command));
      return true;
    } catch (error) {
      if (isConditionFailure(error)) return false;
      throw error;
    }
  }

  const countIs = { ':count': { N: String(count) } };

  async function change(verb: 'ADD' | 'DELETE', name: keyof Line, entries: readonly string[]): Promise<void> {
    if (entries.length === 0) return;
    const command = new UpdateItemCommand({
      TableName: table,
      Key: KEY,
      UpdateExpression: `${verb} ${name} :entries`,
      ExpressionAttributeValues: { ':entries': { SS: [...entries] } },
    });
    await callAws('update the slots', () => client.send(command));
  }

  /** Removes expired entries, except the caller's own place, which says how long it has waited. */
  async function tidy(line: Line, { claim }: SlotRequest): Promise<void> {
    const live = liveLine(line, clock.now());
    const holders = line.holders.filter((one) => !live.holders.includes(one));
    const places = line.places.filter((one) => !live.places.includes(one) && !isSameClaim(one, claim));
    await change('DELETE', 'holders', holders.map(holderEntry));
    await change('DELETE', 'places', places.map(placeEntry));
  }

  const slotOf = (request: SlotRequest): Slot => {
    const entry = holderEntry(holderOf(request));
    const giveBack = () => change('DELETE', 'holders', [entry]);
    return {
      giveBack,
      async keep() {
        await change('ADD', 'holders', [holderEntry(keptFor(request.claim, clock.now()))]);
        await giveBack();
      },
    };
  };

  async function takeKept(holder: Holder, kept: Holder, places: readonly Place[]): Promise<boolean> {
    const values = { ':kept': { S: holderEntry(kept) } };
    if (!(await add(holder, 'contains(holders, :kept)', values, places))) return false;
    await change('DELETE', 'holders', [holderEntry(kept)]);
    return true;
  }

  return {
    async take(request): Promise<SlotAnswer> {
      const holder = holderOf(request);
      const taken: SlotAnswer = { status: 'taken', slot: slotOf(request) };
      const isLineEmpty = `(attribute_not_exists(places) AND ${IS_FREE})`;
      if (!request.mayBeKept && (await add(holder, isLineEmpty, countIs))) return taken;
      for (let round = 0; round < MOST_ROUNDS; round += 1) {
        const line = await read();
        await tidy(line, request);
        const own = line.places.filter((place) => isSameClaim(place, request.claim));
        const decision = decideSlot(line, request, { count, now: clock.now(), random: random() });
        if (decision.type === 'wait') {
          const { place, waitSeconds } = decision;
          await change('ADD', 'places', [placeEntry(place)]);
          const left = own.map(placeEntry).filter((entry) => entry !== placeEntry(place));
          await change('DELETE', 'places', left);
          return { status: 'wait', waitSeconds };
        }
        const { kept } = decision;
        const isTaken =
          kept === null ? await add(holder, IS_FREE, countIs, own) : await takeKept(holder, kept, own);
        if (isTaken) return taken;
      }
      return { status: 'wait', waitSeconds: CONTENTION_WAIT_SECONDS };
    },
  };
}
