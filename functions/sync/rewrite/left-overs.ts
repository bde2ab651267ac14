/** Files that no manifest lists: left by an attempt or a removal that was cut off. */
import { isRewrite, manifestKey, purgedKey, rewriteReceiptKey } from '../../core/lake-keys.ts';
import type { TableName } from '../../core/names.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { requireSoleLease, type SoleLease } from '../lease.ts';
import { filesOf, manifestsOf } from '../manifests.ts';
import { isIn, placesOf, writerOf } from '../places.ts';
import { isLongOver } from './tiers.ts';

type LeftOverDependencies = Pick<ObjectDependencies, 'lake' | 'declaration'>;

interface LeftOver {
  readonly key: string;
  /** Null for evidence. */
  readonly table: TableName | null;
}

/** Files of the object that no manifest lists. */
export async function* unlisted({ lake, declaration }: LeftOverDependencies): AsyncGenerator<LeftOver> {
  const manifests = await manifestsOf(lake, declaration.name);
  const listed = new Set(manifests.flatMap(({ manifest }) => filesOf(manifest)));
  for (const place of placesOf(declaration))
    for await (const key of lake.list(place.prefix))
      if (isIn(key, place) && !listed.has(key)) yield { key, table: place.table };
}

/** Whether the writer is a rewrite that was cut off and can be resumed: its receipts are still there. */
async function isResumable({ lake, declaration }: LeftOverDependencies, writer: string): Promise<boolean> {
  const { name } = declaration;
  if (!isRewrite(writer) || (await lake.get(rewriteReceiptKey(writer, name, 1))) === null) return false;
  const ends = await Promise.all(
    [manifestKey(name, writer), purgedKey(writer, name)].map((key) => lake.get(key)),
  );
  return ends.every((end) => end === null);
}

/**
 * Removes left-overs of past days. No rewrite may be in progress. Every run of such a day is over, because a later one
 * has committed.
 */
export async function sweep(
  dependencies: LeftOverDependencies & Pick<ObjectDependencies, 'state' | 'clock'>,
  lease: SoleLease,
): Promise<void> {
  const { lake, clock } = dependencies;
  const old: string[] = [];
  for await (const { key } of unlisted(dependencies)) {
    const writer = writerOf(key);
    if (writer === null || !isLongOver(writer, clock.now())) continue;
    if (!(await isResumable(dependencies, writer))) old.push(key);
  }
  // An attempt that takes over after this check wrote none of the files that were listed.
  await requireSoleLease(dependencies, lease);
  await lake.delete(old);
}
