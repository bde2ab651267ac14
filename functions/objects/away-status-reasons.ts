import { boolean, createdAt, id, integer, list, objectType, string, updatedAt } from './declare.ts';

export const awayStatusReasons = list({
  name: 'away_status_reasons',
  description: 'Reasons that teammates can give for being away, deleted ones included.',
  permission: 'Read admins',
  path: '/away_status_reasons',
  stamped: true,
  columns: [
    objectType('away_status_reason'),
    id('reason'),
    string('label', 'Text of the reason.'),
    string('emoji', 'Emoji shown next to the text.'),
    integer('order', 'Position among the reasons.'),
    boolean('deleted', 'Whether the reason was deleted.'),
    createdAt('reason'),
    updatedAt('reason'),
  ],
});
