/** One cheap request that shows whether the token may read an object. */
import type { ObjectDeclaration, ReadSpec } from '../core/declaration.ts';
import { PermissionError, UnavailableError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { type EpochMs, toSeconds } from '../core/time.ts';
import type { IntercomClient, Query, RequestOptions } from './http/client.ts';
import { isSwitchedOff } from './http/failures.ts';
import { CURIOUS } from './http/retry.ts';
import { errorOf } from './optional-lists.ts';
import { EVERY_RECORD, searchBody, searchFilter } from './readers/walk/search-query.ts';

export type Access =
  | { readonly status: 'granted' }
  /** You have to tick a permission; the message names it. */
  | { readonly status: 'missing'; readonly message: string }
  /** Not in this workspace or its plan; no permission would change that. */
  | { readonly status: 'unavailable'; readonly message: string };

type Question =
  | { readonly method: 'GET'; readonly path: string; readonly query: Query }
  | { readonly method: 'POST'; readonly path: string; readonly body: JsonObject };

const HOUR_SECONDS = 3_600;

const search = (path: string): Question => ({
  method: 'POST',
  path,
  body: searchBody(searchFilter(EVERY_RECORD), 1, null),
});

/**
 * The smallest request that the object's endpoint answers. Companies are counted instead of read, because
 * a workspace has only one scroll.
 */
function questionOf(read: ReadSpec, now: EpochMs): Question {
  const get = (path: string, query: Query): Question => ({ method: 'GET', path, query });
  switch (read.kind) {
    case 'list': {
      const [first] = read.requests;
      if (first === undefined) throw new Error('An unpaged object has at least one request.');
      return get(first.path, first.query ?? {});
    }
    case 'page_number':
    case 'cursor':
      return get(read.path, { per_page: 1 });
    case 'scroll':
      return get(read.countPath, { per_page: 1 });
    case 'search':
      return search(read.path);
    case 'details':
      return get(read.list.path, { per_page: 1 });
    case 'members':
      return get(read.path, {});
    case 'conversation_parts':
      return search(read.search.path);
    case 'time_range': {
      const to = toSeconds(now);
      return get(read.path, {
        [read.afterParameter]: to - HOUR_SECONDS,
        [read.beforeParameter]: to,
        per_page: 1,
      });
    }
    default:
      return read satisfies never;
  }
}

/**
 * Asks for as little of an object as possible.
 * @throws ConnectionError if the token is dead; RetryableError or ContractError if there is no usable answer
 */
export async function probeAccess(
  client: IntercomClient,
  { name, read, permission }: Pick<ObjectDeclaration, 'name' | 'read' | 'permission'>,
  { now, signal }: { readonly now: EpochMs; readonly signal: AbortSignal },
): Promise<Access> {
  const question = questionOf(read, now);
  const { path } = question;
  const options: RequestOptions = {
    priority: 'urgent',
    permission,
    patience: CURIOUS,
    signal,
    // A 404 from a search is a failure; a 404 from a list means the feature is switched off.
    expect: question.method === 'GET' ? isSwitchedOff : undefined,
  };
  try {
    const answer =
      question.method === 'GET'
        ? await client.get(path, question.query, options)
        : await client.post(path, question.body, options);
    if (answer.failure === null) return { status: 'granted' };
    return { status: 'unavailable', message: `this workspace does not have ${path}` };
  } catch (caught) {
    const error = errorOf(name, caught);
    if (error instanceof PermissionError) return { status: 'missing', message: error.message };
    if (error instanceof UnavailableError) return { status: 'unavailable', message: error.message };
    throw error;
  }
}
