import { expect, test } from 'vitest';
import { parseJson } from '../../../../../functions/core/json.ts';
import { identify } from '../../../../../functions/intercom/readers/walk/identify.ts';
import { OBJECTS } from '../../../../../functions/objects/index.ts';

test('ids that a double cannot hold stay apart', () => {
  const ids = ['90071992547409931', '90071992547409932'];
  const records = ids.map((digits) => parseJson(`{"id":${digits}}`) as Record<string, never>);
  expect(records.map((record) => identify(OBJECTS.tags, record, 1).id)).toEqual(ids);
});

test('several keys are one id, joined by a slash', () => {
  const part = { conversation_id: 'c1', id: 7 };
  expect(identify(OBJECTS.conversation_parts, part, 1).id).toBe('c1/7');
});
