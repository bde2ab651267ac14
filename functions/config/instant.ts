import type { EpochSeconds } from '../core/time.ts';

/** ISO 8601 with optional seconds and a required zone: `2025-01-01T00:00:00Z`, `2025-01-01T00:00+01:00`. */
const ISO_WITH_ZONE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Reads a point in time that names its zone.
 * @returns Unix seconds, rounded down, or the problem in words with what is allowed
 */
export function parseInstant(
  text: string,
): { readonly epochSeconds: EpochSeconds } | { readonly problem: string } {
  const allowed = "write it as '2025-01-31T00:00:00Z' or with an offset, '2025-01-31T00:00:00+01:00'";
  if (!ISO_WITH_ZONE.test(text)) {
    const noZone = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$/.test(text);
    return { problem: `'${text}' ${noZone ? 'has no time zone' : 'is not an ISO 8601 time'}: ${allowed}` };
  }
  const ms = Date.parse(text);
  const dateExists =
    new Date(`${text.slice(0, 10)}T00:00:00Z`).toJSON()?.startsWith(text.slice(0, 10)) === true;
  if (Number.isNaN(ms) || !dateExists) return { problem: `'${text}' is not a valid date: ${allowed}` };
  if (ms < 0) return { problem: `'${text}' is before 1970` };
  return { epochSeconds: Math.floor(ms / 1000) };
}
