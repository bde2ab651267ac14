/** Files that no manifest lists: left by an attempt that was cut off, or by a removal that was. */
import { ownTables } from '../../core/declared-tables.ts';
import { evidencePrefix, isRewrite, rewriteReceiptKey, tablePrefix } from '../../core/lake-keys.ts';
import { SHARED_TABLES, type TableName } from '../../core/names.ts';
import type { ObjectDependencies } from '../dependencies.ts';
import { requireSoleLease, type SoleLease } from '../lease.ts';
import { filesOf, manifestsOf } from '../manifests.ts';
import { isLongOver } from './tiers.ts';

type LeftOverDependencies = Pick<ObjectDependencies, 'lake' | 'declaration'>;

/** Tables that the object writes to, and how its files in them begin. */
const placesOf = ({ declaration }: Pick<LeftOverDependencies, 'declaration'>) => [
  ...ownTables(declaration).map((table) => ({ table, owner: '' })),
  ...SHARED_TABLES.map((table) => ({ table, owner: `${declaration.name}-` })),
];

export interface LeftOver {
  readonly key: string;
  /** Null for evidence. */
  readonly table: TableName | null;
}

/** Files of the object that no manifest lists. */
export async function* unlisted({ lake, declaration }: LeftOverDependencies): AsyncGenerator<LeftOver> {
  const manifests = await manifestsOf(lake, declaration.name);
  const listed = new Set(manifests.flatMap(({ manifest }) => filesOf(manifest)));
  const ofEvidence = { prefix: evidencePrefix(declaration.name), table: null, owner: '' };
  const places = placesOf({ declaration }).map((place) => ({ ...place, prefix: tablePrefix(place.table) }));
  for (const { prefix, table, owner } of [ofEvidence, ...places]) {
    for await (const key of lake.list(prefix)) {
      const isOurs = key.slice(key.lastIndexOf('/') + 1).startsWith(owner);
      if (isOurs && !listed.has(key)) yield { key, table };
    }
  }
}

/** The run or rewrite that wrote the file; null if its name is none of ours. */
const writerOf = (key: string): string | null =>
  /^(?:tables\/.*\/run_id=|evidence\/[^/]+\/)(\d{8}T\d{9}Z-[^/]+)(?:-[^/]+\.ndjson$|\/)/.exec(key)?.[1] ??
  null;

/**
 * Removes those of past days. Nothing may be under rewrite. Every run of such a day is over, because a later one has
 * committed. What a rewrite was cut off from stays as long as its receipts: it could be taken up again.
 */
export async function sweep(
  dependencies: LeftOverDependencies & Pick<ObjectDependencies, 'state' | 'clock'>,
  lease: SoleLease,
): Promise<void> {
  const { lake, declaration, clock } = dependencies;
  const old: string[] = [];
  for await (const { key } of unlisted(dependencies)) {
    const writer = writerOf(key);
    if (writer === null || !isLongOver(writer, clock.now())) continue;
    const receipt = rewriteReceiptKey(writer, declaration.name, 1);
    if (isRewrite(writer) && (await lake.get(receipt)) !== null) continue;
    old.push(key);
  }
  // Of another attempt's files, none was there when the names were listed.
  await requireSoleLease(dependencies, lease);
  await lake.delete(old);
}
