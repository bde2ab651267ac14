/** What an audit found, for people, and as the input of a run that repairs it. Pure. */
import { counted } from '../../../functions/core/counted.ts';
import { isoTime } from '../../../functions/core/time.ts';
import { count, tableText } from '../terminal/table-text.ts';
import type { ObjectAudit } from './audit-object.ts';

const STATUS: Readonly<Record<ObjectAudit['status'], string>> = {
  equal: '✓ equal',
  different: 'DIFFERENT',
  not_counted: 'not counted by Intercom',
  never_read: 'never read',
  unfinished: 'not compared',
};

const number = (value: number | null): string => (value === null ? '' : count(value));

/** How many ids of each kind are shown. */
const SHOWN = 5;

const some = (ids: readonly string[]): string =>
  `${ids.slice(0, SHOWN).join(', ')}${ids.length > SHOWN ? ', …' : ''}`;

function details({ object, message, missing, ranges, gone, tags, erased }: ObjectAudit): readonly string[] {
  const merged = gone.filter(({ how }) => how === 'merged').map(({ id }) => id);
  const deleted = gone.filter(({ how }) => how !== 'merged').map(({ id }) => id);
  const line = (ids: readonly string[], what: string) =>
    ids.length === 0 ? [] : [`${object}: ${counted(ids.length, 'record')} ${what}: ${some(ids)}`];
  return [
    ...line(missing, 'missing or out of date'),
    ...ranges.map(
      (range) =>
        `${object}: ${counted(range.missing, 'record')} missing from ${isoTime(range.from * 1000)} to ${isoTime(range.to * 1000)}`,
    ),
    ...line(deleted, 'deleted at Intercom'),
    ...line(merged, 'merged into another'),
    ...line(tags, 'with other tags'),
    ...(erased === 0 ? [] : [`${object}: ${counted(erased, 'person', 'people')} erased from the lake`]),
    ...(message === null ? [] : [`${object}: ${message}`]),
  ];
}

export function auditText(objects: readonly ObjectAudit[], requests: number): string {
  const rows = objects.map(({ object, status, counted: theirs, held }) => [
    object,
    number(theirs),
    number(held),
    STATUS[status],
  ]);
  return [
    tableText([['object', 'counted', 'in the lake', 'result'], ...rows]),
    '',
    ...objects.flatMap(details),
    `The audit sent ${counted(requests, 'request')}.`,
  ].join('\n');
}

/** The input of a run that reads exactly the differences again; null if there are none. */
export function repairInput(objects: readonly ObjectAudit[]): Readonly<Record<string, unknown>> | null {
  const different = objects.filter(({ status }) => status === 'different');
  if (different.length === 0) return null;
  const repair = different.flatMap(({ object, missing, ranges, gone, tags }) => {
    const ids = [...missing, ...gone.map(({ id }) => id), ...tags];
    const scopes = [
      ...ranges.map(({ from, to }) => ({ from: isoTime(from * 1000), to: isoTime(to * 1000) })),
      ...(ids.length === 0 ? [] : [{ ids }]),
    ];
    return scopes.length === 0 ? [] : [[object, scopes] as const];
  });
  const names = different.map(({ object }) => object);
  return { objects: names, ...(repair.length > 0 && { repair: Object.fromEntries(repair) }) };
}
