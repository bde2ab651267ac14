/**
 * An ordered set of numbers with ranks: insert, remove, count below and walk from anywhere in O(log n + block).
 * A key packs a sort value (seconds) and a row, so ties are broken by row, which is the order of the ids.
 */

const ROWS = 2 ** 21;
const BLOCK = 1024;

/** 2^21 rows and 2^32 seconds fit exactly into the 53 bits of a number. */
export const MAX_ROWS = ROWS;
export const packKey = (value: number, row: number): number => value * ROWS + row;
export const keyValue = (key: number): number => Math.floor(key / ROWS);
export const keyRow = (key: number): number => key - keyValue(key) * ROWS;

export interface SortedKeys {
  readonly size: number;
  insert(key: number): void;
  remove(key: number): void;
  /** How many keys are below `key`. */
  rank(key: number): number;
  /** Keys at or above `key`, ascending. */
  from(key: number): Generator<number>;
  /** Keys below `key`, descending. */
  below(key: number): Generator<number>;
}

interface Block {
  readonly keys: Float64Array;
  length: number;
}

/** First position in the block whose key is at or above `key`. */
function lowerBound(block: Block, key: number): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((block.keys[middle] ?? 0) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function fill(sorted: Float64Array): Block[] {
  const blocks: Block[] = [];
  const half = BLOCK / 2;
  for (let start = 0; start < sorted.length; start += half) {
    const slice = sorted.subarray(start, start + half);
    const keys = new Float64Array(BLOCK);
    keys.set(slice);
    blocks.push({ keys, length: slice.length });
  }
  return blocks.length > 0 ? blocks : [{ keys: new Float64Array(BLOCK), length: 0 }];
}

/** Takes the keys in any order. */
export function createSortedKeys(initial: Float64Array): SortedKeys {
  const blocks = fill(initial.slice().sort());
  let size = initial.length;

  /** The last block whose first key is at or below `key` (at least the first block). */
  const blockOf = (key: number): number => {
    let low = 0;
    let high = blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((blocks[middle]?.keys[0] ?? 0) <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const at = (index: number): Block => {
    const block = blocks[index];
    if (block === undefined) throw new Error(`no block ${index} of ${blocks.length}`);
    return block;
  };
  const split = (index: number): void => {
    const block = at(index);
    const half = BLOCK / 2;
    const keys = new Float64Array(BLOCK);
    keys.set(block.keys.subarray(half, block.length));
    blocks.splice(index + 1, 0, { keys, length: block.length - half });
    block.length = half;
  };

  return {
    get size() {
      return size;
    },
    insert(key) {
      let index = blockOf(key);
      if (at(index).length === BLOCK) {
        split(index);
        index = blockOf(key);
      }
      const block = at(index);
      const position = lowerBound(block, key);
      if (position < block.length && block.keys[position] === key) return;
      block.keys.copyWithin(position + 1, position, block.length);
      block.keys[position] = key;
      block.length += 1;
      size += 1;
    },
    remove(key) {
      const index = blockOf(key);
      const block = at(index);
      const position = lowerBound(block, key);
      if (position >= block.length || block.keys[position] !== key) return;
      block.keys.copyWithin(position, position + 1, block.length);
      block.length -= 1;
      size -= 1;
      if (block.length === 0 && blocks.length > 1) blocks.splice(index, 1);
    },
    rank(key) {
      const index = blockOf(key);
      let before = 0;
      for (let i = 0; i < index; i++) before += at(i).length;
      return before + lowerBound(at(index), key);
    },
    *from(key) {
      const first = blockOf(key);
      for (let i = first; i < blocks.length; i++) {
        const block = at(i);
        for (let j = i === first ? lowerBound(block, key) : 0; j < block.length; j++)
          yield block.keys[j] ?? 0;
      }
    },
    *below(key) {
      const first = blockOf(key);
      for (let i = first; i >= 0; i--) {
        const block = at(i);
        for (let j = (i === first ? lowerBound(block, key) : block.length) - 1; j >= 0; j--) {
          yield block.keys[j] ?? 0;
        }
      }
    },
  };
}
