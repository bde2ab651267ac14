/** One reader per paging style. The declaration of an object says which one it uses. */
import type { ObjectDeclaration } from '../../core/declaration.ts';
import type { ObjectReader } from '../../core/reading.ts';
import { addRequests, NO_REQUESTS, type Requests } from '../../core/requests.ts';
import type { IntercomClient, RequestOptions } from '../http/client.ts';
import { createConversationPartsReader } from './conversation-parts.ts';
import { createCursorReader } from './cursor.ts';
import { readDeletedList } from './deleted-list.ts';
import { createDetailsReader } from './details.ts';
import { createListReader } from './list.ts';
import { createMembersReader } from './members.ts';
import { createOwedReader } from './owed-records.ts';
import { createPageNumberReader } from './page-number.ts';
import { createScrollReader } from './scroll.ts';
import { createSearchReader } from './search.ts';
import { createTimeRangeReader } from './time-range.ts';
import { createPace, paced } from './walk/pace.ts';
import type { ReaderDeps } from './walk/requests.ts';

export interface ReaderOptions extends Omit<ReaderDeps, 'pace'> {
  /** The most requests of a slice at once. */
  readonly inFlight: number;
}

/** A client for one reader that counts the requests it sends. */
function counted(client: IntercomClient): {
  readonly client: IntercomClient;
  readonly requests: () => Requests;
} {
  let requests = NO_REQUESTS;
  const count = (limit: number | null): void => {
    requests = addRequests(requests, { sent: 1, limit });
  };
  const counting = (options: RequestOptions): RequestOptions => ({ ...options, count });
  return {
    client: {
      get: (path, query, options) => client.get(path, query, counting(options)),
      post: (path, body, options) => client.post(path, body, counting(options)),
    },
    requests: () => requests,
  };
}

/** The reader of an object. It throws the errors of the client, and ContractError. */
export function createObjectReader(
  declaration: ObjectDeclaration,
  { client: uncounted, clock, signal, inFlight }: ReaderOptions,
): ObjectReader {
  const { client, requests } = counted(uncounted);
  const pace = createPace(inFlight);
  const deps = { client: paced(client, pace), clock, signal, pace };
  const listing = createListingReader(declaration, deps);
  const { deletedList, single } = declaration;
  const owed = single === undefined ? null : createOwedReader(declaration, single, listing, deps);
  return {
    ...listing,
    requests,
    read(slice, position) {
      const { query } = slice;
      if (query.kind === 'deleted' && deletedList !== undefined)
        return readDeletedList(declaration, deletedList, deps, query.since, position);
      if (query.kind === 'ids' && owed !== null) return owed({ ...slice, query }, position);
      return listing.read(slice, position);
    },
  };
}

function createListingReader(declaration: ObjectDeclaration, deps: ReaderDeps): ObjectReader {
  const { read } = declaration;
  switch (read.kind) {
    case 'list':
      return createListReader(declaration, read, deps);
    case 'page_number':
      return createPageNumberReader(declaration, read, deps);
    case 'cursor':
      return createCursorReader(declaration, read, deps);
    case 'search':
      return createSearchReader(declaration, read, deps);
    case 'details':
      return createDetailsReader(declaration, read, deps);
    case 'members':
      return createMembersReader(declaration, read, deps);
    case 'scroll':
      return createScrollReader(declaration, read, deps);
    case 'conversation_parts':
      return createConversationPartsReader(declaration, read, deps);
    case 'time_range':
      return createTimeRangeReader(declaration, read, deps);
    default:
      return read satisfies never;
  }
}
