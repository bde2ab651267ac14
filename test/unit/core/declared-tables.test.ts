import { expect, test } from 'vitest';
import { withoutChildren } from '../../../functions/core/declared-tables.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';

test('an excluded child table is not fetched, written or counted, and its list stays out of the parent', () => {
  const contacts = withoutChildren(OBJECTS.contacts, ['contact_tag', 'company_tag']);
  expect(contacts.children.map(({ table }) => table)).toEqual([
    'contact_company',
    'contact_subscription',
    'contact_note',
  ]);
  expect(contacts.omit).toEqual(OBJECTS.contacts.omit);
});

test('without exclusions the declaration stays the same', () => {
  expect(withoutChildren(OBJECTS.contacts, [])).toBe(OBJECTS.contacts);
});
