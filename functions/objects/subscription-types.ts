import { id, json, object, objectType, string } from './declare.ts';
import { at } from './places.ts';

const TRANSLATION = ['name', 'description', 'locale'];

export const subscriptionTypes = object({
  name: 'subscription_types',
  description: 'Kinds of messages that contacts can choose or refuse.',
  sync: { kind: 'full_refresh' },
  primaryKey: ['id'],
  versionField: null,
  permission: 'Read and list users and companies',
  read: { kind: 'list', recordsKey: 'data', requests: [{ path: '/subscription_types' }] },
  columns: [
    objectType('subscription'),
    id('subscription type'),
    string('name', 'Name, in the default language.', { from: 'default_translation.name' }),
    string('description', 'What is sent, in the default language.', {
      from: 'default_translation.description',
    }),
    string('state', '`live`, `draft` or `archived`.'),
    json('default_translation', 'Name and description in the default language.', { plain: TRANSLATION }),
    json('translations', 'Name and description in each language.', { plain: at('[]', TRANSLATION) }),
    string('consent_type', '`opt_in` or `opt_out`.'),
    json('content_types', 'Channels it is sent on, such as `email` and `sms_message`.', { plain: ['[]'] }),
  ],
});
