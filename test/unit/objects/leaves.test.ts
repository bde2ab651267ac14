/**
 * With hashing on, every leaf that is known not to be personal stays readable (otherwise statistics would be lost),
 * and every unknown leaf is hashed wherever it appears. Tested with everything that the simulator sends.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ObjectDeclaration } from '../../../functions/core/declaration.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../functions/core/json.ts';
import { OBJECT_NAMES, type ObjectName } from '../../../functions/core/names.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import { type Simulator, startSimulator, type Workspace } from '../../../lib/standins/intercom/index.ts';
import { canariesIn } from '../../support/canaries.ts';
import { written, wronglyHashed } from '../../support/hashed-leaves.ts';

const SIZES = { contacts: 60, companies: 45, conversations: 70, tickets: 45, activity_logs: 40 };

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ sizes: SIZES, baseTime: Date.UTC(2026, 10, 22) });
});
afterAll(() => simulator.close());

/** The records of an object as the readers pass them on. */
function recordsOf(workspace: Workspace, name: ObjectName): readonly JsonObject[] {
  if (name === 'conversation_parts') {
    const { conversations } = workspace;
    return [...conversations.ids()].flatMap((id) =>
      conversations.parts(id).map((part): JsonObject => ({ conversation_id: id, ...part })),
    );
  }
  const { rows } = workspace;
  if (name === 'segment_contact') return rows.segment_contact().map((row): JsonObject => ({ ...row }));
  if (name === 'calls' || name === 'article_statistics') return rows[name]();
  return [...workspace.objects[name].records()];
}

const CANARY = 'canary-of-tomorrow-end';

/** The value with a new key in every object, and with every leaf replaced by an unknown object. */
function withNewKeys(value: JsonValue | undefined): JsonValue {
  if (Array.isArray(value)) return [...value.map(withNewKeys), { key_of_tomorrow: [CANARY] }];
  if (!isJsonObject(value)) return { key_of_tomorrow: CANARY, list_of_tomorrow: [{ name: CANARY }, CANARY] };
  const inner = Object.entries(value).map(([key, one]) => [key, withNewKeys(one)] as const);
  return { ...Object.fromEntries(inner), key_of_tomorrow: CANARY };
}

/** The record with new keys everywhere except in what rows need. */
function ofTomorrow({ columns, primaryKey, children }: ObjectDeclaration, record: JsonObject): JsonObject {
  const kept = new Set([...primaryKey, ...children.map(({ list }) => list.field)]);
  const declared = columns.filter(({ name, from }) => from === undefined && !kept.has(name));
  return { ...record, ...Object.fromEntries(declared.map(({ name }) => [name, withNewKeys(record[name])])) };
}

/** A membership in a segment is its key and nothing else. */
const HAS_MORE_THAN_ITS_KEY = OBJECT_NAMES.filter((name) => name !== 'segment_contact');

describe.each(HAS_MORE_THAN_ITS_KEY)('%s', (name) => {
  test('keeps every leaf that is not personal', () => {
    const records = recordsOf(simulator.workspace, name);
    expect(records.length).toBeGreaterThan(0);
    const changed = records.flatMap((record) => wronglyHashed(OBJECTS[name], record));
    expect([...new Set(changed)]).toEqual([]);
  });

  test('hashes everything new, at any depth of any column', () => {
    for (const record of recordsOf(simulator.workspace, name)) {
      const next = ofTomorrow(OBJECTS[name], record);
      const text = (sensitiveFields: 'replicate' | 'hash') =>
        written(OBJECTS[name], next, sensitiveFields)
          .rows.map(({ line }) => line)
          .join('\n');
      expect(canariesIn(text('replicate'))).toEqual([CANARY]);
      expect(canariesIn(text('hash'))).toEqual([]);
    }
  });
});
