/**
 * Column names of undeclared fields. Query engines do not distinguish upper and lower case, so `Email`
 * beside `email` would make a line unreadable: the second spelling gets a name of its own.
 */
import type { JsonObject } from '../core/json.ts';

export interface Spellings {
  /** The declared column that differs only in case, whose rules apply too; else the name itself. */
  sameAs(name: string): string;
  /** The column for a field of this record. */
  columnOf(name: string, record: JsonObject): string;
}

/** `Email` becomes `email__1`, `eMaIl` `email__10`: which letters are capitals, as a hexadecimal number. */
function ownName(name: string): string {
  const lower = name.toLowerCase();
  const capitals = [...name].reduce(
    (bits, letter, index) => (letter === letter.toLowerCase() ? bits : bits | (1n << BigInt(index))),
    0n,
  );
  return `${lower}__${capitals.toString(16)}`;
}

/** @param declared names of the table's declared and own columns */
export function createSpellings(declared: ReadonlySet<string>): Spellings {
  const byLower = new Map([...declared].map((name) => [name.toLowerCase(), name]));
  const first = new Map<string, string>();
  return {
    sameAs: (name) => byLower.get(name.toLowerCase()) ?? name,
    columnOf(name, record) {
      const lower = name.toLowerCase();
      if (byLower.has(lower)) return ownName(name);
      if (name === lower) return name;
      const before = first.get(lower) ?? name;
      first.set(lower, before);
      return before !== name || record[lower] !== undefined ? ownName(name) : name;
    },
  };
}
