/** Units of time as types, so that seconds and milliseconds are not mixed up. */

/** Unix time in whole seconds, like every timestamp in Intercom's records. */
export type EpochSeconds = number;

/** Unix time in milliseconds, like our clocks. */
export type EpochMs = number;

export const toSeconds = (ms: EpochMs): EpochSeconds => Math.floor(ms / 1000);

export const HOUR_SECONDS = 3_600;
export const DAY_SECONDS = 86_400;

/** ISO 8601 in UTC, as written to manifests and summaries. */
export const isoTime = (ms: EpochMs): string => new Date(ms).toISOString();
