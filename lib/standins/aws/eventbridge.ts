import { randomUUID } from 'node:crypto';
import type { EventsFile } from './events-file.ts';
import { AwsFailure, type JsonObject, type JsonOperations, optionalString } from './json-protocol.ts';

/** EventBridge's limit for one entry. */
const MAX_ENTRY_BYTES = 256 * 1024;

/** EventBridge's limit for one request. */
const MAX_ENTRIES = 10;

interface Refusal {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

/** `PutEvents` to the default bus. Each event becomes a line of the file, in the form in which a rule's target gets it. */
export function eventBridgeOperations(file: EventsFile, region: string): JsonOperations {
  const put = async (entry: JsonObject): Promise<Refusal | { readonly EventId: string }> => {
    const refusal = refusalOf(entry);
    if (refusal !== null) return refusal;
    const id = randomUUID();
    await file.append({
      version: '0',
      id,
      'detail-type': entry.DetailType,
      source: entry.Source,
      account: '000000000000',
      time: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
      region,
      resources: entry.Resources ?? [],
      detail: JSON.parse(String(entry.Detail)),
    });
    return { EventId: id };
  };
  return {
    'AWSEvents.PutEvents': async (request) => {
      const entries = entriesOf(request);
      const Entries: (Refusal | { readonly EventId: string })[] = [];
      for (const entry of entries) Entries.push(await put(entry));
      return { FailedEntryCount: Entries.filter((one) => 'ErrorCode' in one).length, Entries };
    },
  };
}

function entriesOf({ Entries }: JsonObject): readonly JsonObject[] {
  const isList = Array.isArray(Entries) && Entries.length > 0 && Entries.length <= MAX_ENTRIES;
  if (isList) return Entries as readonly JsonObject[];
  throw new AwsFailure('ValidationException', `Entries must be a list of 1 to ${MAX_ENTRIES}.`);
}

function refusalOf(entry: JsonObject): Refusal | null {
  const [source, detailType, detail] = ['Source', 'DetailType', 'Detail'].map((name) =>
    optionalString(entry, name),
  );
  if (!source || !detailType || !detail) {
    return refusal('InvalidArgument', 'Source, DetailType and Detail must not be empty.');
  }
  if (entry.EventBusName !== undefined && entry.EventBusName !== 'default') {
    return refusal('InvalidArgument', 'There is only the default bus here.');
  }
  const bytes = Buffer.byteLength(source) + Buffer.byteLength(detailType) + Buffer.byteLength(detail);
  if (bytes > MAX_ENTRY_BYTES) return refusal('InvalidArgument', 'The entry is over 256 KiB.');
  if (!isJsonObject(detail)) return refusal('MalformedDetail', 'Detail is malformed.');
  return null;
}

const refusal = (ErrorCode: string, ErrorMessage: string): Refusal => ({ ErrorCode, ErrorMessage });

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
