/** What an erasure leaves of a row, with canaries in every personal place of every table. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PersonHashes } from '../../../functions/core/erasure.ts';
import type { JsonObject } from '../../../functions/core/json.ts';
import type { ObjectName, TableName } from '../../../functions/core/names.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import { createEraser } from '../../../functions/rows/eraser.ts';
import { createShaper } from '../../../functions/rows/rows.ts';
import { canariesIn, PLANTED_RECORDS } from '../../support/canaries.ts';
import { testHash } from '../../support/dependencies.ts';

/** The contact of the planted references. */
const ID = '6762f0d01bb69f9f2193bb7f';

const person = (known: Partial<Record<keyof PersonHashes, readonly string[]>>): PersonHashes => {
  const { ids = [], emails = [], external_ids = [], conversations = [] } = known;
  const hashed = (texts: readonly string[]) => texts.map(testHash);
  return {
    ids: hashed(ids),
    emails: hashed(emails),
    external_ids: hashed(external_ids),
    conversations: hashed(conversations),
  };
};

const shaped = (object: ObjectName, record: JsonObject) =>
  createShaper(OBJECTS[object], { runId: 'r', slice: '0001' }).shape(
    { record, stampedAt: 1, receivedAtMs: 1_000 },
    1,
  );

const eraserOf = (object: ObjectName, known: Parameters<typeof person>[0]) =>
  createEraser(OBJECTS[object], [person(known)], testHash);

const record = (object: ObjectName): JsonObject => PLANTED_RECORDS[object] ?? {};

/** The text of what is left of the rows. */
function left(object: ObjectName, known: Parameters<typeof person>[0], of = record(object)): string {
  const eraser = eraserOf(object, known);
  return shaped(object, of)
    .map(({ table, line }) => {
      const erased = eraser.erase(table, line);
      return erased.change === 'blanked' ? erased.line : erased.change === 'none' ? line : '';
    })
    .join('\n');
}

describe('a row about the person', () => {
  test.each(['conversations', 'tickets'] as const)(
    '%s keep no personal field and no new one, and keep their counts',
    (object) => {
      const text = left(object, { ids: [ID], conversations: ['2'] });
      expect(canariesIn(text.replaceAll(/.*conversation_id.*/g, ''))).toEqual([]);
      expect(text).not.toContain(ID);
      expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({ id: '2', updated_at: 1 });
    },
  );

  test('a part that they wrote, found by address', () => {
    const own = { ...record('conversation_parts'), author: { type: 'user', email: 'ada@person.example' } };
    expect(canariesIn(left('conversation_parts', { emails: ['ada@person.example'] }, own))).toEqual(
      // Headers of the part, and teammates who tagged it, name others.
      expect.not.arrayContaining(['canary-parts-body-end', 'canary-parts-subject-end']),
    );
  });

  test('a part of a conversation with nobody else', () => {
    const text = left('conversation_parts', { conversations: ['1'] });
    expect(canariesIn(text)).toEqual([]);
    expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({
      conversation_id: '1',
      part_type: 'comment',
    });
  });

  test('a part of a ticket that they wrote, and no part of others', () => {
    const tickets = {
      ...record('tickets'),
      contacts: { contacts: [] },
      ticket_parts: {
        ticket_parts: [
          { id: '8', body: 'mine', author: { type: 'user', id: ID } },
          { id: '9', body: 'theirs', author: { type: 'admin', id: '5' }, external_id: 'x' },
        ],
      },
    };
    const [, mine, theirs] = left('tickets', { ids: [ID] }, tickets)
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(mine).toMatchObject({ ticket_id: '2', id: '8', body: null, author_id: null, author_type: 'user' });
    expect(theirs).toMatchObject({ id: '9', body: 'theirs', author_id: '5', external_id: 'x' });
  });

  test.each(['conversations', 'tickets'] as const)(
    'a row that only says that they are in %s: it goes',
    (object) => {
      const others = { type: 'contact', id: '6762f0d01bb69f9f2193bb00', external_id: 'other' };
      const contacts = { contacts: [{ type: 'contact', id: ID }, others] };
      const lines = left(object, { ids: [ID] }, { ...record(object), contacts }).split('\n');
      const rows = lines.flatMap((line) => (line.includes('"contact_id"') ? [JSON.parse(line)] : []));
      expect(rows).toMatchObject([{ contact_id: others.id, external_id: 'other' }]);
      expect(lines.join()).not.toContain(ID);
    },
  );

  test('is a row of contacts: it goes, with those of its children', () => {
    const contact = { ...record('contacts'), id: ID, tags: { data: [{ id: 't' }] } };
    expect(left('contacts', { ids: [ID] }, contact).trim()).toBe('');
  });
});

test('another row loses the object that names them, and nothing else', () => {
  const log = {
    ...record('activity_logs'),
    metadata: { contact: { type: 'contact', id: ID, name: 'Ada' }, note: 'kept' },
  };
  const text = left('activity_logs', { ids: [ID] }, log);
  expect(text).toContain('kept');
  expect(text).not.toContain('Ada');
  expect(text).not.toContain(ID);
});

test('a row that names somebody else is the same, and a second erasure finds nothing', () => {
  const objects = Object.keys(PLANTED_RECORDS) as ObjectName[];
  fc.assert(
    fc.property(
      fc.constantFrom(...objects),
      fc.record({ ids: fc.array(fc.uuid()), emails: fc.array(fc.emailAddress()) }),
      (object, others) => {
        const strangers = eraserOf(object, others);
        for (const { table, line } of shaped(object, record(object)))
          expect(strangers.erase(table, line)).toEqual({ change: 'none' });
        const eraser = eraserOf(object, { ids: [ID] });
        for (const { table, line } of shaped(object, record(object))) {
          const erased = eraser.erase(table, line);
          if (erased.change === 'blanked')
            expect(eraser.erase(table, erased.line)).toEqual({ change: 'none' });
        }
      },
    ),
    { numRuns: 50 },
  );
});

describe('a reject', () => {
  const VALUE: JsonObject = { body: 'canary of a text without a name' };

  const rejectOf = (object: ObjectName, table: TableName, path: string): string =>
    createShaper(OBJECTS[object], { runId: 'r', slice: '0001' }).reject(
      { table, path, reason: 'no id', value: VALUE, receivedAtMs: 1_000 },
      1,
    ).line;

  const theirs = [
    ['contacts', 'contact_note', `${ID}.contact_notes[0]`, 'erased.contact_notes[0]'],
    ['conversation_parts', 'conversation_parts', '1.conversation_parts[4]', '1.conversation_parts[4]'],
    [
      'conversation_parts',
      'email_address_header',
      '1/77.email_message_metadata[0]',
      '1/77.email_message_metadata[0]',
    ],
    ['conversations', 'conversation_tag', '1.tags[0]', '1.tags[0]'],
    ['tickets', 'ticket_part', '1.ticket_parts[0]', '1.ticket_parts[0]'],
  ] as const;
  test.each(theirs)(
    'of %s in their record or conversation loses its record: %s, %s',
    (object, table, path, after) => {
      const eraser = eraserOf(object, { ids: [ID], conversations: ['1'] });
      const line = rejectOf(object, table, path);
      const erased = eraser.erase('rejects', line);
      if (erased.change !== 'blanked') throw new Error(erased.change);
      expect(JSON.parse(erased.line)).toEqual({ ...JSON.parse(line), record: null, path: after });
      expect(eraser.erase('rejects', erased.line)).toEqual({ change: 'none' });
    },
  );

  test('of their contact names them, and one of a conversation says which', () => {
    const ofContact = JSON.parse(rejectOf('contacts', 'contact_note', `${ID}.contact_notes[0]`));
    expect(eraserOf('contacts', { ids: [ID] }).names('rejects', ofContact)).toBe(true);
    const parts = eraserOf('conversation_parts', {});
    const ofPart = JSON.parse(
      rejectOf('conversation_parts', 'conversation_parts', '1.conversation_parts[4]'),
    );
    expect(parts.conversationOf('rejects', ofPart)).toBe('1');
  });

  const others = [
    ['contacts', 'contact_note', 'other.contact_notes[0]'],
    ['conversation_parts', 'email_address_header', '77/1.email_message_metadata[0]'],
    ['conversation_parts', 'conversation_parts', 'conversations[1]'],
    ['companies', 'company_tag', '1.tags[0]'],
  ] as const;
  test.each(others)('of %s elsewhere stays: %s, %s', (object, table, path) => {
    const eraser = eraserOf(object, { ids: [ID], conversations: ['1'] });
    const line = rejectOf(object, table, path);
    expect(eraser.erase('rejects', line)).toEqual({ change: 'none' });
    expect(eraser.names('rejects', JSON.parse(line))).toBe(false);
  });
});
