/** Events on the account's default bus. */
import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { RetryableError } from '../core/errors.ts';
import type { Events } from '../core/ports.ts';
import { EVENT_DETAIL_TYPE, EVENT_SOURCE } from '../core/sync-event.ts';
import { callAws } from './errors.ts';

export function createEventBridgeEvents(client: EventBridgeClient): Events {
  return {
    async syncCompleted(event) {
      const entry = { Source: EVENT_SOURCE, DetailType: EVENT_DETAIL_TYPE, Detail: JSON.stringify(event) };
      const command = new PutEventsCommand({ Entries: [entry] });
      const { FailedEntryCount = 0, Entries } = await callAws('send the event of the run', () =>
        client.send(command),
      );
      // EventBridge answers 200 even if it refuses an entry.
      if (FailedEntryCount === 0) return;
      const { ErrorCode, ErrorMessage } = Entries?.[0] ?? {};
      throw new RetryableError(`EventBridge did not accept the event: ${ErrorCode} (${ErrorMessage}).`, {
        code: 'event_refused',
      });
    },
  };
}
