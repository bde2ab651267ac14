/** What differs on one machine, in the process and in the threads of its functions. */
import type { Clock } from '../../../functions/core/ports.ts';
import { SYSTEM_CLOCK } from '../../../functions/system-clock.ts';

/** What to do about a token that Intercom no longer accepts. */
export const RECONNECT = 'set INTERCOM_ACCESS_TOKEN to a valid token of your app';

/** The machine's clock, some milliseconds ahead: days of the demo pass at once. */
export const clockAhead = (aheadMs: number): Clock => ({
  ...SYSTEM_CLOCK,
  now: () => SYSTEM_CLOCK.now() + aheadMs,
});
