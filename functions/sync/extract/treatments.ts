/** The field rules of an object, with the hash key if they need it. */

import type { HashText } from '../../core/ports.ts';
import { createTreatments, needsHash, type Treatments } from '../../rows/field-rules.ts';
import type { ObjectDependencies } from '../dependencies.ts';

const NO_HASH: HashText = () => {
  throw new Error('A value should be hashed, but no field rule hashes.');
};

/** Reads the key only if a rule hashes. */
export async function treatmentsOf({
  declaration,
  config,
  hashes,
}: Pick<ObjectDependencies, 'declaration' | 'config' | 'hashes'>): Promise<Treatments> {
  const hash = needsHash(declaration, config) ? await hashes.hashText() : NO_HASH;
  return createTreatments(declaration, config, hash);
}
