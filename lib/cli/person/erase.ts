/** `person erase`: asks, has every object take the person out of its history, and writes the certificate. */
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
import { requireStored, storeOnce } from '../../../functions/sync/store.ts';
import { tableText } from '../terminal/table-text.ts';
import type { ExitStatus, Terminal } from '../terminal/terminal.ts';
import { removeLeftOvers } from './left-overs.ts';
import { countErased, countingFiles, recognize, type TableCount } from './person.ts';

export interface EraseOptions {
  readonly yes?: boolean;
  readonly json?: boolean;
  /** Does not wait for queries that read replaced files. */
  readonly now?: boolean;
  /** Later reads may bring the person back. */
  readonly allowReturn?: boolean;
}

/** Where a lake is, and who does the work there. */
export interface ErasureSite {
  readonly lake: Lake;
  readonly hash: HashText;
  /** Has the functions of all objects do what is due. */
  work(): Promise<void>;
  /** Removes older versions of what has these prefixes, as far as rights allow. Null: there are none. */
  removeOlderVersions(prefixes: readonly string[]): Promise<ErasureCertificate['older_versions']>;
}

const subjectOf = (who: string, hash: HashText): string => hash(who.toLowerCase());

/** Erasures of the same person that have no certificate yet, or all of them. */
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
    `${who} is in ${counted(found.length, 'table')}. Backups, copies and exports are yours to clean.`,
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

/** Objects with committed runs that have not come so far. */
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

/** Keys of the files that were replaced, and how the keys of their runs' manifests and evidence begin. */
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

function report(terminal: Terminal, certificate: ErasureCertificate, asJson: boolean): void {
  if (asJson) {
    terminal.print(JSON.stringify(certificate));
    return;
  }
  const files = certificate.objects.flatMap((one) => one.files);
  const removed = files.reduce((sum, file) => sum + file.removed, 0);
  const blanked = files.reduce((sum, file) => sum + file.blanked, 0);
  terminal.print(
    `Erased: ${counted(removed, 'row')} removed, ${counted(blanked, 'row')} blanked, in ${counted(files.length, 'file')}. Certificate: ${certificateKey(certificate.id)}`,
  );
  const { older_versions: older } = certificate;
  if (older !== null) terminal.print(olderText(older));
}

/**
 * Erases a person. The same command goes on with an erasure that was cut off.
 * @throws the signal's reason; InputError if an object could not do its part; ContractError if a file is damaged
 */
export async function runPersonErase(
  terminal: Terminal,
  who: string,
  site: ErasureSite,
  options: EraseOptions,
): Promise<ExitStatus> {
  const { lake, hash } = site;
  const { clock } = terminal;
  let request = await unfinished(site, who);
  if (request === null) {
    const files = await countingFiles(lake);
    const person = await recognize(lake, files, who, hash);
    const found = await countErased(lake, files, person, hash);
    if (found.length === 0) {
      terminal.print(options.json === true ? 'null' : `The lake holds nothing of ${who}.`);
      return 0;
    }
    counts(terminal, found, who);
    const question = `Erase ${who}? This cannot be taken back.${options.now === true ? ' Queries that are running may fail.' : ''}`;
    if (options.yes !== true && !(await terminal.confirm(question))) {
      terminal.tell('Nothing was changed. Use --yes if nobody can answer.');
      return 1;
    }
    // Whoever stopped the command while it counted wants no erasure.
    terminal.signal.throwIfAborted();
    request = await ask(site, who, person, options, clock.now());
  } else terminal.tell(`Going on with the erasure of ${request.requested_at}.`);
  const { id } = request;
  if (options.now === true) await storeOnce(lake, erasureNowKey(id), {});
  await site.work();
  const late = await behind(lake, id, ['rewritten', 'removed']);
  if (late.length > 0) {
    throw new InputError(
      `The person is not yet erased from ${late.join(', ')}: a run holds the object, or it is no longer configured. Run the same command again when it is over.`,
      { code: 'not_erased' },
    );
  }
  const waiting = await behind(lake, id, ['removed']);
  const otherFiles = await removeLeftOvers(lake, request, hash);
  if (waiting.length > 0) {
    terminal.tell(
      `No table shows the person any more. Old files of ${waiting.join(', ')} stay for two hours, for queries that read them. Then run the same command again: it removes them and writes the certificate. With --now it does so at once.`,
    );
    return 0;
  }
  report(terminal, await certify(site, request, otherFiles, clock.now()), options.json === true);
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
      ? `Nobody keeps ${who} out.`
      : `${who} comes back with the next read, if Intercom still has them.`,
  );
  return 0;
}
