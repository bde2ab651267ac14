/** What all readers share: their dependencies, how they ask, and the check of the slice they are given. */

import type { ObjectDeclaration } from '../../../core/declaration.ts';
import { ContractError } from '../../../core/errors.ts';
import type { Clock, PermitPriority } from '../../../core/ports.ts';
import type { Slice } from '../../../core/reading.ts';
import type { IntercomClient, RequestOptions } from '../../http/client.ts';
import type { Pace } from './pace.ts';

export interface ReaderDeps {
  readonly client: IntercomClient;
  readonly clock: Clock;
  /** How many requests of a slice are under way at once, whatever they ask for. */
  readonly pace: Pace;
  /** Ends the reading; the signal's reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** Options for a request about the object: its permission, its signal and how urgent it is. */
export type AskOptions = (priority: PermitPriority, more?: Partial<RequestOptions>) => RequestOptions;

export const askOptions =
  ({ permission }: Pick<ObjectDeclaration, 'permission'>, { signal }: ReaderDeps): AskOptions =>
  (priority, more = {}) => ({ priority, permission, signal, ...more });

/** The same, for a version of the API other than the default. */
export const askAt =
  (ask: AskOptions, version: string): AskOptions =>
  (priority, more = {}) =>
    ask(priority, { ...more, version });

/** Fills an id into a template such as `/contacts/{id}/tags`. */
export const pathOf = (template: string, id: string): string =>
  template.replace('{id}', encodeURIComponent(id));

/**
 * For objects without a filter, which are always read whole.
 * @throws ContractError if a slice asks for less
 */
export function onlyWhole({ name }: ObjectDeclaration, { query }: Slice): void {
  if (query.kind === 'all') return;
  throw new ContractError(`${name} can only be read whole, not by ${query.kind}: report it`, {
    code: 'unsupported_query',
  });
}
