/** `audit`: does the lake hold what Intercom counts? The same for a directory and a deployed pipeline. */
import type { ResolvedConfig } from '../../../functions/config/config.ts';
import { meantInstead } from '../../../functions/config/similar.ts';
import { counted } from '../../../functions/core/counted.ts';
import { withoutChildren } from '../../../functions/core/declared-tables.ts';
import {
  ContractError,
  InputError,
  isPipelineError,
  PermissionError,
  RetryableError,
  UnavailableError,
} from '../../../functions/core/errors.ts';
import type { ObjectName } from '../../../functions/core/names.ts';
import type { HashSource } from '../../../functions/core/ports.ts';
import type { IntercomClient } from '../../../functions/intercom/http/client.ts';
import { readMe } from '../../../functions/intercom/me.ts';
import { createObjectReader } from '../../../functions/intercom/readers/index.ts';
import { OBJECTS } from '../../../functions/objects/index.ts';
import { knownErasures, suppressionOf } from '../../../functions/sync/erasures.ts';
import { namesIn } from '../terminal/run-options.ts';
import type { Terminal } from '../terminal/terminal.ts';
import {
  type Auditable,
  auditSearch,
  auditWhole,
  type HeldSearch,
  holdSearch,
  isSearched,
  NOTHING,
  type ObjectAudit,
  wholeRequests,
} from './audit-object.ts';
import { auditText, repairInput } from './audit-text.ts';
import { dayStarts } from './day-starts.ts';
import { countingManifests, type ReadableLake } from './held-records.ts';

export interface AuditOptions {
  readonly objects?: string;
  readonly maxRequests?: string;
  readonly yes?: boolean;
  readonly repair?: boolean;
  readonly json?: boolean;
}

/** What the audit compares, and with what. */
export interface AuditPlace {
  readonly config: ResolvedConfig;
  readonly lake: ReadableLake;
  readonly client: IntercomClient;
  /** Asked only if somebody was erased. */
  readonly hashes: HashSource;
  /** Starts a run with this input, and reports on it. */
  readonly repair: (input: Readonly<Record<string, unknown>>) => Promise<unknown>;
}

/** 0: everything that can be compared is equal. 1: something differs. 2: something could not be compared. */
export type AuditStatus = 0 | 1 | 2;

const DEFAULT_REQUESTS = 2_000;

const IN_FLIGHT = 4;

/** Characters: a little less than a state machine accepts as its input. */
const MOST_INPUT = 250_000;

function mostRequests(text: string | undefined): number {
  const most = text === undefined ? DEFAULT_REQUESTS : Number(text);
  if (Number.isSafeInteger(most) && most > 0) return most;
  throw new InputError('--max-requests must be a whole number above 0.', { code: 'bad_input' });
}

function objectsIn(list: string | undefined, configured: readonly ObjectName[]): readonly ObjectName[] {
  if (list === undefined) return configured;
  const names = namesIn(list);
  const unknown = names.filter((name) => !configured.some((object) => object === name));
  if (unknown.length === 0 && names.length > 0) return configured.filter((object) => names.includes(object));
  throw new InputError(
    `--objects names ${unknown.join(', ') || 'nothing'}; ${meantInstead(unknown, configured)}.`,
    { code: 'unknown_object' },
  );
}

/** A client that sends at most this many requests. Retries of a request are not counted. */
function limited(
  { get, post }: IntercomClient,
  most: number,
): IntercomClient & { readonly sent: () => number } {
  let sent = 0;
  const spend = (): void => {
    if (sent >= most) {
      throw new InputError(
        `The audit needs more than ${counted(most, 'request')}. Allow more with --max-requests, or name fewer objects with --objects.`,
        { code: 'too_many_requests' },
      );
    }
    sent += 1;
  };
  return {
    sent: () => sent,
    async get(...request) {
      spend();
      return get(...request);
    },
    async post(...request) {
      spend();
      return post(...request);
    },
  };
}

/** True for what stops only this object. A dead token or a bug stops the audit. */
const isOfTheObject = (error: unknown): error is Error =>
  error instanceof ContractError ||
  error instanceof InputError ||
  error instanceof PermissionError ||
  error instanceof UnavailableError ||
  error instanceof RetryableError;

async function orUnfinished<T>(object: ObjectName, work: () => Promise<T>): Promise<T | ObjectAudit> {
  try {
    return await work();
  } catch (error) {
    if (!isOfTheObject(error)) throw error;
    return { ...NOTHING, object, status: 'unfinished', message: error.message };
  }
}

type Prepared = readonly [Auditable, HeldSearch | ObjectAudit | null];

const isHeld = (prepared: HeldSearch | ObjectAudit): prepared is HeldSearch => 'bounds' in prepared;

function requestsOf([{ declaration }, prepared]: Prepared): number {
  if (prepared === null) return wholeRequests(declaration);
  return isHeld(prepared) ? prepared.requests : 0;
}

async function auditOne([auditable, prepared]: Prepared): Promise<ObjectAudit> {
  if (prepared === null) return auditWhole(auditable);
  return isHeld(prepared) ? auditSearch(auditable, prepared) : prepared;
}

const auditStatus = (objects: readonly ObjectAudit[]): AuditStatus => {
  if (objects.some(({ status }) => status === 'unfinished')) return 2;
  return objects.some(({ status }) => status === 'different') ? 1 : 0;
};

async function audit(terminal: Terminal, place: AuditPlace, options: AuditOptions): Promise<AuditStatus> {
  const { config, lake, hashes } = place;
  const { clock, signal } = terminal;
  const most = mostRequests(options.maxRequests);
  const names = objectsIn(options.objects, config.objects);
  const client = limited(place.client, most);
  const dayStart = dayStarts((await readMe(client, { signal })).timezone);
  const erasures = (await knownErasures(lake)).map(({ id }) => id);
  const prepared: Prepared[] = [];
  for (const name of names) {
    const declaration = withoutChildren(OBJECTS[name], config.excludedTables);
    const reader = createObjectReader(declaration, { client, clock, inFlight: IN_FLIGHT, signal });
    const manifests = await countingManifests(lake, name);
    const arePeople = declaration.person?.isPerson === true;
    const eraser = arePeople ? await suppressionOf({ lake, declaration, hashes }, erasures) : null;
    const isErased = (id: string): boolean => eraser?.isId(id) === true;
    const auditable = { declaration, reader, client, config, lake, manifests, isErased, signal, dayStart };
    const held = isSearched(declaration) ? await orUnfinished(name, () => holdSearch(auditable)) : null;
    prepared.push([auditable, held]);
  }
  const least = prepared.reduce((sum, one) => sum + requestsOf(one), 0);
  const question = `The audit sends about ${counted(least, 'request')} to Intercom if nothing differs, and at most ${counted(most, 'request')} (--max-requests). Continue?`;
  if (options.yes !== true && !(await terminal.confirm(question))) {
    terminal.tell('Nothing was compared. Use --yes if nobody can answer.');
    return 2;
  }
  const objects: ObjectAudit[] = [];
  for (const one of prepared) {
    objects.push(await orUnfinished(one[0].declaration.name, () => auditOne(one)));
  }
  const requests = client.sent();
  terminal.print(
    options.json === true ? JSON.stringify({ requests, objects }) : auditText(objects, requests),
  );
  const input = repairInput(objects);
  if (options.repair === true && input !== null) {
    if (JSON.stringify(input).length > MOST_INPUT) {
      const message =
        "There are too many differences for one run. Read the objects again from the beginning: 'resync' for a deployed pipeline, 'reset' and then 'sync' for a directory.";
      throw new InputError(message, { code: 'too_many_differences' });
    }
    terminal.tell('Starting a run that reads the differences again.');
    await place.repair(input);
    terminal.tell('Audit again to see whether the lake is equal now.');
  }
  return auditStatus(objects);
}

/** Audits. Reports an error that stops the audit, and returns 2 for it. */
export async function runAudit(
  terminal: Terminal,
  options: AuditOptions,
  open: () => Promise<AuditPlace>,
): Promise<AuditStatus> {
  try {
    return await audit(terminal, await open(), options);
  } catch (error) {
    if (!isPipelineError(error)) throw error;
    terminal.tell(`error: ${error.message}`);
    return 2;
  }
}
