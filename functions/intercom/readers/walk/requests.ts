/** What all requests of one reader have in common. */
import type { ObjectDeclaration } from '../../../core/declaration.ts';
import type { Clock, PermitPriority } from '../../../core/ports.ts';
import type { IntercomClient, RequestOptions } from '../../http/client.ts';

export interface ReaderDeps {
  readonly client: IntercomClient;
  readonly clock: Clock;
  /** Single requests of one slice at once: conversation details, sub-lists. */
  readonly inFlight: number;
  /** Ends the reading; the signal's reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** Options for a request of the object: who is asked to tick which box, and how urgent it is. */
export type AskOptions = (priority: PermitPriority, more?: Partial<RequestOptions>) => RequestOptions;

export const askOptions =
  ({ permission }: Pick<ObjectDeclaration, 'permission'>, { signal }: ReaderDeps): AskOptions =>
  (priority, more = {}) => ({ priority, permission, signal, ...more });

/** `/contacts/{id}/tags` with the id in its place. */
export const pathOf = (template: string, id: string): string =>
  template.replace('{id}', encodeURIComponent(id));
