/** Under which rules rows are written, and whether all current rows were written under the same ones. */
import { createHash } from 'node:crypto';
import { tablesOf } from '../../core/declared-tables.ts';
import type { Plan, WrittenBy } from '../../core/engine-files.ts';
import { listFields } from '../../rows/field-listing.ts';
import { needsHash } from '../../rows/field-rules.ts';
import type { Treatment } from '../../rows/field-tree.ts';
import type { ObjectDependencies } from '../dependencies.ts';

/** The hash of this text differs from key to key, and reveals nothing about the key. */
const KEY_MARK = 'which key is this';

type Rules = Pick<ObjectDependencies, 'declaration' | 'config' | 'hashes'>;

async function rulesNow({ declaration, config, hashes }: Rules): Promise<Omit<WrittenBy, 'mixed'>> {
  // The declaration that a run works with has no excluded tables.
  const tables = tablesOf(declaration);
  const listed = listFields(tables, config, []);
  const places = (treatment: Treatment): readonly string[] =>
    listed.filter(({ rule }) => rule === treatment).map(({ table, path }) => `${table}.${path}`);
  const hashing = {
    hashed: places('hash'),
    undeclared: config.sensitiveFields,
    key: needsHash(declaration, config) ? (await hashes.hashText())(KEY_MARK) : null,
  };
  return {
    tables: tables.map(({ name }) => name),
    excluded: places('exclude'),
    hashing: createHash('sha256').update(JSON.stringify(hashing)).digest('hex').slice(0, 16),
  };
}

const lacks = (before: readonly string[], now: readonly string[]): boolean =>
  now.some((one) => !before.includes(one));

/** What is newly excluded no longer shows, even in old rows. What is newly included is missing from old rows. */
const differ = (before: WrittenBy, now: Omit<WrittenBy, 'mixed'>): boolean =>
  lacks(before.tables, now.tables) || lacks(now.excluded, before.excluded) || before.hashing !== now.hashing;

/** True if the run reads every record again, whatever was read before. */
const readsAll = ({ mode, cursorBefore }: Pick<Plan, 'mode' | 'cursorBefore'>): boolean =>
  mode === 'full_refresh' || (mode === 'incremental' && cursorBefore === null);

/**
 * Files never change. After the rules change, rows of earlier runs stay as the old rules wrote them until a run
 * reads everything again: a child table that is included again is empty, a newly hashed value is not hashed.
 */
export async function writtenBy(dependencies: Rules, plan: Plan): Promise<WrittenBy> {
  const now = await rulesNow(dependencies);
  const before = plan.writtenBy ?? null;
  const isMixed = before !== null && (before.mixed || differ(before, now));
  return { ...now, mixed: isMixed && !readsAll(plan) };
}
