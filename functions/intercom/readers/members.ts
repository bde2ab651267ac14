/**
 * Reads what a search finds for each record of a list: the contacts of each segment (docs/intercom-api.md 6.2.7).
 * Several records are searched for at once.
 */
import type { ObjectDeclaration, ReadSpec } from '../../core/declaration.ts';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import type { ObjectReader, Position, ReadEvent, Reject } from '../../core/reading.ts';
import { createFailureGate, type FailureGate } from './walk/failure-gate.ts';
import { identify, recordId, sortOut } from './walk/identify.ts';
import { together } from './walk/in-order.ts';
import { announcesMore, contractError, recordsOf } from './walk/list-answers.ts';
import { askOptions, onlyWhole, type ReaderDeps } from './walk/requests.ts';
import type { SearchPositions } from './walk/search-position.ts';
import { EVERY_RECORD } from './walk/search-query.ts';
import { createSearcher, type SearchStep } from './walk/search-walk.ts';

type MembersRead = Extract<ReadSpec, { kind: 'members' }>;

/** Where the reader continues. */
type MembersPosition = {
  /** Records of the list whose members are read, each with Intercom's count; null if it gave none. */
  readonly done: Readonly<Record<string, number | null>>;
  /** Where the searches of others continue. */
  readonly open: Readonly<Record<string, SearchPositions>>;
};

const BEGINNING: MembersPosition = { done: {}, open: {} };

/** A step of the search for the members of one record, or why there will be none. */
type MemberStep =
  | { readonly owner: string; readonly step: SearchStep }
  | { readonly owner: string; readonly error: unknown };

const LISTED = { primaryKey: ['id'] } as const;

export function createMembersReader(
  declaration: ObjectDeclaration,
  { path, recordsKey, search, field, key }: MembersRead,
  deps: ReaderDeps,
): ObjectReader {
  const { client, pace, signal } = deps;
  const ask = askOptions(declaration, deps);
  const searcher = createSearcher(search, deps, ask);

  async function listOwners(): Promise<{
    readonly owners: readonly string[];
    readonly rejects: readonly Reject[];
  }> {
    const listed = (body: JsonObject): readonly JsonValue[] => {
      if (!announcesMore(body)) return recordsOf(body, [recordsKey], path);
      throw contractError('unexpected_pages', `${path} announced more pages, which this list does not have`);
    };
    const { body, receivedAtMs } = await client.get(path, {}, ask('urgent', { accept: listed }));
    const { records, rejects } = sortOut(LISTED, listed(body), receivedAtMs, recordsKey);
    return { owners: [...new Set(records.map((record) => recordId(LISTED, record) ?? ''))], rejects };
  }

  /** @throws never: an error is a step, because it is this owner's alone */
  async function* stepsOf(
    owner: string,
    start: SearchPositions | null,
  ): AsyncGenerator<MemberStep, void, void> {
    const query = { ...EVERY_RECORD, where: { field, value: owner } };
    try {
      for await (const step of searcher.walk(query, start)) yield { owner, step };
    } catch (error) {
      yield { owner, error };
    }
  }

  /** Members leave while they are read: then Intercom counts fewer than before. */
  async function countOf(owner: string, before: number | null, read: number): Promise<number | null> {
    if (before === null || read >= before) return before;
    const { matched } = await searcher.probe({ ...EVERY_RECORD, where: { field, value: owner } });
    return matched === null ? before : Math.min(before, matched);
  }

  async function* eventsOf(
    item: MemberStep,
    { done, open }: MembersPosition,
    gate: FailureGate,
  ): AsyncGenerator<ReadEvent, MembersPosition, void> {
    const { owner } = item;
    const { [owner]: at, ...others } = open;
    if ('error' in item) {
      const reason = `${field} ${owner} could not be read: ${await gate.failed(item.error)}`;
      yield { type: 'debt', scope: { ids: [owner] }, reason };
      return { done: { ...done, [owner]: 0 }, open: others };
    }
    const { step } = item;
    gate.succeeded();
    switch (step.type) {
      case 'page': {
        const position = { done, open: { ...open, [owner]: step.position } };
        yield pageEvent(owner, step, position);
        return position;
      }
      case 'restart':
        // It searches again by itself. Who comes twice counts once.
        return { done, open: others };
      case 'end': {
        const read = at?.searches.reduce((sum, one) => sum + one.read, 0) ?? 0;
        return { done: { ...done, [owner]: await countOf(owner, step.matched, read) }, open: others };
      }
      default:
        return step satisfies never;
    }
  }

  function pageEvent(
    owner: string,
    { records: found, receivedAtMs, observed }: Extract<SearchStep, { type: 'page' }>,
    position: Position,
  ): ReadEvent {
    const { records: members, rejects } = sortOut(LISTED, found, receivedAtMs, `${field} ${owner}`);
    const records = members.map((member) =>
      identify(declaration, { [field]: owner, [key]: recordId(LISTED, member) }, receivedAtMs),
    );
    const ids = records.map(({ id }) => id);
    return { type: 'page', records, rejects, ids, position, evidence: { observed } };
  }

  return {
    async *read(slice, start) {
      onlyWhole(declaration, slice);
      const gate = createFailureGate(client, signal);
      let position = (start as MembersPosition | null) ?? BEGINNING;
      const { owners, rejects } = await listOwners();
      if (rejects.length > 0) yield { type: 'page', records: [], rejects, ids: [], position };
      const left = owners.filter((owner) => !Object.hasOwn(position.done, owner));
      const walks = left.map((owner) => stepsOf(owner, position.open[owner] ?? null));
      for await (const { item } of together(walks, pace.limit)) {
        const before = position;
        position = yield* eventsOf(item, position, gate);
        if (position.done !== before.done) yield { type: 'page', records: [], ids: [], position };
      }
      const counts = Object.values(position.done);
      const matched = counts.some((count) => count === null)
        ? null
        : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
      yield { type: 'end', matched };
    },
    probe: null,
  };
}
