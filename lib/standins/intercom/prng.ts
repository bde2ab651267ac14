/** Deterministic randomness: a value depends only on the seed and the labels, never on the order of calls. */

/** Mixes two 32-bit numbers into one (murmur3 finaliser). */
export function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x165667b1, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A 32-bit number for a label. */
function labelHash(label: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < label.length; i++) h = Math.imul(h ^ label.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [0, below). */
  int(below: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
}

export function pick<T>(items: readonly T[], hash: number): T {
  const item = items[hash % items.length];
  if (item === undefined) throw new Error('cannot pick from an empty list');
  return item;
}

/** A stream of numbers for one seed, one label and one row. */
export function createRandom(seed: number, label: string, row = 0): Random {
  let state = mix(mix(seed, labelHash(label)), row);
  const bits = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    next: () => bits() / 4294967296,
    int: (below) => (below <= 0 ? 0 : bits() % below),
    chance: (probability) => bits() / 4294967296 < probability,
    pick: (items) => pick(items, bits()),
  };
}

/** A uuid of version 4 shape, from two hashes. */
export function uuid(seed: number, row: number): string {
  const hex = [0, 1, 2, 3].map((i) => mix(mix(seed, i), row).toString(16).padStart(8, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
