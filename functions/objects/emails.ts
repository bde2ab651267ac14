import {
  boolean,
  createdAt,
  id,
  list,
  objectType,
  PERSONAL,
  string,
  timestamp,
  updatedAt,
} from './declare.ts';

export const emails = list({
  name: 'emails',
  description: 'Addresses that the workspace sends e-mails from.',
  permission: 'Read emails',
  path: '/emails',
  stamped: true,
  columns: [
    objectType('email_setting'),
    id('address'),
    string('email', 'E-mail address.', PERSONAL),
    boolean('verified', 'Whether the address is verified.'),
    string('domain', 'Domain of the address.'),
    string('brand_id', '`brands.id` of its brand.'),
    boolean('forwarding_enabled', 'Whether e-mails to the address are forwarded to Intercom.'),
    timestamp('forwarded_email_last_received_at', 'When the last forwarded e-mail arrived; null if never.'),
    createdAt('address'),
    updatedAt('address'),
  ],
});
