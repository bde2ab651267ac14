/** Objects without a filter are read whole. */
import type { ObjectDeclaration } from '../../../core/declaration.ts';
import { ContractError } from '../../../core/errors.ts';
import type { Slice } from '../../../core/reading.ts';

/** @throws ContractError where a slice asks for less than the whole of such an object */
export function onlyWhole({ name }: ObjectDeclaration, { query }: Slice): void {
  if (query.kind === 'all') return;
  throw new ContractError(`${name} can only be read whole, not by ${query.kind}: report it`, {
    code: 'unsupported_query',
  });
}
