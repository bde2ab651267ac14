/** `verify` as a person reads it. */
import { counted } from '../../../functions/core/counted.ts';
import { READ_AGAIN } from '../../../functions/sync/damaged-file.ts';
import type { Verification } from '../../../functions/sync/verify.ts';
import { count, tableText } from './table-text.ts';

/** @param showOrphans also list the files that no manifest lists, which are always counted */
export function verificationText(all: readonly Verification[], showOrphans: boolean): string {
  const table = tableText([
    ['object', 'manifests', 'files', 'rows', 'problems', 'orphans'],
    ...all.map(({ object, manifests, files, rows, problems, orphans }) => [
      object,
      ...[manifests, files, rows, problems.length, orphans.length].map(count),
    ]),
  ]);
  const problems = all.flatMap((one) => one.problems);
  const lines = problems.map(({ key, manifest, problem }) => `  ${key}: ${problem} (listed in ${manifest})`);
  const orphans = showOrphans ? all.flatMap((one) => one.orphans.map((key) => `  ${key}`)) : [];
  const verdict =
    problems.length === 0
      ? 'Every listed file is there and is what its manifest says.'
      : `${counted(problems.length, 'problem')}. Restore each file from an older version in the bucket or from a copy. If you have none, remove the file and the manifest that lists it, and ${READ_AGAIN}.`;
  return [
    table,
    '',
    ...(lines.length > 0 ? [...lines, ''] : []),
    ...(orphans.length > 0 ? ['Files that no manifest lists:', ...orphans, ''] : []),
    verdict,
  ].join('\n');
}

export const hasProblems = (all: readonly Verification[]): boolean =>
  all.some(({ problems }) => problems.length > 0);
