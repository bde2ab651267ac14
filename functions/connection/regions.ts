/** Names of Intercom's regions as /me tells them (docs/intercom-api.md 6.1). */
import type { ResolvedConfig } from '../config/config.ts';

type Region = ResolvedConfig['region'];

/** In lower case. EU workspaces say `Europe`; what Australian ones say is not documented. */
const NAMES: ReadonlyMap<string, Region> = new Map([
  ['us', 'US'],
  ['united states', 'US'],
  ['eu', 'EU'],
  ['europe', 'EU'],
  ['au', 'AU'],
  ['aus', 'AU'],
  ['australia', 'AU'],
]);

/** Null for a name nobody has seen yet: no reason to refuse a connection that works. */
export const regionNamed = (name: string | null): Region | null =>
  NAMES.get(name?.trim().toLowerCase() ?? '') ?? null;
