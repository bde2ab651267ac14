/**
 * Rules for places inside a value, as a tree that we walk alongside the value. It is built once per column, so
 * that treating a value does not involve paths.
 */
import type { Step } from '../core/paths.ts';

/** What to do with a field. An excluded field is not in the row at all. */
export type Treatment = 'replicate' | 'hash' | 'exclude';

/** One statement about a place, as a path from the current node. */
export interface Mark {
  readonly steps: readonly Step[];
  /** A rule is the user's. It wins over every default, even over one deeper inside. */
  readonly by: 'rule' | 'default';
  /** Null: only says that the place is named. */
  readonly treatment: Treatment | null;
  /** If true, hashing includes this place even if it looks like a reference. */
  readonly named: boolean;
}

export interface FieldNode {
  /** Treatment of this place and of everything inside without its own; null: the same as around it. */
  readonly treatment: Treatment | null;
  readonly named: boolean;
  readonly keys: ReadonlyMap<string, FieldNode>;
  /** For keys that are not in `keys`. */
  readonly everyKey: FieldNode | null;
  readonly items: FieldNode | null;
}

/** The marks that continue through a step, one step shorter. */
const through = (marks: readonly Mark[], isWanted: (step: Step) => boolean): readonly Mark[] =>
  marks.flatMap((mark) => {
    const [step, ...steps] = mark.steps;
    return step !== undefined && isWanted(step) ? [{ ...mark, steps }] : [];
  });

/** Of equal marks the first one wins. It is the more exact one: a key comes before `*`. */
function treatmentOf(here: readonly Mark[], underRule: boolean): Treatment | null {
  const said = here.filter(({ treatment }) => treatment !== null);
  const rule = said.find(({ by }) => by === 'rule');
  return (rule ?? (underRule ? undefined : said[0]))?.treatment ?? null;
}

/** @param underRule whether a rule around this place applies to everything inside, so that defaults do not count */
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

/** The node one step further; null if there is none. */
export function childAt(node: FieldNode, step: Step): FieldNode | null {
  if ('key' in step) return node.keys.get(step.key) ?? node.everyKey;
  return step.every === 'key' ? node.everyKey : node.items;
}

/** The treatment that applies at a place inside a column. Nothing inside an excluded place is kept. */
export function treatmentAt(node: FieldNode, steps: readonly Step[]): Treatment {
  let treatment: Treatment = node.treatment ?? 'replicate';
  let current: FieldNode | null = node;
  for (const step of steps) {
    if (treatment === 'exclude') break;
    current = current === null ? null : childAt(current, step);
    treatment = current?.treatment ?? treatment;
  }
  return treatment;
}

const childrenOf = ({ keys, everyKey, items }: FieldNode): readonly FieldNode[] =>
  [...keys.values(), everyKey, items].filter((child) => child !== null);

/** Whether anything is hashed or excluded, here or inside. */
export const acts = (node: FieldNode): boolean =>
  (node.treatment ?? 'replicate') !== 'replicate' || childrenOf(node).some(acts);
