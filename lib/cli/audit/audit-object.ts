/** Audits one object: compares Intercom's counts with the lake, down to the ids that differ. Writes nothing. */
import type { ResolvedConfig } from '../../../functions/config/config.ts';
import { counted } from '../../../functions/core/counted.ts';
import type { ObjectDeclaration } from '../../../functions/core/declaration.ts';
import type { Manifest } from '../../../functions/core/engine-files.ts';
import { RetryableError } from '../../../functions/core/errors.ts';
import { isJsonObject } from '../../../functions/core/json.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import type { Listing, ObjectReader, Probe, Window, WindowQuery } from '../../../functions/core/reading.ts';
import { idText, parseCount, parseTime } from '../../../functions/core/scalars.ts';
import { DAY_SECONDS, type EpochSeconds } from '../../../functions/core/time.ts';
import type { IntercomClient, RequestOptions } from '../../../functions/intercom/http/client.ts';
import {
  type HeldRecords,
  heldRecords,
  heldTags,
  type ReadableLake,
  vanishedRecords,
} from './held-records.ts';
import { type Difference, differences, months, type Sides, type Stretch } from './windows.ts';

/** A range of `updated_at`, `[from, to)`, with how many records the lake lacks there. */
export interface MissingRange extends Stretch {
  readonly missing: number;
}

/** A record that is in the lake but no longer at Intercom. */
export interface Gone {
  readonly id: string;
  readonly how: string;
  readonly merged_into: string | null;
}

export interface ObjectAudit {
  readonly object: ObjectName;
  /**
   * `not_counted`: Intercom gives no count to compare with. `never_read`: nothing is committed.
   * `unfinished`: the message says why.
   */
  readonly status: 'equal' | 'different' | 'not_counted' | 'never_read' | 'unfinished';
  readonly message: string | null;
  /** Intercom's count, and the lake's, of what was compared. */
  readonly counted: number | null;
  readonly held: number | null;
  /** Ids that the lake lacks, or holds in an older version, outside of `ranges`. */
  readonly missing: readonly string[];
  /** Ranges in which so much is missing that they are read again whole. */
  readonly ranges: readonly MissingRange[];
  readonly gone: readonly Gone[];
  /** Contacts whose tags differ. */
  readonly tags: readonly string[];
  /** How many people were erased from the lake whom Intercom still lists. */
  readonly erased: number;
}

/** What the lake holds of one object, and how to ask Intercom about it. */
export interface Auditable {
  readonly declaration: ObjectDeclaration;
  readonly reader: ObjectReader;
  readonly client: IntercomClient;
  readonly config: ResolvedConfig;
  readonly lake: ReadableLake;
  readonly manifests: readonly Manifest[];
  readonly signal: AbortSignal;
  /** Whether it is the id of a person who was erased and may not come back. */
  readonly isErased: (id: string) => boolean;
  /** The start of a time's day in the workspace; null if its time zone is unknown. */
  readonly dayStart: ((time: EpochSeconds) => EpochSeconds) | null;
}

export const NOTHING = {
  message: null,
  counted: null,
  held: null,
  missing: [],
  ranges: [],
  gone: [],
  tags: [],
  erased: 0,
} as const;

/** From this many missing ids on, reading their range takes fewer requests than asking for each. */
const MANY_MISSING = 50;

/** Joins neighbouring ranges. */
function rangesOf(found: readonly Difference[]): readonly MissingRange[] {
  const ranges: MissingRange[] = [];
  for (const { from, to, missing } of found) {
    const last = ranges.at(-1);
    if (last?.to === from) {
      ranges[ranges.length - 1] = { from: last.from, to, missing: last.missing + missing.length };
    } else ranges.push({ from, to, missing: missing.length });
  }
  return ranges;
}

const queryOf = (updated: Window, tag?: WindowQuery['where']): WindowQuery => ({
  kind: 'window',
  updated,
  created: null,
  through: false,
  ...(tag !== undefined && { where: tag }),
});

type Search = ObjectReader & {
  readonly probe: NonNullable<ObjectReader['probe']>;
  readonly list: NonNullable<ObjectReader['list']>;
};

const isSearch = (reader: ObjectReader): reader is Search =>
  reader.probe !== null && reader.list !== undefined;

/** @throws RetryableError if the window cannot be listed: then nothing is known of it */
async function listed({ list }: Search, query: WindowQuery): Promise<Listing['times']> {
  const listing = await list(query);
  if (listing !== null) return listing.times;
  throw new RetryableError('Intercom could not list a part of it. Compare it again later.', {
    code: 'not_listed',
  });
}

/** @throws RetryableError if there is no count: then nothing is known of the window */
async function countedBy({ probe }: Search, query: WindowQuery): Promise<number> {
  const { matched } = await probe(query);
  if (matched !== null) return matched;
  throw new RetryableError('Intercom did not count a part of it. Compare it again later.', {
    code: 'not_counted',
  });
}

/** True for objects that are compared stretch by stretch. Not conversation parts: no request counts them. */
export const isSearched = ({ read }: ObjectDeclaration): boolean => read.kind === 'search';

/** Ids in order of time, to count those within bounds. */
function timeline(times: ReadonlyMap<string, EpochSeconds>) {
  const sorted = [...times].sort(([, a], [, b]) => a - b);
  function firstFrom(time: EpochSeconds): number {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle]?.[1] ?? 0) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  return {
    earliest: sorted[0]?.[1] ?? null,
    count: ({ from, to }: Stretch): number => Math.max(0, firstFrom(to) - firstFrom(from)),
    ids: ({ from, to }: Stretch): readonly string[] =>
      sorted.slice(firstFrom(from), firstFrom(to)).map(([id]) => id),
  };
}

interface Bounds {
  /** Start of what the lake holds. */
  readonly from: EpochSeconds;
  /** What changed from here on is compared by ids, because it changes while we look. */
  readonly tail: EpochSeconds;
  /** Everything before this should have been read. */
  readonly cursor: EpochSeconds;
}

/**
 * Where to cut time. For searches by the second, it is unknown whether `<` includes its bound (docs/intercom-api.md
 * 10.11), so we cut where the lake holds nothing: the count is then the same either way.
 */
function alignOf({ declaration, dayStart }: Auditable, held: HeldRecords): Sides['align'] | null {
  if (declaration.read.granularity === 'day') return dayStart;
  const taken = new Set(held.times.values());
  return (time) => {
    let at = time;
    while (taken.has(at)) at -= 1;
    return at;
  };
}

/** Where the comparison begins. The lake holds only part of a day that begins before `startFrom`. */
function firstOf({ config, declaration }: Auditable, align: Sides['align']): EpochSeconds {
  const start = config.startFrom ?? 0;
  const isCut = start > 0 && declaration.read.granularity === 'day' && align(start) !== start;
  return isCut ? align(align(start) + 1.5 * DAY_SECONDS) : start;
}

function boundsOf(auditable: Auditable, align: Sides['align']): Bounds | null {
  const { manifests } = auditable;
  const cursor = manifests.at(-1)?.cursor?.after ?? null;
  if (cursor === null) return null;
  const from = firstOf(auditable, align);
  return { from, tail: Math.max(from, align(cursor)), cursor };
}

/** What became of ids that the lake holds and Intercom does not list. */
async function fateOf(
  { reader }: Auditable,
  ids: readonly string[],
): Promise<{ readonly gone: readonly Gone[]; readonly unclear: number }> {
  if (ids.length === 0) return { gone: [], unclear: 0 };
  const gone: Gone[] = [];
  let unclear = 0;
  const slice = { id: '0001', query: { kind: 'ids', ids }, exact: { from: null, to: null } } as const;
  for await (const event of reader.read(slice, null)) {
    if (event.type === 'deleted') {
      const { how, mergedInto = {} } = event;
      gone.push(...event.ids.map((id) => ({ id, how, merged_into: mergedInto[id] ?? null })));
    } else if (event.type === 'debt') unclear += 1;
    else if (event.type === 'lost') throw event.error;
  }
  return { gone, unclear };
}

const unclearText = (unclear: number): string | null =>
  unclear === 0
    ? null
    : `Intercom did not say what became of ${counted(unclear, 'record')} that only the lake holds. Audit again later`;

interface Tail {
  readonly missing: readonly string[];
  readonly extra: readonly string[];
  readonly counted: number;
}

/** Compares what changed lately, by ids and times. What is newer than the cursor is left to the next run. */
function compareTail(
  listed: ReadonlyMap<string, string>,
  times: ReadonlyMap<string, EpochSeconds>,
  { tail, cursor }: Bounds,
): Tail {
  const missing = [...listed].flatMap(([id, text]) => {
    const time = parseTime(JSON.parse(text));
    const held = times.get(id);
    return time === null || time >= cursor || (held !== undefined && held >= time) ? [] : [id];
  });
  const extra = [...times].flatMap(([id, time]) => (time >= tail && !listed.has(id) ? [id] : []));
  return { missing, extra, counted: listed.size };
}

async function compareTags(
  auditable: Auditable,
  search: Search,
  held: HeldRecords,
  settled: ReadonlyMap<string, EpochSeconds>,
  { from, tail }: Bounds,
): Promise<readonly string[]> {
  const { declaration, lake, manifests, client, signal } = auditable;
  const field = declaration.children.find(({ table }) => table === 'contact_tag')?.countedBy;
  if (field === undefined) return [];
  const inLake = await heldTags(lake, manifests, held);
  const answer = await client.get('/tags', {}, { priority: 'bulk', signal });
  const list = Array.isArray(answer.body.data) ? answer.body.data : [];
  const known = list.flatMap((tag) => (isJsonObject(tag) ? [idText(tag.id)] : []));
  const tags = new Set([...inLake.keys(), ...known.filter((id) => id !== null)]);
  const isCompared = (id: string): boolean => {
    const time = settled.get(id);
    return time !== undefined && time >= from && time < tail && held.tagVersions.has(id);
  };
  const differing = new Set<string>();
  for (const value of tags) {
    const ours = new Set([...(inLake.get(value) ?? [])].filter(isCompared));
    const query = queryOf({ from: from === 0 ? null : from, to: tail }, { field, value });
    if ((await countedBy(search, query)) === ours.size) continue;
    const times = await listed(search, query);
    for (const id of [...times.keys()].filter((one) => !ours.has(one) && isCompared(one))) differing.add(id);
    for (const id of ours) if (!times.has(id)) differing.add(id);
  }
  return [...differing];
}

/** What the lake holds of a searched object, read before Intercom is asked anything. */
export interface HeldSearch {
  readonly held: HeldRecords;
  readonly bounds: Bounds;
  readonly align: Sides['align'];
  /** About how many requests the audit sends if nothing differs. */
  readonly requests: number;
}

/** @returns an ObjectAudit if the object cannot be compared */
export async function holdSearch(auditable: Auditable): Promise<HeldSearch | ObjectAudit> {
  const { declaration, lake, manifests, reader } = auditable;
  const { name: object } = declaration;
  if (manifests.length === 0) return { ...NOTHING, object, status: 'never_read' };
  const withTags = declaration.children.some(({ countedBy }) => countedBy !== undefined);
  const held = await heldRecords(lake, object, manifests, withTags);
  const align = alignOf(auditable, held);
  if (align === null) {
    const message =
      'not compared: contacts are counted by days of the workspace, and Intercom does not give its time zone';
    return { ...NOTHING, object, status: 'unfinished', message };
  }
  const bounds = boundsOf(auditable, align);
  if (bounds === null || !isSearch(reader)) return { ...NOTHING, object, status: 'not_counted' };
  const { earliest } = timeline(held.times);
  const stretches = months({ from: Math.max(bounds.from, earliest ?? bounds.tail), to: bounds.tail }, align);
  const tags = withTags ? (await heldTags(lake, manifests, held)).size + 1 : 0;
  return { held, bounds, align, requests: stretches.length + 3 + tags };
}

/** The first stretch goes back to the beginning, whatever Intercom's index holds there. */
function stretchesOf(
  { from, tail }: Bounds,
  earliest: EpochSeconds | null,
  probe: Probe,
  align: Sides['align'],
): readonly Stretch[] {
  const first = Math.min(earliest ?? tail, probe.first ?? tail, tail);
  const tiles = months({ from: Math.max(from, align(first)), to: tail }, align);
  const begin = tiles[0]?.from ?? tail;
  return begin > from ? [{ from, to: begin }, ...tiles] : tiles;
}

export async function auditSearch(auditable: Auditable, prepared: HeldSearch): Promise<ObjectAudit> {
  const { declaration, reader, isErased } = auditable;
  const { held, bounds, align } = prepared;
  const { name: object } = declaration;
  if (!isSearch(reader)) return { ...NOTHING, object, status: 'not_counted' };
  const recent = await listed(reader, queryOf({ from: bounds.tail, to: null }));
  const tail = compareTail(recent, held.times, bounds);
  const settled = new Map([...held.times].filter(([id, time]) => time < bounds.tail && !recent.has(id)));
  const line = timeline(settled);
  const openFrom = (from: EpochSeconds): EpochSeconds | null => (from === 0 ? null : from);
  const sides: Sides = {
    align,
    count: ({ from, to }) => countedBy(reader, queryOf({ from: openFrom(from), to })),
    list: async ({ from, to }) =>
      new Set((await listed(reader, queryOf({ from: openFrom(from), to }))).keys()),
    held: line.ids,
    heldCount: line.count,
  };
  const whole = await reader.probe(queryOf({ from: openFrom(bounds.from), to: bounds.tail }));
  if (whole.matched === null) return { ...NOTHING, object, status: 'not_counted' };
  const found: Difference[] = [];
  const erased = new Set(tail.missing.filter(isErased));
  for await (const one of differences(sides, stretchesOf(bounds, line.earliest, whole, align))) {
    for (const id of one.missing.filter(isErased)) erased.add(id);
    found.push({ ...one, missing: one.missing.filter((id) => !erased.has(id)) });
  }
  const extra = [...tail.extra, ...found.flatMap((one) => one.extra)];
  const { gone, unclear } = await fateOf(auditable, extra);
  const few = found.filter((one) => one.missing.length < MANY_MISSING);
  const many = found.filter((one) => one.missing.length >= MANY_MISSING);
  const missing = [...new Set([...tail.missing, ...few.flatMap((one) => one.missing)])].filter(
    (id) => !erased.has(id),
  );
  const known = new Set([...missing, ...extra, ...many.flatMap((one) => one.missing)]);
  const tags = (await compareTags(auditable, reader, held, settled, bounds)).filter((id) => !known.has(id));
  const isEqual = missing.length + many.length + gone.length + tags.length + unclear === 0;
  return {
    object,
    status: isEqual ? 'equal' : unclear > 0 ? 'unfinished' : 'different',
    message: unclearText(unclear),
    counted: whole.matched + tail.counted,
    held: held.times.size,
    missing,
    ranges: rangesOf(many),
    gone,
    tags,
    erased: erased.size,
  };
}

/** The path at which Intercom counts all records of an object that is read whole; null if it does not. */
function countPathOf({ read }: ObjectDeclaration): string | null {
  if (read.kind === 'scroll') return read.countPath;
  const list = read.kind === 'details' ? read.list : read;
  return list.kind === 'page_number' ? list.path : null;
}

export const wholeRequests = (declaration: ObjectDeclaration): number =>
  countPathOf(declaration) === null ? 0 : 1;

/** Compares the whole object by its count, and looks for records that are no longer listed. */
export async function auditWhole(auditable: Auditable): Promise<ObjectAudit> {
  const { declaration, client, lake, manifests, signal } = auditable;
  const { name: object, permission, single } = declaration;
  const last = manifests.at(-1);
  if (last === undefined) return { ...NOTHING, object, status: 'never_read' };
  const path = countPathOf(declaration);
  if (path === null) return { ...NOTHING, object, status: 'not_counted' };
  const options: RequestOptions = { priority: 'bulk', permission, signal };
  const { body } = await client.get(path, { per_page: 1 }, options);
  const counted = parseCount(body.total_count);
  if (counted === null) return { ...NOTHING, object, status: 'not_counted' };
  const held = last.tables[object]?.rows ?? 0;
  const vanished = single === undefined ? [] : await vanishedRecords(lake, object, manifests);
  const { gone, unclear } = await fateOf(auditable, vanished);
  const isEqual = counted === held && gone.length === 0;
  return {
    ...NOTHING,
    object,
    status: unclear > 0 ? 'unfinished' : isEqual ? 'equal' : 'different',
    message: unclearText(unclear),
    counted,
    held,
    gone,
  };
}
