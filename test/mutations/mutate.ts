import type { Mutation } from './list.ts';

/**
 * The source without the protection.
 * @throws Error if a text that is to be replaced does not occur exactly once
 */
export const mutated = (source: string, { rule, edits }: Mutation): string =>
  edits.reduce((text, { from, to }) => {
    const found = text.split(from).length - 1;
    if (found !== 1) throw new Error(`${rule}: ${found} times, not once: ${from}`);
    return text.replace(from, () => to);
  }, source);
