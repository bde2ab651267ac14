/** Finds the route and its parameters for a method and a path. */
import type { Route } from './context.ts';

export interface Match {
  readonly route: Route;
  readonly params: readonly string[];
}

export interface Router {
  /** `wrong-method`: the path exists but not with this method. It is answered like a missing path (docs/intercom-api.md 1). */
  find(method: string, path: string): Match | 'wrong-method' | 'unknown';
}

/** Literal paths win over parameters, regardless of their order in the list. */
export function createRouter(routes: readonly Route[]): Router {
  const literal = new Map<string, Route[]>();
  const patterns: { readonly route: Route; readonly pattern: RegExp }[] = [];
  for (const route of routes) {
    if (!route.path.includes(':')) literal.set(route.path, [...(literal.get(route.path) ?? []), route]);
    else patterns.push({ route, pattern: new RegExp(`^${route.path.replaceAll(':id', '([^/]+)')}$`) });
  }
  return {
    find(method, path) {
      const exact = literal.get(path);
      const route = exact?.find((candidate) => candidate.method === method);
      if (route !== undefined) return { route, params: [] };
      let seen = exact !== undefined;
      for (const { route: candidate, pattern } of patterns) {
        const found = pattern.exec(path);
        if (found === null) continue;
        if (candidate.method === method && !seen)
          return { route: candidate, params: found.slice(1).map(decodeURIComponent) };
        seen = true;
      }
      return seen ? 'wrong-method' : 'unknown';
    },
  };
}
