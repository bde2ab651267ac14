/** The boxes to tick for the app in Intercom's Developer Hub. Pure. */
import type { Permission } from '../../../functions/core/declaration.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';

/** For objects that need no permission of their own, but have their full content only with these. */
const FOR_FULL_CONTENT: readonly Permission[] = ['Read and list users and companies', 'Read conversations'];

export function boxesOf(object: ObjectName): readonly Permission[] {
  const { permission } = OBJECTS[object];
  return permission === null ? FOR_FULL_CONTENT : [permission];
}

/** Each box that is needed, with the objects it is for. */
export function boxesFor(objects: readonly ObjectName[]): ReadonlyMap<Permission, readonly ObjectName[]> {
  const boxes = new Map<Permission, readonly ObjectName[]>();
  for (const object of objects) {
    for (const box of boxesOf(object)) boxes.set(box, [...(boxes.get(box) ?? []), object]);
  }
  return boxes;
}
