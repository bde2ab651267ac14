/** `person erase`: asks, lets every object remove the person from its history, and writes the certificate. */
import { counted } from '../../../functions/core/counted.ts';
import type {
  ErasedObject,
  ErasureCertificate,
  ErasureRequest,
  PersonHashes,
} from '../../../functions/core/erasure.ts';
import { InputError } from '../../../functions/core/errors.ts';
import {
  certificateKey,
  erasedObjectKey,
  erasureLiftedKey,
  erasureNowKey,
  erasureRequestKey,
  evidencePrefix,
  manifestPrefix,
  originalOf,
  runIdOf,
} from '../../../functions/core/lake-keys.ts';
import { OBJECT_NAMES, type ObjectName } from '../../../functions/core/names.ts';
import type { HashText, Lake } from '../../../functions/core/ports.ts';
import { isoTime } from '../../../functions/core/time.ts';
import { type KnownErasure, knownErasures, requestOf } from '../../../functions/sync/erasures.ts';
import { GRACE_MS } from '../../../functions/sync/rewrite/tiers.ts';
import { requireStored, storeOnce } from '../../../functions/sync/store.ts';
import { tableText } from '../terminal/table-text.ts';
import type { ExitStatus, Terminal } from '../terminal/terminal.ts';
import { removeLeftOvers } from './left-overs.ts';
import { countErased, countingFiles, recognize, type TableCount } from './person.ts';

export interface EraseOptions {
  readonly yes?: boolean;
  readonly json?: boolean;
  /** Removes replaced files without waiting for queries that read them. */
  readonly now?: boolean;
  /** Later reads may bring the person back. */
  readonly allowReturn?: boolean;
}

/** What `--json` prints, whatever happened: one document. */
interface ErasureReport {
  /**
   * `erased`: nothing is left to do. `waiting`: no table shows the person, but old files stay for running queries.
   * `not_erased`: some objects still have the person.
   */
  readonly status: 'erased' | 'waiting' | 'not_erased' | 'nothing_found' | 'declined';
  readonly id: string | null;
  /** Objects that still have the person. */
  readonly not_erased: readonly ObjectName[];
  /** Objects whose old files still have the person. */
  readonly old_files: readonly ObjectName[];
  /** After this time the same command removes the old files. */
  readonly repeat_after: string | null;
  /** Null until everything is done. */
  readonly certificate: ErasureCertificate | null;
}

/** A lake, and how the work is done there. */
export interface ErasureSite {
  readonly lake: Lake;
  readonly hash: HashText;
  /** Why an object may not have done its part, and what to do. */
  readonly notErased: string;
  /** Lets the functions of all objects do what is due. */
  work(): Promise<void>;
  /** Removes older versions of keys with these prefixes, as far as rights allow. Null if the lake has no versions. */
  removeOlderVersions(prefixes: readonly string[]): Promise<ErasureCertificate['older_versions']>;
}

const subjectOf = (who: string, hash: HashText): string => hash(who.toLowerCase());

/** All erasures of the person. */
async function erasuresOf(
  { lake, hash }: Pick<ErasureSite, 'lake' | 'hash'>,
  who: string,
): Promise<readonly (KnownErasure & { readonly request: ErasureRequest })[]> {
  const all = await knownErasures(lake);
  const requests = await Promise.all(
    all.map(async (one) => ({ ...one, request: await requestOf(lake, one.id) })),
  );
  return requests.filter(({ request }) => request.subject === subjectOf(who, hash));
}

async function unfinished(site: ErasureSite, who: string): Promise<ErasureRequest | null> {
  for (const { id, request } of await erasuresOf(site, who))
    if ((await site.lake.get(certificateKey(id))) === null) return request;
  return null;
}

function counts(terminal: Terminal, found: readonly TableCount[], who: string): void {
  const cells = found.map(({ table, removed, blanked }) => [table, String(removed), String(blanked)]);
  terminal.tell(tableText([['table', 'rows to remove', 'rows to blank'], ...cells]));
  terminal.tell(
    `${who} is in ${counted(found.length, 'table')}. Clean backups, copies and exports yourself.`,
  );
}

async function ask(
  site: ErasureSite,
  who: string,
  person: PersonHashes,
  options: EraseOptions,
  now: number,
): Promise<ErasureRequest> {
  const subject = subjectOf(who, site.hash);
  const id = runIdOf(now, subject);
  const request: ErasureRequest = {
    format: 1,
    id,
    requested_at: isoTime(now),
    subject,
    suppress: options.allowReturn !== true,
    ...person,
  };
  return storeOnce(site.lake, erasureRequestKey(id), request);
}

/** Objects with committed runs that have not reached one of these steps. */
async function behind(
  lake: Pick<Lake, 'list'>,
  id: string,
  steps: readonly ReturnType<KnownErasure['step']>[],
): Promise<readonly ObjectName[]> {
  const erasure = (await knownErasures(lake)).find((one) => one.id === id);
  const objects: ObjectName[] = [];
  for (const object of OBJECT_NAMES) {
    const [first] = await Array.fromAsync(lake.list(manifestPrefix(object)));
    if (first !== undefined && !steps.includes(erasure?.step(object) ?? 'asked')) objects.push(object);
  }
  return objects;
}

async function partsOf(lake: Pick<Lake, 'get' | 'list'>, id: string): Promise<readonly ErasedObject[]> {
  const [erasure] = (await knownErasures(lake)).filter((one) => one.id === id);
  const done = OBJECT_NAMES.filter((object) => erasure !== undefined && erasure.step(object) !== 'asked');
  return Promise.all(
    done.map((object) => requireStored<ErasedObject>(lake, erasedObjectKey(id, object, 'rewritten'))),
  );
}

/** When the last old file of these objects may go; null if there is none. */
async function endOfWaiting(
  lake: Pick<Lake, 'get' | 'list'>,
  id: string,
  waiting: readonly ObjectName[],
): Promise<string | null> {
  const parts = (await partsOf(lake, id)).filter(({ object }) => waiting.includes(object));
  if (parts.length === 0) return null;
  return isoTime(Math.max(...parts.map(({ rewritten_at }) => Date.parse(rewritten_at))) + GRACE_MS);
}

/** Keys of the files that were replaced, and prefixes of the manifests and evidence of their runs. */
function replacedBy(parts: readonly ErasedObject[]): readonly string[] {
  const prefixes = parts.flatMap(({ object, files }) =>
    files.flatMap(({ before }) => {
      const [runId = ''] = /(?<=\/run_id=)[^/]+/.exec(before.key) ?? [];
      return [
        before.key,
        `${manifestPrefix(object)}${originalOf(runId)}`,
        `${evidencePrefix(object)}${originalOf(runId)}`,
      ];
    }),
  );
  return [...new Set(prefixes)];
}

async function certify(
  site: ErasureSite,
  request: ErasureRequest,
  otherFiles: readonly string[],
  now: number,
): Promise<ErasureCertificate> {
  const { lake } = site;
  const parts = await partsOf(lake, request.id);
  const older = await site.removeOlderVersions([...replacedBy(parts), ...otherFiles]);
  return storeOnce<ErasureCertificate>(lake, certificateKey(request.id), {
    format: 1,
    id: request.id,
    requested_at: request.requested_at,
    completed_at: isoTime(now),
    subject: request.subject,
    suppressed: request.suppress,
    objects: parts.map(({ format: _format, ...part }) => part),
    other_files: otherFiles.length,
    older_versions: older,
  });
}

function olderText({ removed, left, until }: NonNullable<ErasureCertificate['older_versions']>): string {
  const gone = `${counted(removed, 'older version')} removed from the bucket.`;
  if (left === 0) return gone;
  const what = left === null ? 'Older versions' : counted(left, 'older version');
  const end = until === null ? 'until you, or the rules of your bucket, remove them' : `until ${until}`;
  return `${gone} ${what} of these files may stay ${end}: your credentials need s3:ListBucketVersions and s3:DeleteObjectVersion to remove them.`;
}

/** Prints the report, or else the text, if there is one. */
function show(
  terminal: Terminal,
  { json = false }: EraseOptions,
  report: Pick<ErasureReport, 'status'> & Partial<ErasureReport>,
  text: string | null = null,
): void {
  const none = { id: null, not_erased: [], old_files: [], repeat_after: null, certificate: null };
  if (json) terminal.print(JSON.stringify({ ...none, ...report } satisfies ErasureReport));
  else if (text !== null) terminal.print(text);
}

function certificateText(certificate: ErasureCertificate): string {
  const files = certificate.objects.flatMap((one) => one.files);
  const removed = files.reduce((sum, file) => sum + file.removed, 0);
  const blanked = files.reduce((sum, file) => sum + file.blanked, 0);
  const { older_versions: older } = certificate;
  return [
    `Erased: ${counted(removed, 'row')} removed, ${counted(blanked, 'row')} blanked, in ${counted(files.length, 'file')}. Certificate: ${certificateKey(certificate.id)}`,
    ...(older === null ? [] : [olderText(older)]),
  ].join('\n');
}

/**
 * The person's erasure that is not finished, or a new one if the user agrees.
 * @returns why there is none
 */
async function requestFor(
  terminal: Terminal,
  who: string,
  site: ErasureSite,
  options: EraseOptions,
): Promise<ErasureRequest | 'nothing_found' | 'declined'> {
  const { lake, hash } = site;
  const begun = await unfinished(site, who);
  if (begun !== null) {
    terminal.tell(`Continuing the erasure that was requested at ${begun.requested_at}.`);
    return begun;
  }
  const files = await countingFiles(lake);
  const person = await recognize(lake, files, who, hash);
  const found = await countErased(lake, files, person, hash);
  if (found.length === 0) return 'nothing_found';
  counts(terminal, found, who);
  const question = `Erase ${who}? This cannot be undone.${options.now === true ? ' Queries that are running may fail.' : ''}`;
  if (options.yes !== true && !(await terminal.confirm(question))) {
    terminal.tell('Nothing was changed. Use --yes if nobody can answer.');
    return 'declined';
  }
  // Ctrl-C while the command counted means no erasure.
  terminal.signal.throwIfAborted();
  return ask(site, who, person, options, terminal.clock.now());
}

/**
 * Erases a person, or continues an erasure that was interrupted.
 * @throws the signal's reason; InputError if an object could not do its part; ContractError if a file is damaged
 */
export async function runPersonErase(
  terminal: Terminal,
  who: string,
  site: ErasureSite,
  options: EraseOptions,
): Promise<ExitStatus> {
  const { lake, hash } = site;
  const request = await requestFor(terminal, who, site, options);
  if (request === 'nothing_found') {
    show(terminal, options, { status: request }, `The lake holds nothing of ${who}.`);
    return 0;
  }
  if (request === 'declined') {
    show(terminal, options, { status: request });
    return 1;
  }
  const { id } = request;
  if (options.now === true) await storeOnce(lake, erasureNowKey(id), {});
  await site.work();
  const late = await behind(lake, id, ['rewritten', 'removed']);
  const waiting = (await behind(lake, id, ['removed'])).filter((object) => !late.includes(object));
  const repeatAfter = await endOfWaiting(lake, id, waiting);
  const left = { id, not_erased: late, old_files: waiting, repeat_after: repeatAfter };
  if (late.length > 0) {
    show(terminal, options, { status: 'not_erased', ...left });
    throw new InputError(
      `The person is not yet erased from ${late.join(', ')}. ${site.notErased} Then repeat this command.`,
      { code: 'not_erased' },
    );
  }
  const otherFiles = await removeLeftOvers(lake, request, hash);
  if (waiting.length > 0) {
    show(terminal, options, { status: 'waiting', ...left });
    terminal.tell(
      `No table shows the person any more. Old files of ${waiting.join(', ')} stay until ${repeatAfter}, for queries that still read them. After that, repeat this command: it removes them and writes the certificate. With --now it does so at once.`,
    );
    return 0;
  }
  const certificate = await certify(site, request, otherFiles, terminal.clock.now());
  show(terminal, options, { status: 'erased', id, certificate }, certificateText(certificate));
  return 0;
}

/** Lets a person who was erased come back with the next read. */
export async function runPersonAllow(
  terminal: Terminal,
  who: string,
  site: Pick<ErasureSite, 'lake' | 'hash'>,
): Promise<ExitStatus> {
  const found = (await erasuresOf(site, who)).filter(
    ({ isLifted, request }) => request.suppress && !isLifted,
  );
  for (const { id } of found) await storeOnce(site.lake, erasureLiftedKey(id), {});
  terminal.print(
    found.length === 0
      ? `${who} is not kept out: no erasure of this id or address is in force.`
      : `${who} comes back with the next read, if Intercom still has them.`,
  );
  return 0;
}
