/** The truth about calls. A new call can move its conversation. */
import type { ConversationTruth, PlainTruth } from '../workspace-types.ts';
import type { World } from '../world/world.ts';

export function createCallTruth(
  { plains: { calls }, switches }: World,
  conversations: ConversationTruth,
): PlainTruth {
  return {
    ...calls,
    get size() {
      return calls.size;
    },
    create(fields, options) {
      const id = calls.create(fields, options);
      const { conversation_id: conversation } = fields;
      if (typeof conversation === 'string' && switches().callConversationBump === 'bump')
        conversations.update(conversation, {}, options);
      return id;
    },
  };
}
