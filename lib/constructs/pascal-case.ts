/** `conversation_parts` → `ConversationParts`, as construct ids are written. */
export const pascalCase = (name: string): string =>
  name
    .split('_')
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join('');
