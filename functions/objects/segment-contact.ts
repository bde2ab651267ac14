import { contactSearch, contacts } from './contacts.ts';
import { object, string } from './declare.ts';

export const segmentContact = object({
  name: 'segment_contact',
  description: 'Contacts of each segment. One request for 150 of them.',
  sync: { kind: 'full_refresh' },
  primaryKey: ['segment_id', 'contact_id'],
  versionField: null,
  permission: contacts.permission,
  read: {
    kind: 'members',
    path: '/segments',
    recordsKey: 'segments',
    search: contactSearch,
    field: 'segment_id',
    key: 'contact_id',
  },
  columns: [string('segment_id', '`segments.id`.'), string('contact_id', '`contacts.id`.')],
});
