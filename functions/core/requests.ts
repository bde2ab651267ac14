/** How many requests something took. */

/** Requests that were sent to Intercom. */
export interface Requests {
  readonly sent: number;
  /** How many Intercom allows in ten seconds, as its last answer said; null if none did. */
  readonly limit: number | null;
}

export const NO_REQUESTS: Requests = { sent: 0, limit: null };

export const addRequests = (before: Requests, after: Requests): Requests => ({
  sent: before.sent + after.sent,
  limit: after.limit ?? before.limit,
});
