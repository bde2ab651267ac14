/** Names of Intercom's regions, as /me has them (docs/intercom-api.md 6.1). */
import type { ResolvedConfig } from '../config/config.ts';

type Region = ResolvedConfig['region'];

/** In lower case. EU workspaces have `Europe`; the name of Australian ones is not documented. */
const NAMES: ReadonlyMap<string, Region> = new Map([
  ['us', 'US'],
  ['united states', 'US'],
  ['eu', 'EU'],
  ['europe', 'EU'],
  ['au', 'AU'],
  ['aus', 'AU'],
  ['australia', 'AU'],
]);

/** Null for an unknown name, which is no reason to refuse a working connection. */
export const regionNamed = (name: string | null): Region | null =>
  NAMES.get(name?.trim().toLowerCase() ?? '') ?? null;
