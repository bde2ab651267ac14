/** Applies the field rules to a value. Pure; the caller provides the hash. */

import { isJsonObject, type JsonValue, stringifyJson } from '../core/json.ts';
import type { HashText } from '../core/ports.ts';
import type { FieldNode, Treatment } from './field-tree.ts';

/** Fields with the customer's own content: a key inside that looks like a reference need not be one. */
const OWN_ATTRIBUTES: readonly string[] = ['custom_attributes', 'ticket_attributes'];

/**
 * The customer's own id of a person or a message: personal, although it ends like a reference. `user_id` is
 * Intercom's older name for a contact's `external_id`; next to it, Intercom's own id is `intercom_user_id`.
 */
const OWN_ID = /^user_id$|(?:^|_)external_/;

/** Kept when everything around it is hashed, so that rows still join and items stay distinguishable. */
const isReference = (key: string): boolean =>
  key === 'type' || key === 'id' || (key.endsWith('_id') && !OWN_ID.test(key));

/** The text to hash for a leaf: a string itself, anything else as JSON, integers with all digits. */
const textOf = (leaf: JsonValue): string =>
  typeof leaf === 'string' ? leaf.toWellFormed() : stringifyJson(leaf);

interface Place {
  /** Null for the item of an array. */
  readonly key: string | null;
  readonly node: FieldNode | null;
  /** The treatment that applies around the place. */
  readonly around: Treatment;
  /** True inside the customer's own attributes. */
  readonly isOwn: boolean;
}

/** @returns undefined if the value is excluded */
export function treatValue(value: JsonValue, place: Place, hash: HashText): JsonValue | undefined {
  const { key, node } = place;
  const treatment = node?.treatment ?? place.around;
  if (treatment === 'exclude') return undefined;
  if (value === null || (node === null && treatment === 'replicate')) return value;
  const isOwn = place.isOwn || (key !== null && OWN_ATTRIBUTES.includes(key));
  const inside = { around: treatment, isOwn };
  if (Array.isArray(value)) {
    const items = value.map((item: JsonValue) =>
      treatValue(item, { ...inside, key: null, node: node?.items ?? null }, hash),
    );
    return items.filter((item) => item !== undefined);
  }
  if (isJsonObject(value)) {
    const entries = Object.entries(value).flatMap(([name, inner]) => {
      const next = { ...inside, key: name, node: node?.keys.get(name) ?? node?.everyKey ?? null };
      const treated = inner === undefined ? undefined : treatValue(inner, next, hash);
      return treated === undefined ? [] : [[name, treated] as const];
    });
    return Object.fromEntries(entries);
  }
  if (treatment === 'replicate') return value;
  const isKept = key !== null && isReference(key) && !isOwn && node?.named !== true;
  return isKept ? value : hash(textOf(value));
}
