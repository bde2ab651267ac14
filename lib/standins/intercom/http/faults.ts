/** Scripted faults: decides which requests fail, and how. */

import { isObject } from '../json.ts';
import type { Fault } from '../types.ts';

export interface FaultSubject {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

export interface Faults {
  add(fault: Fault): () => void;
  /** The fault that hits this request, if any. It counts as used. */
  meet(subject: FaultSubject): Fault['respond'] | undefined;
}

function perPageOf({ query, body }: FaultSubject): number {
  const asked = query.get('per_page');
  if (asked !== null) return Number(asked);
  try {
    const parsed: unknown = JSON.parse(body);
    const pagination = isObject(parsed) && isObject(parsed.pagination) ? parsed.pagination : {};
    return Number(pagination.per_page ?? 0);
  } catch {
    return 0;
  }
}

function isMatch({ match }: Fault, subject: FaultSubject): boolean {
  const { method, path, perPageAbove, bodyIncludes } = match;
  const query = subject.query.toString();
  const whole = query === '' ? subject.path : `${subject.path}?${query}`;
  if (method !== undefined && method !== subject.method) return false;
  if (typeof path === 'string' ? path !== subject.path : !path.test(whole)) return false;
  if (bodyIncludes !== undefined && !subject.body.includes(bodyIncludes)) return false;
  return perPageAbove === undefined || perPageOf(subject) > perPageAbove;
}

export function createFaults(initial: readonly Fault[]): Faults {
  interface Armed {
    readonly fault: Fault;
    seen: number;
    used: number;
  }
  const armed: Armed[] = [];
  const add = (fault: Fault): (() => void) => {
    const entry: Armed = { fault, seen: 0, used: 0 };
    armed.push(entry);
    return () => {
      const index = armed.indexOf(entry);
      if (index >= 0) armed.splice(index, 1);
    };
  };
  for (const fault of initial) add(fault);
  return {
    add,
    meet(subject) {
      for (const entry of armed) {
        const { fault } = entry;
        if (!isMatch(fault, subject)) continue;
        entry.seen += 1;
        if (entry.seen <= (fault.after ?? 0) || entry.used >= (fault.times ?? Number.POSITIVE_INFINITY))
          continue;
        entry.used += 1;
        return fault.respond;
      }
      return undefined;
    },
  };
}
