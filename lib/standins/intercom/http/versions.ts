/** The `Intercom-Version` header (docs/intercom-api.md 1). */
import type { Switches } from '../switches.ts';
import { ApiError } from './errors.ts';

const PREVIEW = 9999;
const APP_VERSION = 215;
const KNOWN = new Set([
  ...[0, 1, 2, 3, 4].map((minor) => 100 + minor),
  ...Array.from({ length: 18 }, (_, minor) => 200 + minor),
]);

export function versionError(switches: Switches): ApiError {
  const stop = switches.versionMessageStop === 'with' ? '.' : '';
  const message = `Requested resource is not available in current API version${stop}`;
  return new ApiError(400, 'intercom_version_invalid', message);
}

/** 2.15 is 215, so that versions compare as numbers. */
export function parseVersion(header: string | undefined, switches: Switches): number {
  if (header === undefined) return switches.missingVersion === 'app' ? APP_VERSION : 100;
  if (header === 'Preview' || header === 'Unstable') return PREVIEW;
  const found = /^(\d)\.(\d{1,2})$/.exec(header);
  const version = found === null ? undefined : Number(found[1]) * 100 + Number(found[2]);
  if (version !== undefined && KNOWN.has(version)) return version;
  if (switches.garbageVersion === 'ignored') return APP_VERSION;
  throw versionError(switches);
}
