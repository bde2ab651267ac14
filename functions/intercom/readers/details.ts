/** Reads a page-number list, then what its records lack (docs/intercom-api.md 6.8.3, 6.11). */
import type { Detail, ObjectDeclaration, ReadSpec } from '../../core/declaration.ts';
import { PermissionError, UnavailableError } from '../../core/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts';
import type { ObjectName } from '../../core/names.ts';
import type { ObjectReader, Observed, Position, ReadEvent, ReadRecord, Reject } from '../../core/reading.ts';
import { idText } from '../../core/scalars.ts';
import { isNotFound } from '../http/failures.ts';
import { createPageNumberReader } from './page-number.ts';
import { createFailureGate, type FailureGate } from './walk/failure-gate.ts';
import { BY_ID, recordId } from './walk/identify.ts';
import { inOrder } from './walk/in-order.ts';
import { onlyRecord, recordsOf } from './walk/list-answers.ts';
import { type AskOptions, askOptions, pathOf, type ReaderDeps } from './walk/requests.ts';

type DetailsRead = Extract<ReadSpec, { kind: 'details' }>;
type PageEvent = Extract<ReadEvent, { type: 'page' }>;

/** Some records of a page, with their details. */
interface Detailed {
  readonly records: readonly ReadRecord[];
  readonly rejects: readonly Reject[];
  readonly observed: Observed;
  /** Records whose details did not come. */
  readonly missing: readonly string[];
  /** Why the details of these records could not be read. */
  readonly failed: { readonly ids: readonly string[]; readonly error: unknown } | null;
  /** Something did not come, and it is unknown whether it exists. */
  readonly unproven: boolean;
}

type DetailsPosition = {
  readonly list: Position;
  /** Something did not come, and it is unknown whether it exists. */
  readonly unproven: boolean;
};

const BEGINNING: DetailsPosition = { list: null, unproven: false };

type AskDetails = (listed: readonly ReadRecord[]) => Promise<Detailed>;

const NOTHING: Detailed = {
  records: [],
  rejects: [],
  observed: {},
  missing: [],
  failed: null,
  unproven: false,
};

const idsOf = (records: readonly ReadRecord[]): readonly string[] => records.map(({ id }) => id);

/** Groups of records whose details one request asks for. */
function groupsOf(detail: Detail, listed: readonly ReadRecord[]): readonly (readonly ReadRecord[])[] {
  if (detail.kind === 'field_of_each') return listed.map((one) => [one]);
  const { field, most } = detail;
  const byValue = [...Map.groupBy(listed, ({ record }) => idText(record[field])).values()];
  return Array.from({ length: Math.ceil(byValue.length / most) }, (_, index) =>
    byValue.slice(index * most, (index + 1) * most).flat(),
  );
}

/** The field of each record's own answer. A record that is gone by now gives none; the list no longer counts it. */
function askField(
  table: ObjectName,
  { path, field, key }: Extract<Detail, { kind: 'field_of_each' }>,
  { client }: ReaderDeps,
  ask: AskOptions,
): AskDetails {
  return async ([listed]) => {
    if (listed === undefined) return NOTHING;
    const { id } = listed;
    const { body, failure, receivedAtMs } = await client.get(
      pathOf(path, id),
      {},
      ask('bulk', { accept: onlyRecord(id, path), expect: isNotFound }),
    );
    if (failure !== null) return NOTHING;
    const value = body[field] ?? null;
    if (value !== null && !isJsonObject(value)) {
      const reject = { table, path: `${id}.${field}`, reason: 'not an object', value, receivedAtMs };
      return { ...NOTHING, rejects: [reject] };
    }
    const record: JsonObject = { ...value, [key]: id };
    const records = [{ ...listed, record, receivedAtMs }];
    if (field in body) return { ...NOTHING, records };
    return { ...NOTHING, records, observed: { [field]: 'not sent' }, unproven: true };
  };
}

/** The records, with what Intercom answers for the values of their field. */
function askMore(
  { path, parameter, field, observedAs }: Extract<Detail, { kind: 'more_of_several' }>,
  { client }: ReaderDeps,
  ask: AskOptions,
): AskDetails {
  let refusal: string | null = null;
  const asListed = (records: readonly ReadRecord[]): Detailed => ({
    ...NOTHING,
    records,
    ...(refusal !== null && { observed: { [observedAs]: `not read: ${refusal}` }, unproven: true }),
  });

  async function answered(values: readonly string[]): Promise<readonly JsonValue[]> {
    const accept = (body: JsonObject): readonly JsonValue[] => recordsOf(body, ['data'], path);
    return accept((await client.post(path, { [parameter]: values }, ask('bulk', { accept }))).body);
  }

  return async (listed) => {
    const values = [...new Set(listed.map(({ record }) => idText(record[field])))].filter(
      (value) => value !== null,
    );
    if (values.length === 0 || refusal !== null) return asListed(listed);
    try {
      const more = (await answered(values)).filter((value) => isJsonObject(value));
      const byId = new Map(more.map((value) => [recordId(BY_ID, value), value]));
      const asked = listed.filter(({ record }) => idText(record[field]) !== null);
      const records = listed.map((one) => ({ ...one, record: { ...one.record, ...byId.get(one.id) } }));
      return { ...asListed(records), missing: idsOf(asked).filter((id) => !byId.has(id)) };
    } catch (error) {
      if (!(error instanceof PermissionError || error instanceof UnavailableError)) throw error;
      // What is refused for these records is refused for all. The records themselves came.
      refusal = error.message;
      return asListed(listed);
    }
  };
}

export function createDetailsReader(
  declaration: ObjectDeclaration,
  { list, detail }: DetailsRead,
  deps: ReaderDeps,
): ObjectReader {
  const ask = askOptions(declaration, deps);
  const listing = createPageNumberReader({ ...declaration, ...BY_ID }, list, deps);
  const isKept = detail.kind === 'more_of_several';

  async function* withDetails(
    page: PageEvent,
    unprovenBefore: boolean,
    askDetails: AskDetails,
    gate: FailureGate,
  ): AsyncGenerator<ReadEvent, boolean, void> {
    let unproven = unprovenBefore;
    const records: ReadRecord[] = [];
    // Details that are no more of the same: the listed records are another object's.
    const rejects: Reject[] = (page.rejects ?? []).map((one) => (isKept ? one : { ...one, table: null }));
    let observed: Observed = page.evidence?.observed ?? {};
    const work = async (group: readonly ReadRecord[]): Promise<Detailed> => {
      try {
        return await askDetails(group);
      } catch (error) {
        return { ...NOTHING, records: isKept ? group : [], failed: { ids: idsOf(group), error } };
      }
    };
    for await (const detailed of inOrder(groupsOf(detail, page.records), deps.pace.limit, work)) {
      if (detailed.failed === null) gate.succeeded();
      else {
        const { ids, error } = detailed.failed;
        yield { type: 'debt', scope: { ids }, reason: await gate.failed(error) };
      }
      const { missing } = detailed;
      if (missing.length > 0)
        yield { type: 'debt', scope: { ids: missing }, reason: `${detail.path} did not answer them` };
      records.push(...detailed.records);
      rejects.push(...detailed.rejects);
      observed = { ...observed, ...detailed.observed };
      unproven ||= detailed.unproven;
    }
    const position: DetailsPosition = { list: page.position, unproven };
    const evidence = { ...page.evidence, observed };
    yield { ...page, records, rejects, ids: idsOf(records), position, evidence };
    return unproven;
  }

  return {
    async *read(slice, start) {
      const { list: from, unproven: unprovenBefore } = (start as DetailsPosition | null) ?? BEGINNING;
      let unproven = unprovenBefore;
      const gate = createFailureGate(deps.client, deps.signal);
      const askDetails =
        detail.kind === 'field_of_each'
          ? askField(declaration.name, detail, deps, ask)
          : askMore(detail, deps, ask);
      for await (const event of listing.read(slice, from)) {
        if (event.type === 'page') unproven = yield* withDetails(event, unproven, askDetails, gate);
        else yield event.type === 'end' && unproven ? { ...event, matched: null } : event;
      }
    },
    probe: null,
  };
}
