import { expect, test } from 'vitest';
import type { Completeness, ObjectSummary } from '../../../../functions/core/engine-files.ts';
import { summaryText } from '../../../../lib/cli/terminal/report.ts';

const NOTHING: Completeness = {
  status: 'unproven',
  matched: null,
  read: 7,
  written: 7,
  parts: null,
  over_cap: [],
  relations: {},
  debts: [],
};

function textOf(object: ObjectSummary['object'], completeness: Completeness): string {
  const summary: ObjectSummary = {
    object,
    status: 'committed',
    message: null,
    error: null,
    rows: { [object]: 7 },
    files: 1,
    bytes: 100,
    completeness,
    schema: null,
    cursor: null,
    work_remains: false,
    up_to: null,
  };
  return summaryText({
    format: 1,
    run_id: '20261129T120000000Z-ab12cd',
    status: 'succeeded',
    mode: 'incremental',
    started_at: '2026-11-29T12:00:00.000Z',
    finished_at: '2026-11-29T12:00:10.000Z',
    workspace_id: 'abc123',
    objects: [summary],
    notes: [],
    work_remains: false,
  });
}

test('says why nothing is proven: Intercom gives no count, or something could not be read', () => {
  expect(textOf('activity_logs', NOTHING)).toContain('unproven (Intercom gives no count)');
  const observed = { transcripts: 'not read: this plan does not include them' };
  expect(textOf('calls', { ...NOTHING, observed })).toContain(
    'unproven (transcripts: not read: this plan does not include them)',
  );
});
