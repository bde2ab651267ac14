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
      // A refused entry is an answer of 200.
      if (FailedEntryCount === 0) return;
      const { ErrorCode, ErrorMessage } = Entries?.[0] ?? {};
      throw new RetryableError(`EventBridge did not take the event: ${ErrorCode} (${ErrorMessage}).`, {
        code: 'event_refused',
      });
    },
  };
}
