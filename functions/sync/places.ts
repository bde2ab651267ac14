/** Where an object puts the files that its manifests list, and how they are named. */
import type { ObjectDeclaration } from '../core/declaration.ts';
import { ownTables } from '../core/declared-tables.ts';
import { evidencePrefix, tablePrefix } from '../core/lake-keys.ts';
import { SHARED_TABLES, type TableName } from '../core/names.ts';

interface Place {
  readonly prefix: string;
  /** Null for evidence. */
  readonly table: TableName | null;
  /** How the names of its files begin. */
  readonly owner: string;
}

export const placesOf = (declaration: ObjectDeclaration): readonly Place[] => [
  { prefix: evidencePrefix(declaration.name), table: null, owner: '' },
  ...ownTables(declaration).map((table) => ({ prefix: tablePrefix(table), table, owner: '' })),
  ...SHARED_TABLES.map((table) => ({ prefix: tablePrefix(table), table, owner: `${declaration.name}-` })),
];

/** Whether the object put the file there. */
export const isIn = (key: string, { prefix, owner }: Place): boolean =>
  key.startsWith(prefix) && key.slice(key.lastIndexOf('/') + 1).startsWith(owner);

/** The run or rewrite that wrote the file; null if the name is not one of ours. */
export const writerOf = (key: string): string | null =>
  /^(?:tables\/.*\/run_id=|evidence\/[^/]+\/)(\d{8}T\d{9}Z-[^/]+)(?:-[^/]+\.ndjson$|\/)/.exec(key)?.[1] ??
  null;
