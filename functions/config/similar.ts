/** Guesses what a mistyped name means. */

/** Number of letters to insert, delete or replace to turn one word into the other (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (const [at, wanted] of [...other].entries()) {
      const replaced = (row[at] ?? 0) + (letter === wanted ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}

/** The most similar word, if at most a third of the letters differ. */
export function similarTo(word: string, known: readonly string[]): string | null {
  const [nearest] = known
    .map((one) => ({ one, far: distance(word, one) }))
    .filter(({ far }) => far <= Math.ceil(word.length / 3))
    .sort((a, b) => a.far - b.far);
  return nearest?.one ?? null;
}

/** What may be meant instead of unknown names: the most similar names, or all configured ones if one resembles none. */
export function meantInstead(unknown: readonly unknown[], configured: readonly string[]): string {
  const similar = unknown.map((name) => similarTo(String(name), configured));
  return similar.length === 0 || similar.includes(null)
    ? `configured are ${configured.join(', ')}`
    : `you may mean ${similar.join(', ')}`;
}
