/** The erasures that the bucket knows: who is left out of later reads, and what is still to be done. */
import type { ObjectDeclaration } from '../core/declaration.ts';
import type { Debt } from '../core/engine-files.ts';
import type { ErasureRequest } from '../core/erasure.ts';
import { ContractError } from '../core/errors.ts';
import {
  ERASURES_PREFIX,
  erasedObjectKey,
  erasureLiftedKey,
  erasureNowKey,
  erasureRequestKey,
} from '../core/lake-keys.ts';
import type { ObjectName } from '../core/names.ts';
import type { HashSource, Lake } from '../core/ports.ts';
import { createEraser, type Eraser } from '../rows/eraser.ts';
import { requireStored } from './store.ts';

export interface KnownErasure {
  readonly id: string;
  /** The person may come back. */
  readonly isLifted: boolean;
  /** Replaced files go at once. */
  readonly isNow: boolean;
  /** How far an object has got with it. */
  readonly step: (object: ObjectName) => 'asked' | 'rewritten' | 'removed';
}

/** All erasures that were asked for, oldest first. One list of names. */
export async function knownErasures(lake: Pick<Lake, 'list'>): Promise<readonly KnownErasure[]> {
  const keys = new Set(await Array.fromAsync(lake.list(ERASURES_PREFIX)));
  const ids = new Set([...keys].map((key) => key.slice(ERASURES_PREFIX.length).split('/')[0] ?? ''));
  return [...ids].toSorted().flatMap((id): readonly KnownErasure[] => {
    if (!keys.has(erasureRequestKey(id))) return [];
    return [
      {
        id,
        isLifted: keys.has(erasureLiftedKey(id)),
        isNow: keys.has(erasureNowKey(id)),
        step: (object) =>
          keys.has(erasedObjectKey(id, object, 'removed'))
            ? 'removed'
            : keys.has(erasedObjectKey(id, object, 'rewritten'))
              ? 'rewritten'
              : 'asked',
      },
    ];
  });
}

/** @throws ContractError if it is missing or cannot be read */
export const requestOf = (lake: Pick<Lake, 'get'>, id: string): Promise<ErasureRequest> =>
  requireStored<ErasureRequest>(lake, erasureRequestKey(id));

/**
 * The eraser that keeps erased people out of what is read; null if nobody has to be kept out.
 * @param ids the erasures that the run's plan names
 */
export async function suppressionOf(
  {
    lake,
    declaration,
    hashes,
  }: {
    readonly lake: Pick<Lake, 'get' | 'list'>;
    readonly declaration: ObjectDeclaration;
    readonly hashes: HashSource;
  },
  ids: readonly string[],
): Promise<Eraser | null> {
  if (ids.length === 0) return null;
  const known = (await knownErasures(lake)).filter(({ id, isLifted }) => ids.includes(id) && !isLifted);
  const requests = await Promise.all(known.map(({ id }) => requestOf(lake, id)));
  const people = requests.filter(({ suppress }) => suppress);
  return people.length === 0 ? null : createEraser(declaration, people, await hashes.hashText());
}

/** The debts without the ids of people who were erased. */
export const debtsWithout = ({ isId }: Pick<Eraser, 'isId'>, debts: readonly Debt[]): readonly Debt[] =>
  debts.flatMap((debt) => {
    if (!('ids' in debt.scope)) return [debt];
    const ids = debt.scope.ids.filter((id) => !isId(id));
    return ids.length === 0 ? [] : [{ ...debt, scope: { ids } }];
  });

/**
 * @param known the erasures that the run's plan names
 * @param now those that the bucket knows
 * @throws ContractError if somebody was erased after the run began: what it has read may hold them, so it must not
 *   commit. The next run reads the object again.
 */
export function requireNoErasureSince(
  { declaration }: { readonly declaration: ObjectDeclaration },
  runId: string,
  known: readonly string[],
  now: readonly KnownErasure[],
): void {
  if (now.every(({ id }) => known.includes(id))) return;
  throw new ContractError(
    `A person was erased while run ${runId} was in progress. Nothing of ${declaration.name} was committed. The next run reads it again, without the person.`,
    { code: 'erased_meanwhile' },
  );
}
