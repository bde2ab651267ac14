/** Syncs with troubles, each followed by one without. */
import { SIZES, type WorkspaceSizes } from '../../../lib/standins/intercom/index.ts';
import type { Random } from '../../model/random.ts';
import { differences, type GoneRecords } from './expectation.ts';
import type { LakeView } from './lake-reader.ts';
import { childrenOf, type Table } from './tables.ts';
import { HOUR } from './test-clock.ts';
import { startTroubledBench, type TroubleKind } from './troubles.ts';

/** A few pages of everything that has pages. */
const FEW: WorkspaceSizes = {
  ...SIZES.tiny,
  contacts: 170,
  sharedSecond: 40,
  companies: 25,
  conversations: 20,
  partsOfLongConversation: 20,
  tickets: 12,
};

const LIMITS = { sliceRecords: 60, sliceParents: 8, partBytes: 4_000, checkpointMs: 0 };

const withChildren = (objects: readonly Table[]): readonly Table[] =>
  objects.flatMap((object) => [object, ...childrenOf(object)]);

const NOTHING_GONE: GoneRecords = {};

/** Objects whose last manifest says that they are complete. */
const complete = (objects: readonly Table[], lake: LakeView): readonly Table[] =>
  objects.filter((object) => lake.manifests(object).at(-1)?.completeness.status === 'complete');

/**
 * @param objects those that are synced
 * @param rounds the troubles of each disturbed sync
 * @returns how often each kind struck
 * @throws Error that names the troubles after which the lake was not what Intercom holds
 */
export async function liveThroughTroubles(
  objects: readonly Table[],
  rounds: readonly (readonly TroubleKind[])[],
  random: Random,
): Promise<ReadonlyMap<TroubleKind, number>> {
  const struck = new Map<TroubleKind, number>();
  const troubled = await startTroubledBench({
    clock: { speed: 400 },
    simulator: { sizes: FEW },
    sync: { limits: LIMITS },
  });
  const { bench, session } = troubled;
  const { simulator, clock } = bench;
  try {
    for (const [round, kinds] of rounds.entries()) {
      const insist = (condition: boolean, problem: string): void => {
        if (!condition) throw new Error(`round ${round} (${kinds.join(', ')}): ${problem}`);
      };
      const ends = kinds.map((kind) => [kind, troubled.begin(kind, random)] as const);
      const disturbed = await session.run({ objects, mode: 'full_refresh' });
      for (const [kind, end] of ends) struck.set(kind, (struck.get(kind) ?? 0) + end());
      const ended =
        disturbed.status === 'finished' ? disturbed.runs.map(({ status }) => status) : [disturbed.status];
      const lake = await bench.lake();
      const untrue = differences(simulator, lake, NOTHING_GONE, withChildren(complete(objects, lake)));
      insist(untrue.length === 0, `complete (${ended.join()}), and yet ${untrue.join('; ')}`);
      clock.advance(HOUR);
      const calm = await session.run({ objects });
      await troubled.settled();
      const isWell = calm.status === 'finished' && calm.runs.every(({ status }) => status === 'succeeded');
      insist(isWell, `the next run ended as ${JSON.stringify(calm)}`);
      const wrong = differences(simulator, await bench.lake(), NOTHING_GONE, withChildren(objects));
      insist(wrong.length === 0, wrong.join('; '));
      clock.advance(HOUR);
      simulator.workspace.contacts.create({ name: `round ${round}` });
    }
    return struck;
  } finally {
    await troubled.close();
  }
}
