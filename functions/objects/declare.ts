import type { ObjectDeclaration } from '../core/declaration.ts';

type Optional = 'omit' | 'children';

/** Declares an object. Most have nothing to omit and no child tables. */
export const object = (
  declared: Omit<ObjectDeclaration, Optional> & Partial<Pick<ObjectDeclaration, Optional>>,
): ObjectDeclaration => ({ omit: [], children: [], ...declared });
