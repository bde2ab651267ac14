/** The conversation record that lists and searches serve (docs/intercom-api.md 6.4). */
import { CONVERSATION_IDS } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import type { Switches } from '../switches.ts';
import type { AppliedTag } from './contacts.ts';
import type { ConversationState } from './conversations.ts';

/** All tags, with the time and the author of each (docs/intercom-api.md 6.4). */
function tagList(tags: readonly AppliedTag[], nameOf: (id: string) => string | undefined): JsonObject {
  return {
    type: 'tag.list',
    tags: tags.flatMap(({ id, appliedAt, appliedBy }) => {
      const name = nameOf(id);
      return name === undefined
        ? []
        : [{ type: 'tag', id, name, applied_at: appliedAt, applied_by: appliedBy }];
    }),
  };
}

/** `statistics.count_conversation_parts` (docs/intercom-api.md 6.4). */
export const countParts = ({ partCount }: ConversationState, counted: Switches['countedParts']): number =>
  counted === 'parts' ? partCount : partCount + 1;

export function conversationRecord(
  row: number,
  state: ConversationState,
  tagName: (id: string) => string | undefined,
  countedParts: Switches['countedParts'],
): JsonObject {
  const { statistics: stats, ...fields } = state.fields;
  return {
    type: 'conversation',
    id: CONVERSATION_IDS.idOf(row),
    created_at: state.createdAt,
    updated_at: state.updatedAt,
    ...fields,
    statistics:
      stats === null || stats === undefined || typeof stats !== 'object'
        ? null
        : { ...stats, count_conversation_parts: countParts(state, countedParts) },
    tags: tagList(state.tags, tagName),
  };
}
