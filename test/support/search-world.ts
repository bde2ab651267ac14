/** Records, and a search over them that compares times as Intercom does: by whole local days, or by seconds. */
import type { ObjectReader, Probe, ReadRecord, Slice, SliceQuery } from '../../functions/core/reading.ts';

export interface WorldRecord {
  readonly id: string;
  readonly updated_at: number;
  readonly created_at: number;
}

export type Comparison =
  | { readonly granularity: 'day'; readonly zone: string }
  /** `inclusive`: the server reads `<` as "lower or equal" and `>` as "greater or equal". */
  | { readonly granularity: 'second'; readonly inclusive: boolean };

const formats = new Map<string, Intl.DateTimeFormat>();
const dates = new Map<string, string>();

/** Every offset from UTC, and every change of clocks, is a multiple of this. */
const QUARTER_SECONDS = 900;

/** `2026-11-22`, the date in the zone. */
export function localDate(zone: string, at: number): string {
  const key = `${zone} ${Math.floor(at / QUARTER_SECONDS)}`;
  const known = dates.get(key);
  if (known !== undefined) return known;
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  formats.set(zone, format);
  const date = format.format(at * 1000);
  dates.set(key, date);
  return date;
}

/** True if the server holds that `at < bound`. */
function isBelow(comparison: Comparison, at: number, bound: number): boolean {
  if (comparison.granularity === 'second') return comparison.inclusive ? at <= bound : at < bound;
  return localDate(comparison.zone, at) < localDate(comparison.zone, bound);
}

/** True if the server holds that `at > bound OR at = bound`. */
function isFrom(comparison: Comparison, at: number, bound: number): boolean {
  if (comparison.granularity === 'second') return at >= bound;
  return localDate(comparison.zone, at) >= localDate(comparison.zone, bound);
}

/** True if the server's answer to a query includes the record. */
export function matches(comparison: Comparison, query: SliceQuery, record: WorldRecord): boolean {
  if (query.kind === 'all') return true;
  if (query.kind === 'ids') return query.ids.includes(record.id);
  if (query.kind === 'deleted') return false;
  const { updated, created, through } = query;
  const { updated_at: at, created_at: born } = record;
  if (updated.from !== null && !isFrom(comparison, at, updated.from)) return false;
  if (updated.to !== null && !isBelow(comparison, at, updated.to)) {
    const isOfLastDay = through && !isFromNextDay(comparison, at, updated.to);
    if (!isOfLastDay) return false;
  }
  if (created === null) return true;
  if (created.from !== null && !isFrom(comparison, born, created.from)) return false;
  return created.to === null || isBelow(comparison, born, created.to);
}

function isFromNextDay(comparison: Comparison, at: number, bound: number): boolean {
  if (comparison.granularity === 'second') return at > bound;
  return localDate(comparison.zone, at) > localDate(comparison.zone, bound);
}

const byTime = (a: WorldRecord, b: WorldRecord): number =>
  a.updated_at - b.updated_at || (a.id < b.id ? -1 : 1);

export interface World {
  /** May be changed between and during runs. */
  records: readonly WorldRecord[];
  readonly comparison: Comparison;
  probes: number;
}

export const createWorld = (records: readonly WorldRecord[], comparison: Comparison): World => ({
  records,
  comparison,
  probes: 0,
});

export const search = (world: World, query: SliceQuery): readonly WorldRecord[] =>
  world.records.filter((record) => matches(world.comparison, query, record)).sort(byTime);

export const probeOf =
  (world: World) =>
  async (query: SliceQuery): Promise<Probe> => {
    world.probes += 1;
    const found = search(world, query);
    return { matched: found.length, first: found[0]?.updated_at ?? null };
  };

/** The exact bounds, as the engine applies them. */
export const isWithin = ({ from, to }: Slice['exact'], at: number): boolean =>
  (from === null || at >= from) && (to === null || at < to);

export interface WorldReaderOptions {
  readonly pageSize?: number;
  /** True for records that the search counts but does not return, for this slice. */
  readonly isLost?: (slice: Slice, record: WorldRecord) => boolean;
  readonly nowMs: () => number;
}

/** A reader of the world. Its position is the number of records read. */
export function createWorldReader(world: World, options: WorldReaderOptions): ObjectReader {
  const { pageSize = 7, isLost = () => false, nowMs } = options;
  return {
    probe: probeOf(world),
    async *read(slice, position) {
      const found = search(world, slice.query);
      const given = found.filter((record) => !isLost(slice, record));
      for (let at = typeof position === 'number' ? position : 0; at < given.length; at += pageSize) {
        const page = given.slice(at, at + pageSize);
        const records = page.map(
          (record): ReadRecord => ({
            id: record.id,
            record: { type: 'x', tags: { data: [] }, companies: { data: [] }, ...record },
            stampedAt: record.updated_at,
            receivedAtMs: nowMs(),
          }),
        );
        yield { type: 'page', records, ids: page.map(({ id }) => id), position: at + page.length };
      }
      yield { type: 'end', matched: found.length };
    },
  };
}
