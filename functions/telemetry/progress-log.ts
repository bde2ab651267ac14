/** Progress as log lines: at most one heartbeat per object every half minute, so that silence means trouble. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { Clock, ObserveProgress, ProgressEvent } from '../core/ports.ts';
import type { EpochMs } from '../core/time.ts';

const HEARTBEAT_MS = 30_000;

interface Tally {
  rows: number;
  read: number;
  requests: number;
  limited: number;
  loggedAt: EpochMs;
}

/** Logs only counts and names: no value of a record ever reaches a log. */
export function createProgressLog(serviceName: string, clock: Clock): ObserveProgress {
  const logger = new Logger({ serviceName });
  const tally: Tally = { rows: 0, read: 0, requests: 0, limited: 0, loggedAt: clock.now() };

  function count(event: ProgressEvent): void {
    if (event.type === 'rows') {
      tally.rows += event.rows;
      tally.read += event.read;
    } else if (event.type === 'request') {
      tally.requests += 1;
      tally.limited += event.status === 429 ? 1 : 0;
    }
  }

  return (event) => {
    count(event);
    if (event.type === 'old_debts' || event.type === 'share_not_returned') {
      logger.warn(event.type, { ...event });
      return;
    }
    if (event.type !== 'rows' && event.type !== 'request') {
      logger.info(event.type, { ...event });
      return;
    }
    if (clock.now() - tally.loggedAt < HEARTBEAT_MS) return;
    tally.loggedAt = clock.now();
    const { loggedAt: _loggedAt, ...counts } = tally;
    logger.info('progress', { object: event.object, ...counts });
  };
}
