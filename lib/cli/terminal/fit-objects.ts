/** Which objects a display has room for. Pure. */

/** Lines of a display of objects besides their own: header, tally, what stands below. */
const OTHER_LINES = 5;

const isQuiet = ({ state }: { readonly state: string }): boolean =>
  state === 'waiting' || state === 'committed';

/** `3 committed, 8 waiting` */
function tally(objects: readonly { readonly state: string }[]): string {
  const states = new Map<string, number>();
  for (const { state } of objects) states.set(state, (states.get(state) ?? 0) + 1);
  return [...states].map(([state, number]) => `${number} ${state}`).join(', ');
}

/**
 * All objects where they fit; else those that something happens to, at least one of them.
 * @param lines of the terminal
 * @returns those to show, and lines that count the others
 */
export function fitObjects<T extends { readonly state: string }>(
  objects: readonly T[],
  lines: number,
): { readonly shown: readonly T[]; readonly others: readonly string[] } {
  const room = lines - OTHER_LINES;
  if (objects.length <= room) return { shown: objects, others: [] };
  const shown = objects.filter((one) => !isQuiet(one)).slice(0, Math.max(1, room));
  return { shown, others: [`(${tally(objects.filter((one) => !shown.includes(one)))})`] };
}
