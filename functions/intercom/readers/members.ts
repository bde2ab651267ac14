/**
 * Reads what a search finds for each record of a list: the contacts of each segment (docs/intercom-api.md 6.2.7).
 * Several records are searched for at once.
 */
import type { ObjectDeclaration, ReadSpec } from '../../core/declaration.ts';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import type { ObjectReader, ReadEvent, Reject } from '../../core/reading.ts';
import { createFailureGate } from './walk/failure-gate.ts';
import { BY_ID, identify, recordId, sortOut } from './walk/identify.ts';
import { together } from './walk/in-order.ts';
import { wholeList } from './walk/list-answers.ts';
import { askOptions, onlyWhole, type ReaderDeps } from './walk/requests.ts';
import type { SearchPositions } from './walk/search-position.ts';
import { EVERY_RECORD } from './walk/search-query.ts';
import { createSearcher, type SearchStep } from './walk/search-walk.ts';

type MembersRead = Extract<ReadSpec, { kind: 'members' }>;
type PageEvent = Extract<ReadEvent, { type: 'page' }>;

type OpenSearch = SearchPositions & {
  /** Distinct members found so far; a lower bound, because the ids of an earlier invocation are not known. */
  readonly distinct: number;
};

type MembersPosition = {
  /**
   * Records of the list whose members have been read, each with how many there are: Intercom's count, or more if more
   * were read. So members who joined one segment do not make up for those missing from another. Null if Intercom gave
   * no count.
   */
  readonly done: Readonly<Record<string, number | null>>;
  /** Where the searches for the others continue. */
  readonly open: Readonly<Record<string, OpenSearch>>;
  /** Whether any search was answered. */
  readonly answered: boolean;
};

const BEGINNING: MembersPosition = { done: {}, open: {}, answered: false };

/** A step of the search for the members of one record, or why there will be none. */
type MemberStep =
  | { readonly owner: string; readonly step: SearchStep }
  | { readonly owner: string; readonly error: unknown };

const distinctIn = (before: OpenSearch | undefined, found: ReadonlySet<string>): number =>
  Math.max(before?.distinct ?? 0, found.size);

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
    const listed = (body: JsonObject): readonly JsonValue[] => wholeList(body, recordsKey, path);
    const { body, receivedAtMs } = await client.get(path, {}, ask('urgent', { accept: listed }));
    const { records, rejects } = sortOut(BY_ID, listed(body), receivedAtMs, recordsKey);
    return { owners: [...new Set(records.map((record) => recordId(BY_ID, record) ?? ''))], rejects };
  }

  /** @throws never: an error is a step, because it concerns this owner alone */
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

  /** Members may leave while they are read: then Intercom counts fewer than before. */
  async function countOf(owner: string, before: number | null, read: number): Promise<number | null> {
    if (before === null || read >= before) return before === null ? null : read;
    const matched = await searcher.count({ ...EVERY_RECORD, where: { field, value: owner } });
    return Math.max(read, Math.min(before, matched ?? before));
  }

  /** The position after a step of a search, and its page. */
  async function* eventsOf(
    owner: string,
    step: SearchStep,
    position: MembersPosition,
    found: Set<string>,
  ): AsyncGenerator<ReadEvent, MembersPosition, void> {
    const { [owner]: at, ...others } = position.open;
    switch (step.type) {
      case 'page': {
        const page = pageOf(owner, step);
        for (const id of page.ids) found.add(id);
        const open = { ...others, [owner]: { ...step.position, distinct: distinctIn(at, found) } };
        const next = { ...position, open, answered: true };
        yield { type: 'page', ...page, position: next };
        return next;
      }
      case 'restart':
        // The search starts again by itself. A member who comes twice counts once.
        return { ...position, open: others };
      case 'end': {
        const count = await countOf(owner, step.matched, distinctIn(at, found));
        const next = { ...position, done: { ...position.done, [owner]: count }, open: others };
        yield { type: 'page', records: [], ids: [], position: next };
        return next;
      }
      default:
        return step satisfies never;
    }
  }

  /** The members of one record are owed. They may have been read in part. */
  function* lose(
    owner: string,
    reason: string,
    position: MembersPosition,
  ): Generator<ReadEvent, MembersPosition, void> {
    const { [owner]: at, ...open } = position.open;
    const next = { ...position, done: { ...position.done, [owner]: at?.distinct ?? 0 }, open };
    yield { type: 'debt', scope: { ids: [owner] }, reason: `${field} ${owner} could not be read: ${reason}` };
    yield { type: 'page', records: [], ids: [], position: next };
    return next;
  }

  function pageOf(
    owner: string,
    { records: found, receivedAtMs, observed }: Extract<SearchStep, { type: 'page' }>,
  ): Omit<PageEvent, 'type' | 'position'> {
    const { records: members, rejects } = sortOut(BY_ID, found, receivedAtMs, `${field} ${owner}`);
    const records = members.map((member) =>
      identify(declaration, { [field]: owner, [key]: recordId(BY_ID, member) }, receivedAtMs),
    );
    const ids = records.map(({ id }) => id);
    return { records, rejects, ids, evidence: { observed } };
  }

  return {
    async *read(slice, start) {
      onlyWhole(declaration, slice);
      const gate = createFailureGate(client, signal);
      let position = (start as MembersPosition | null) ?? BEGINNING;
      const { owners, rejects } = await listOwners();
      // A walk that continues has already reported them.
      if (start === null && rejects.length > 0)
        yield { type: 'page', records: [], rejects, ids: [], position };
      const left = owners.filter((owner) => !Object.hasOwn(position.done, owner));
      const walks = left.map((owner) => stepsOf(owner, position.open[owner] ?? null));
      /** Failures that concern one record alone only if the search answers for another one. */
      let failures: { readonly owner: string; readonly reason: string; readonly error: unknown }[] = [];
      const found = new Map(left.map((owner) => [owner, new Set<string>()]));
      for await (const { item } of together(walks, pace.limit)) {
        if ('error' in item) failures.push({ ...item, reason: await gate.failed(item.error) });
        else {
          gate.succeeded();
          position = yield* eventsOf(item.owner, item.step, position, found.get(item.owner) ?? new Set());
          if (item.step.type === 'end') found.delete(item.owner);
        }
        if (!position.answered) continue;
        for (const { owner, reason } of failures) position = yield* lose(owner, reason, position);
        failures = [];
      }
      if (failures[0] !== undefined) throw failures[0].error;
      const counts = Object.values(position.done);
      const matched = counts.some((count) => count === null)
        ? null
        : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
      yield { type: 'end', matched };
    },
    probe: null,
  };
}
