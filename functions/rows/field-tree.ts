/**
 * Rules about places inside a value, as a tree that is walked beside it. Made once per column; a value is
 * then treated without looking at any path again.
 */
import type { Step } from '../core/paths.ts';

/** What becomes of a field. Excluded: it is not in the row at all. */
export type Treatment = 'replicate' | 'hash' | 'exclude';

/** One statement about a place, as seen from the node it is given to. */
export interface Mark {
  readonly steps: readonly Step[];
  /** A rule is the user's and wins over every default, also one deeper inside. */
  readonly by: 'rule' | 'default';
  /** Null: says only that the place is named. */
  readonly treatment: Treatment | null;
  /** Hashing takes in the very place, even where it looks like a reference. */
  readonly named: boolean;
}

export interface FieldNode {
  /** For this place and all inside it that says nothing else; null: as around it. */
  readonly treatment: Treatment | null;
  readonly named: boolean;
  readonly keys: ReadonlyMap<string, FieldNode>;
  /** For keys that are not in `keys`. */
  readonly everyKey: FieldNode | null;
  readonly items: FieldNode | null;
}

/** The marks that go on through a step, one step shorter. */
const through = (marks: readonly Mark[], isWanted: (step: Step) => boolean): readonly Mark[] =>
  marks.flatMap((mark) => {
    const [step, ...steps] = mark.steps;
    return step !== undefined && isWanted(step) ? [{ ...mark, steps }] : [];
  });

/** The first of equal right is the more exact one: a key comes before `*`. */
function treatmentOf(here: readonly Mark[], underRule: boolean): Treatment | null {
  const said = here.filter(({ treatment }) => treatment !== null);
  const rule = said.find(({ by }) => by === 'rule');
  return (rule ?? (underRule ? undefined : said[0]))?.treatment ?? null;
}

/** @param underRule whether a rule around the place has spoken for all inside, so that defaults are silent */
export function fieldTree(marks: readonly Mark[], underRule = false): FieldNode {
  const here = marks.filter(({ steps }) => steps.length === 0);
  const ruled = underRule || here.some(({ by, treatment }) => by === 'rule' && treatment !== null);
  const node = (inside: readonly Mark[]): FieldNode | null =>
    inside.length === 0 ? null : fieldTree(inside, ruled);
  const everyKey = through(marks, (step) => 'every' in step && step.every === 'key');
  const names = new Set(
    marks.flatMap(({ steps: [step] }) => (step !== undefined && 'key' in step ? [step.key] : [])),
  );
  const exact = (name: string) => through(marks, (step) => 'key' in step && step.key === name);
  return {
    treatment: treatmentOf(here, underRule),
    named: here.some(({ named }) => named),
    keys: new Map([...names].map((name) => [name, fieldTree([...exact(name), ...everyKey], ruled)])),
    everyKey: node(everyKey),
    items: node(through(marks, (step) => 'every' in step && step.every === 'item')),
  };
}

/** What is said about the place a step further; null: nothing. */
export function childAt(node: FieldNode, step: Step): FieldNode | null {
  if ('key' in step) return node.keys.get(step.key) ?? node.everyKey;
  return step.every === 'key' ? node.everyKey : node.items;
}

const childrenOf = ({ keys, everyKey, items }: FieldNode): readonly FieldNode[] =>
  [...keys.values(), everyKey, items].filter((child) => child !== null);

/** Whether anything at all is hashed or excluded here or inside. */
export const acts = (node: FieldNode): boolean =>
  (node.treatment ?? 'replicate') !== 'replicate' || childrenOf(node).some(acts);
