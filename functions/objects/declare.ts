import type { ObjectDeclaration } from '../core/declaration.ts';

type Optional = 'omit' | 'embeddedLists' | 'children';

/** Declares an object. Most have nothing to omit, no embedded lists and no child tables. */
export const object = (
  declared: Omit<ObjectDeclaration, Optional> & Partial<Pick<ObjectDeclaration, Optional>>,
): ObjectDeclaration => ({ omit: [], embeddedLists: [], children: [], ...declared });
