import { conversationSearch } from './conversations.ts';
import {
  boolean,
  childColumn,
  createdAt,
  id,
  integer,
  json,
  object,
  objectType,
  PERSONAL,
  string,
  timestamp,
  updatedAt,
} from './declare.ts';
import { at, TAG } from './places.ts';

export const conversationParts = object({
  name: 'conversation_parts',
  description:
    'Messages, notes and events of each conversation after its first message: at most the newest 500.',
  sync: { kind: 'incremental', cursor: 'updated_at' },
  primaryKey: ['conversation_id', 'id'],
  recordsOf: 'conversations',
  // The conversation's, not the part's: all parts in one answer have the same version.
  versionField: 'updated_at',
  permission: 'Read conversations',
  read: { kind: 'conversation_parts', search: conversationSearch, detailPath: '/conversations/{id}' },
  person: { about: ['author'], conversation: { column: 'conversation_id' } },
  columns: [
    // Not in the part itself; the reader adds it to the record.
    string('conversation_id', '`conversations.id` of the conversation the part belongs to.'),
    objectType('conversation_part'),
    id('part'),
    string('part_type', 'What the part is: `comment`, `note`, `assignment`, `close` and others.'),
    string('body', 'Text of the message, as HTML.', PERSONAL),
    createdAt('part'),
    updatedAt('part'),
    timestamp('notified_at', 'When the recipient was notified.'),
    json('assigned_to', 'Whom the part assigned the conversation to: a reference.', PERSONAL),
    json(
      'author',
      'Who wrote it: type, id, name, e-mail address, and whether it was the AI agent.',
      PERSONAL,
    ),
    string('external_id', 'Id of the part in another system.', PERSONAL),
    boolean('redacted', 'Whether the content was redacted.'),
    json('email_message_metadata', 'For e-mails: subject and message id.', {
      personal: ['subject', 'message_id'],
      plain: [],
    }),
    json('metadata', 'Quick replies that were offered or chosen.', PERSONAL),
    string('state', 'State of the conversation when the part was created.'),
    json('tags', 'Tags on the part.', { personal: ['[].applied_by'], plain: at('[]', TAG) }),
    json('event_details', 'What an event changed; its structure depends on `part_type`.', PERSONAL),
    string('app_package_code', 'App that created the part through the API.'),
  ],
  omit: ['attachments', 'email_message_metadata.email_address_headers'],
  children: [
    {
      table: 'email_address_header',
      description: 'Address headers (from, to, cc and others) of conversation parts that were e-mails.',
      primaryKey: ['conversation_id', 'conversation_part_id', 'header_index'],
      list: { field: 'email_message_metadata', keys: ['email_address_headers'], nullMeansNone: true },
      columns: [
        childColumn({ parent: 'conversation_id' }, string('conversation_id', '`conversations.id`.')),
        childColumn({ parent: 'id' }, string('conversation_part_id', '`conversation_parts.id`.')),
        childColumn({ index: true }, integer('header_index', 'Position of the header, from 0.')),
        childColumn({ item: 'type' }, string('type', 'Which header it is: `from`, `to`, `cc` and others.')),
        childColumn({ item: 'email_address' }, string('email_address', 'E-mail address.', PERSONAL)),
        childColumn({ item: 'name' }, string('name', 'Name next to the address.', PERSONAL)),
      ],
    },
  ],
});
