import type { ChildColumn, SearchRead } from '../core/declaration.ts';
import { DAY_SECONDS } from '../core/time.ts';
import {
  boolean,
  childColumn,
  createdAt,
  id,
  json,
  object,
  objectType,
  PERSONAL,
  string,
  timestamp,
  updatedAt,
  workspaceId,
} from './declare.ts';
import { REFERENCES } from './places.ts';

const contactId: ChildColumn = childColumn({ parent: 'id' }, string('contact_id', '`contacts.id`.'));

export const contactSearch: SearchRead = {
  kind: 'search',
  path: '/contacts/search',
  recordsKey: 'data',
  perPage: 150,
  granularity: 'day',
};

export const contacts = object({
  name: 'contacts',
  description: 'People known to the workspace: users and leads.',
  sync: { kind: 'incremental', cursor: 'updated_at' },
  primaryKey: ['id'],
  versionField: 'updated_at',
  permission: 'Read and list users and companies',
  read: {
    ...contactSearch,
    // Asked for by whole days in the workspace's time zone, which we do not need to know.
    slackSeconds: 2 * DAY_SECONDS,
  },
  single: { path: '/contacts/{id}', mergedVersion: '2.16' },
  person: { isPerson: true },
  columns: [
    objectType('contact'),
    id('contact'),
    string('external_id', "The customer's own id of the person.", PERSONAL),
    workspaceId('contact'),
    string('role', '`user` or `lead`.'),
    string('email', 'E-mail address.', PERSONAL),
    string('email_domain', 'Domain of the e-mail address.', PERSONAL),
    string('phone', 'Telephone number.', PERSONAL),
    string('name', 'Full name.', PERSONAL),
    // A string like all ids: 2.15 says integer, other versions send text, and widening a catalog column is costly.
    string('owner_id', '`admins.id` of the teammate who owns the account.'),
    boolean('has_hard_bounced', 'Whether an e-mail to the contact bounced permanently.'),
    boolean('marked_email_as_spam', 'Whether the contact reported an e-mail as spam.'),
    boolean('unsubscribed_from_emails', 'Whether the contact opted out of e-mails.'),
    boolean('unsubscribed_from_sms', 'Whether the contact opted out of text messages.'),
    boolean('sms_consent', 'Whether the contact agreed to text messages.'),
    createdAt('contact'),
    updatedAt('contact'),
    timestamp('signed_up_at', 'When the contact signed up, according to the customer.'),
    timestamp('last_seen_at', 'When the contact was last seen.'),
    timestamp('last_replied_at', 'When the contact last wrote.'),
    timestamp('last_contacted_at', 'When the contact was last written to.'),
    timestamp('last_email_opened_at', 'When the contact last opened an e-mail.'),
    timestamp('last_email_clicked_at', 'When the contact last followed a link in an e-mail.'),
    // Not in the documentation of 2.15. Declared so that it counts as personal if it appears.
    string(
      'last_seen_ip',
      'IP address the contact was last seen from; null unless Intercom sends it.',
      PERSONAL,
    ),
    string('language_override', 'Language chosen for the Messenger, instead of that of the browser.'),
    string('browser', 'Browser in use.'),
    string('browser_version', 'Version of the browser.'),
    string('browser_language', 'Language set in the browser.'),
    string('os', 'Operating system in use.'),
    string('android_app_name', 'Name of the Android app in use.'),
    string('android_app_version', 'Version of the Android app.'),
    string('android_device', 'Android device in use.'),
    string('android_os_version', 'Version of Android.'),
    string('android_sdk_version', "Version of Intercom's Android SDK."),
    timestamp('android_last_seen_at', 'When the contact was last seen on Android.'),
    string('ios_app_name', 'Name of the iOS app in use.'),
    string('ios_app_version', 'Version of the iOS app.'),
    string('ios_device', 'iOS device in use.'),
    string('ios_os_version', 'Version of iOS.'),
    string('ios_sdk_version', "Version of Intercom's iOS SDK."),
    timestamp('ios_last_seen_at', 'When the contact was last seen on iOS.'),
    boolean('enabled_push_messaging', 'Whether push messages reach the contact.'),
    string('referrer', 'Page that led the contact to the site.', PERSONAL),
    string('utm_campaign', 'Campaign that brought the contact.'),
    string('utm_content', 'Advertisement or link that brought the contact.'),
    string('utm_medium', 'Marketing medium that brought the contact.'),
    string('utm_source', 'Site or channel that brought the contact.'),
    string('utm_term', 'Search term that brought the contact.'),
    json('custom_attributes', "The customer's own attributes of the contact, by name.", PERSONAL),
    json('avatar', 'Picture of the contact: `image_url`.', PERSONAL),
    json('notes', 'Up to 10 references to notes, with their total count.', { plain: REFERENCES }),
    json('location', 'Country, region and city, with country and continent codes.', {
      personal: ['country', 'region', 'city', 'postal_code', 'country_code', 'continent_code'],
      plain: [],
    }),
    json('social_profiles', 'Profiles on social networks: name of the network and address.', PERSONAL),
    json('opted_in_subscription_types', 'Subscription types the contact chose: references.', {
      plain: REFERENCES,
    }),
    json('opted_out_subscription_types', 'Subscription types the contact refused: references.', {
      plain: REFERENCES,
    }),
  ],
  omit: ['tags', 'companies', 'contact_notes'],
  children: [
    {
      table: 'contact_company',
      description: 'Companies of each contact.',
      primaryKey: ['contact_id', 'company_id'],
      list: { field: 'companies', keys: ['data', 'companies'] },
      ask: {
        kind: 'page_number',
        path: '/contacts/{id}/companies',
        recordsKeys: ['data', 'companies'],
        perPageSizes: [60, 30, 15, 5, 1],
      },
      columns: [
        contactId,
        childColumn(
          { item: 'id' },
          string('company_id', "`companies.id`; not `companies.company_id`, the customer's own."),
        ),
      ],
    },
    {
      table: 'contact_tag',
      description: 'Tags on each contact.',
      primaryKey: ['contact_id', 'tag_id'],
      list: { field: 'tags', keys: ['data', 'tags'] },
      ask: { kind: 'list', path: '/contacts/{id}/tags', recordsKeys: ['data', 'tags'] },
      countedBy: 'tag_id',
      columns: [contactId, childColumn({ item: 'id' }, string('tag_id', '`tags.id`.'))],
    },
    {
      table: 'contact_subscription',
      description: 'Subscription types that each contact chose or refused.',
      primaryKey: ['contact_id', 'subscription_type_id', 'choice'],
      list: { field: 'opted_in_subscription_types', keys: ['data'], says: { choice: 'opted_in' } },
      otherLists: [{ field: 'opted_out_subscription_types', keys: ['data'], says: { choice: 'opted_out' } }],
      columns: [
        contactId,
        childColumn({ item: 'id' }, string('subscription_type_id', '`subscription_types.id`.')),
        childColumn({ list: 'choice' }, string('choice', '`opted_in` or `opted_out`.')),
      ],
    },
    {
      table: 'contact_note',
      description:
        'Notes that teammates wrote about each contact. One more request for each contact with notes.',
      primaryKey: ['contact_id', 'id'],
      // The record's own field refers to ten of them, without their text.
      list: { field: 'contact_notes', keys: ['data', 'notes'], referredToIn: 'notes' },
      ask: {
        kind: 'page_number',
        path: '/contacts/{id}/notes',
        recordsKeys: ['data', 'notes'],
        perPageSizes: [50, 25, 5, 1],
      },
      columns: [
        contactId,
        childColumn({ item: 'id' }, string('id', "Intercom's id of the note.")),
        childColumn({ item: 'created_at' }, timestamp('created_at', 'When the note was written.')),
        childColumn({ item: 'author.id' }, string('author_id', '`admins.id` of the teammate who wrote it.')),
        childColumn({ item: 'author' }, json('author', 'The teammate who wrote it.', PERSONAL)),
        childColumn({ item: 'body' }, string('body', 'Text of the note, as HTML.', PERSONAL)),
      ],
    },
  ],
});
