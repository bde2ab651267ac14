/** The runbook of docs/operate.md has the alarms that are deployed, and no other. */
import { expect, test } from 'vitest';
import { textOf } from '../../support/documents.ts';
import { synthesis } from '../../support/infra/synthesis.ts';

test('every alarm has a row, and every row an alarm', () => {
  const rows = [...textOf('docs/operate.md').matchAll(/^\| \*\*(\w+)\*\* +\|/gm)].map(
    ([, name = '']) => name,
  );
  const alarms = Object.values(synthesis().templates)
    .flatMap(({ Resources }) => Object.entries(Resources))
    .filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
    .map(([id]) => id);
  expect(alarms.length).toBeGreaterThan(0);
  expect(alarms.filter((id) => !rows.some((name) => id.includes(name)))).toEqual([]);
  expect(rows.filter((name) => !alarms.some((id) => id.includes(name)))).toEqual([]);
});
