/** People who ask to be erased, at random, and what the lake says without them. */
import type { ErasureRequest } from '../../functions/core/erasure.ts';
import { erasedObjectKey, erasureNowKey, erasureRequestKey } from '../../functions/core/lake-keys.ts';
import { encodeJson } from '../../functions/sync/store.ts';
import { testHash } from '../support/dependencies.ts';
import type { MemoryLake } from '../support/memory/memory-lake.ts';
import { ADDRESS_END, type Modelled, type Truth } from './intercom.ts';
import type { Random } from './random.ts';

/** A record with what belongs to it in the child tables, as one text. */
export type Family = string;

interface Person {
  readonly erasure: string;
  /** The record that is them, or that is about them alone; null if there is none. */
  readonly record: string | null;
  /** What names them; null if nothing does. */
  readonly address: string | null;
}

export interface People {
  /** Somebody asks, or asks again. */
  ask(truth: Truth, nowMs: number): Promise<void>;
  /** Whether anybody has asked. */
  isAsked(): boolean;
  /** The record without whoever was erased; null if nothing of it stays. */
  without(id: string, family: Family): Family | null;
  /** Whether the record has somebody who is still being erased: the lake may show them or not. */
  isPending(id: string, family: Family): boolean;
  /** Files that have somebody whose erasure is done. */
  leftovers(): readonly string[];
  /** Objects that have not done what was asked. */
  open(): number;
}

const OF_ONE_PERSON: readonly Modelled[] = ['conversations', 'conversation_parts'];

/** Every personal value of a record: its name, or what its parts say. */
function blanked(object: Modelled, family: Family): Family {
  const [own, ...children] = JSON.parse(family);
  const left =
    object === 'conversation_parts'
      ? own.map(([key]: readonly [string]) => [key, null])
      : [null, ...own.slice(1)];
  return JSON.stringify([left, ...children]);
}

function treated(object: Modelled, person: Person, id: string, family: Family): Family | null {
  const named = person.address === null ? family : family.replaceAll(JSON.stringify(person.address), 'null');
  if (person.record !== id) return named;
  return object === 'contacts' ? null : blanked(object, named);
}

export function createPeople(object: Modelled, lake: MemoryLake, random: Random): People {
  const people: Person[] = [];
  const isDone = ({ erasure }: Person, step: 'rewritten' | 'removed'): boolean =>
    lake.files.has(erasedObjectKey(erasure, object, step));

  const without = (some: readonly Person[], id: string, family: Family): Family | null =>
    some.reduce<Family | null>(
      (left, person) => (left === null ? null : treated(object, person, id, left)),
      family,
    );

  const textsOf = ({ record, address }: Person): readonly string[] => [
    ...(address === null ? [] : [address]),
    ...(object === 'contacts' && record !== null ? [`"${record}"`] : []),
  ];

  return {
    async ask({ id, name }, nowMs) {
      const isOwn = object === 'contacts' || OF_ONE_PERSON.includes(object);
      const address = name.endsWith(ADDRESS_END) ? name : null;
      const record = isOwn && (address === null || random.chance(0.7)) ? id : null;
      const erasure = `${new Date(nowMs).toISOString().replaceAll(/[-:.]/g, '')}-${testHash(`${id} ${people.length}`).slice(0, 6)}`;
      // An id is no place for an address, but it may be what names them.
      const ids = [
        ...(object === 'contacts' && record !== null ? [record] : []),
        ...(object === 'tickets' && address !== null ? [address] : []),
      ];
      const request: ErasureRequest = {
        format: 1,
        id: erasure,
        requested_at: new Date(nowMs).toISOString(),
        subject: testHash(id),
        suppress: true,
        ids: ids.map(testHash),
        emails: address === null ? [] : [testHash(address)],
        external_ids: [],
        conversations: record !== null && object !== 'contacts' ? [testHash(record)] : [],
      };
      people.push({ erasure, record, address });
      await lake.putNew(erasureRequestKey(erasure), encodeJson(request));
      if (random.chance(0.3)) await lake.putNew(erasureNowKey(erasure), encodeJson({}));
    },
    isAsked: () => people.length > 0,
    without: (id, family) => without(people, id, family),
    isPending(id, family) {
      const pending = people.filter((person) => !isDone(person, 'rewritten'));
      return without(pending, id, family) !== family;
    },
    leftovers() {
      const texts = people.filter((person) => isDone(person, 'removed')).flatMap(textsOf);
      if (texts.length === 0) return [];
      return lake
        .keys()
        .filter((key) => /^(tables|manifests|evidence)\//.test(key))
        .filter((key) => {
          const text = Buffer.from(lake.files.get(key) ?? []).toString('utf8');
          return texts.some((one) => text.includes(one));
        });
    },
    open: () => people.filter((person) => !isDone(person, 'removed')).length,
  };
}
