/**
 * What takes a protection out, for each rule of correctness (docs/guarantees.md): a change of the source, and the
 * tests that must fail with it. `npm run mutations` tries them all.
 */
export interface Mutation {
  readonly rule: string;
  readonly file: string;
  /** Each text occurs exactly once in the file. */
  readonly edits: readonly { readonly from: string; readonly to: string }[];
  readonly tests: readonly string[];
}

const UNIT = 'test/unit';
const SYNC = `${UNIT}/sync`;
const READERS = `${UNIT}/intercom/readers`;

const one = (
  rule: string,
  file: string,
  from: string,
  to: string,
  ...tests: readonly string[]
): Mutation => ({ rule, file: `functions/${file}`, edits: [{ from, to }], tests });

export const MUTATIONS: readonly Mutation[] = [
  // Nothing is lost.
  one(
    'the cursor stays behind by the overlap',
    'sync/plan/plan.ts',
    'toSeconds(run.startedAtMs) - overlapSeconds',
    'toSeconds(run.startedAtMs)',
    `${SYNC}/plan/plan.test.ts`,
  ),
  one(
    'the cursor moves only forward',
    'sync/plan/plan.ts',
    'return Math.max(before ?? from ?? after, after);',
    'return after;',
    `${SYNC}/plan/plan.test.ts`,
  ),
  one(
    'a backfill leaves the cursor alone',
    'sync/plan/plan.ts',
    "if (run.mode === 'backfill') return before;",
    '',
    `${SYNC}/plan/plan.test.ts`,
  ),
  one(
    'a run starts by the earlier clock',
    'sync/run/start-run.ts',
    'Math.min(nowMs, identity.dateMs ?? nowMs)',
    'nowMs',
    `${SYNC}/run/run.test.ts`,
  ),
  one(
    'a new workspace is not read from the cursors of the old one',
    'sync/run/start-run.ts',
    'await requireNoReplacement(dependencies);',
    '',
    `${SYNC}/run/run.test.ts`,
  ),

  one(
    'an attempt gets on before it ends',
    'sync/extract/extract.ts',
    ' && hasMoved()',
    '',
    'test/contract/short-attempts.test.ts',
  ),

  // Nothing half-written is visible.
  one(
    'a file is put once',
    'aws/s3-lake.ts',
    "        IfNoneMatch: '*',\n",
    '',
    'test/contract/ports/lake.test.ts',
    `${UNIT}/aws/adapters.test.ts`,
  ),
  one(
    'what a pruned run noticed outlives it',
    'sync/commit/history.ts',
    'isSharedTable(table) && rows > 0',
    'isSharedTable(table) && rows < 0',
    `${SYNC}/rewrite/evidence.test.ts`,
  ),
  one(
    'a restarted walk drops its parts',
    'sync/receipts.ts',
    '...firstReceipt(receipt.slice, receipt.attempt),',
    '...receipt, position: null,',
    `${SYNC}/extract/extract.test.ts`,
    `${SYNC}/extract/extract-kills.test.ts`,
  ),
  one(
    'the first file counts',
    'sync/store.ts',
    "if ((await lake.putNew(key, encodeJson(value))) === 'written') return value;\n  return requireStored<T>(lake, key);",
    'await lake.putNew(key, encodeJson(value));\n  return value;',
    `${SYNC}/commit/commit-kills.test.ts`,
    `${SYNC}/run/run.test.ts`,
  ),
  one(
    'a part is not written over',
    'sync/extract/part-writer.ts',
    'if (stored !== null && body.equals(stored)) return;',
    'return;',
    `${SYNC}/extract/part-writer.test.ts`,
  ),

  // Commit order.
  {
    rule: 'the manifest comes before the cursor',
    file: 'functions/sync/finish-commit.ts',
    edits: [
      {
        from: "const isNew = (await lake.putNew(key, encodeJson(wanted))) === 'written';",
        to: 'const isNew = true;',
      },
      {
        from: 'if (result.ok) return result.value;',
        to: 'await lake.putNew(key, encodeJson(draft.manifest));\n  if (result.ok) return result.value;',
      },
    ],
    tests: [`${SYNC}/commit/commit-kills.test.ts`],
  },
  one(
    'committing is marked first',
    'sync/commit/commit.ts',
    'await finishCommit(dependencies, await mark(dependencies, holder, fence), draft);',
    'await finishCommit(dependencies, await requireLease(dependencies, holder), draft);',
    `${SYNC}/commit/commit-kills.test.ts`,
    `${SYNC}/commit/commit.test.ts`,
  ),
  one(
    'a contender finishes a commit',
    'sync/lease.ts',
    'if (state.committing === null) return state;',
    'return state;',
    `${SYNC}/commit/commit-kills.test.ts`,
  ),
  one(
    'a failed condition is read back',
    'sync/finish-commit.ts',
    'if (isDone) return found;',
    '',
    `${SYNC}/commit/commit-kills.test.ts`,
  ),
  one(
    'the cursor moves under the fence',
    'sync/finish-commit.ts',
    'store.commit(state.object, state.fence, committed)',
    'store.commit(state.object, (await store.load(state.object)).fence, committed)',
    `${SYNC}/commit/commit-kills.test.ts`,
  ),

  // Leases.
  one(
    'a running execution keeps its lease',
    'sync/lease.ts',
    'if (state.lease !== null && (await mayBeRunning(dependencies, state.lease, holder))) {',
    'if (state.lease === holder) {',
    `${SYNC}/plan/plan.test.ts`,
    `${SYNC}/run/run.test.ts`,
  ),
  one(
    'every attempt checks its lease',
    'sync/extract/extract.ts',
    'await requireLease(dependencies, holder);',
    'await dependencies.state.load(declaration.name);',
    `${SYNC}/extract/extract.test.ts`,
  ),
  one(
    'an attempt that was taken over takes its file away',
    'sync/own-files.ts',
    'await lake.delete([key]);',
    '',
    `${SYNC}/rewrite/erase.test.ts`,
  ),
  one(
    'an attempt that was taken over removes no left-over',
    'sync/rewrite/erase.ts',
    'await requireSoleLease(dependencies, lease);\n    await lake.delete([key]);',
    'await lake.delete([key]);',
    `${SYNC}/rewrite/erase.test.ts`,
  ),
  one(
    'runs commit in the order of their ids',
    'sync/lease.ts',
    'state.committed.runId > holder.runId',
    'state.committed.runId === holder.runId',
    `${SYNC}/plan/plan.test.ts`,
  ),

  // One order of versions.
  one(
    'the record’s own time comes first',
    'rows/version.ts',
    'digits(stampedAt, 11)',
    'digits(0, 11)',
    `${UNIT}/rows/version.test.ts`,
  ),

  // Windows.
  one(
    'the lower bound includes itself',
    'intercom/readers/walk/search-query.ts',
    "from === null ? [] : [orEqual(field, '>', from)];",
    "from === null ? [] : [{ field, operator: '>', value: from }];",
    `${READERS}/walk/search-query.test.ts`,
  ),
  one(
    'neighbours share their boundary',
    'core/cut-window.ts',
    '({ from: bounds[index] ?? null, to: end })',
    '({ from: index === 0 ? from : (bounds[index] ?? 0) + 1, to: end })',
    `${SYNC}/plan/split-window.test.ts`,
  ),
  one(
    'windows that are read at the same time share their boundary',
    'core/cut-window.ts',
    '({ from: bounds[index] ?? null, to: end })',
    '({ from: index === 0 ? from : (bounds[index] ?? 0) + 1, to: end })',
    `${READERS}/walk/search-query.test.ts`,
  ),
  one(
    'the last day of a cut window is read whole',
    'sync/plan/take-slices.ts',
    'cut !== null && query.updated.to === cut ? { ...query, through: true } : query;',
    'query;',
    `${SYNC}/plan/plan-slices.test.ts`,
    `${SYNC}/run/runs.test.ts`,
  ),
  one(
    'a fresh change does not raise the bar',
    'intercom/readers/walk/search-position.ts',
    'if (at === null || at >= horizon) continue;',
    'if (at === null) continue;',
    `${READERS}/search.test.ts`,
  ),
  one(
    'a few records in order prove nothing',
    'intercom/readers/walk/search-position.ts',
    'ordered && rises >= ENOUGH_RISES',
    'ordered',
    `${READERS}/search.test.ts`,
  ),
  one(
    'an unordered walk starts again',
    'intercom/readers/walk/search-walk.ts',
    "granularity === 'second' && isInOrder(state) && state.highest !== null",
    "granularity === 'second' && state.highest !== null",
    `${READERS}/search.test.ts`,
  ),

  // Parts of conversations.
  one(
    'parts are not filtered by time',
    'intercom/readers/walk/conversation-detail.ts',
    'const records = readable.map(',
    'const records = readable.filter((part) => Number(part.created_at) >= stampedAt - 60).map(',
    `${READERS}/conversation-parts.test.ts`,
  ),
  one(
    'parts that did not come are owed',
    'intercom/readers/walk/conversation-detail.ts',
    ': parts.length < wanted',
    ': parts.length < 0',
    `${READERS}/conversation-parts.test.ts`,
  ),

  // Unknown is not empty; an error is not the end.
  one(
    'a list that did not come is unknown',
    'core/relationship.ts',
    'return nullMeansNone || referredToFrom(child, place, record) === 0 ? NOTHING : null;',
    'return NOTHING;',
    `${READERS}/walk/take-records.test.ts`,
    `${UNIT}/rows/rows.test.ts`,
  ),
  one(
    'a list of unknown shape is unknown',
    'core/relationship.ts',
    'return isNull ? NOTHING : null;',
    'return NOTHING;',
    `${READERS}/walk/take-records.test.ts`,
    `${UNIT}/rows/rows.test.ts`,
  ),
  one(
    'a list that the parent keeps owes nothing',
    'core/relationship.ts',
    'children.filter((child) => listPaths(child).some((path) => omit.includes(path))),',
    'omit.length < 0 ? [] : children,',
    `${UNIT}/core/relationship.test.ts`,
  ),
  one(
    "a rule for the parent's list counts for its child table",
    'rows/field-rules.ts',
    'if (own.length > 0 || repeats === undefined) return own;',
    'if (own.length >= 0 || repeats === undefined) return own;',
    `${UNIT}/rows/field-rules.test.ts`,
  ),
  one(
    'a part of a ticket is about its author',
    'rows/eraser.ts',
    'if (isThem(withoutKeys(table, row)) || identifies(table, row).length > 0) return true;',
    'if (isThem(withoutKeys(table, row))) return true;',
    `${UNIT}/rows/eraser.test.ts`,
  ),
  one(
    'a list without records is an error',
    'intercom/readers/walk/list-answers.ts',
    "throw contractError('records_missing',",
    "if (path !== '') return [];\n  throw contractError('records_missing',",
    `${READERS}/list.test.ts`,
  ),
  one(
    'a refused cursor is not the end',
    'intercom/readers/walk/search-walk.ts',
    'state = afterRefusal(state, granularity, path);',
    'state = { ...state, resumedFrom: 0, ended: true };',
    `${READERS}/search.test.ts`,
  ),
  one(
    'a 404 of a later page is not the end',
    'intercom/readers/walk/number-walk.ts',
    'const expect = first ? absent : undefined;',
    "const expect = (failure: Failure) => failure.kind === 'not_found';",
    `${READERS}/page-number.test.ts`,
  ),
  one(
    'an error list in a 200 is an error',
    'intercom/http/transport.ts',
    'const failed = !ok || (object !== null && isErrorList(object));',
    'const failed = !ok;',
    `${UNIT}/intercom/http/client.test.ts`,
  ),
  one(
    'a suspicious answer is walked twice',
    'sync/judge.ts',
    '(isNews || suspiciouslySmall(result))',
    'isNews',
    `${SYNC}/judge.test.ts`,
  ),
  one(
    'one 404 is no deletion',
    'intercom/readers/conversation-parts.ts',
    'inOrder(position.missing, pace.limit, fetchDetail)',
    "inOrder(position.missing, pace.limit, async (id): Promise<Fetched> => ({ type: 'missing', id }))",
    `${READERS}/conversation-parts.test.ts`,
  ),
  one(
    'what is listed is not deleted',
    'intercom/readers/conversation-parts.ts',
    'ids.filter((id) => !listed.has(id))',
    'ids',
    `${READERS}/conversation-parts.test.ts`,
  ),
  one(
    'what is read again is live',
    'catalog/views.ts',
    '.detected_at >= live.',
    '.detected_at >= 0 * live.',
    `${UNIT}/catalog/views.test.ts`,
  ),
  one(
    'a list that is not found is owed',
    'intercom/readers/walk/take-records.ts',
    'if (isUnknown) return NOTHING_ASKED;',
    'if (isUnknown || asked === null) return NOTHING_ASKED;',
    `${READERS}/walk/take-records.test.ts`,
  ),
  one(
    'many deletions are not believed',
    'sync/judge.ts',
    'deleted > Math.max(20, (read + deleted) * 0.2)',
    'deleted < 0 && read < 0',
    `${SYNC}/judge.test.ts`,
  ),

  // Readers guard themselves.
  one(
    'a page-number walk that falls short is repeated',
    'intercom/readers/page-number.ts',
    'const MOST_WALKS = 4;',
    'const MOST_WALKS = 1;',
    `${READERS}/page-number.test.ts`,
  ),
  one(
    'a page is asked for with a size that divides its offset',
    'intercom/readers/walk/number-walk.ts',
    'size <= most && offset % size === 0',
    'size <= most',
    `${READERS}/time-range.test.ts`,
  ),
  one(
    'windows of activity logs are wider',
    'intercom/readers/time-range.ts',
    '[read.afterParameter]: from - 1, [read.beforeParameter]: to + 1',
    '[read.afterParameter]: from, [read.beforeParameter]: to',
    `${READERS}/time-range.test.ts`,
  ),
  one(
    'a repeated cursor ends the walk',
    'intercom/readers/walk/walk-guard.ts',
    'if (cursor !== null && cursors.has(cursor)) {',
    'if (cursor === path) {',
    `${READERS}/search.test.ts`,
    `${READERS}/cursor.test.ts`,
  ),
  one(
    'a scroll’s position is used once',
    'sync/extract/extract.ts',
    'return (await claimReceipt(lake, folder, latest)) ? latest : restarted(latest, latest.walks);',
    'return latest;',
    `${SYNC}/extract/extract.test.ts`,
    `${SYNC}/extract/extract-kills.test.ts`,
  ),
  one(
    'a broken scroll starts again',
    'intercom/readers/scroll.ts',
    'state = { scrollParam: null, restarts: state.restarts + 1, ended: false };',
    'state = { ...state, restarts: state.restarts + 1 };',
    `${READERS}/scroll.test.ts`,
  ),

  // Debts.
  one(
    'debts that wait are kept',
    'sync/commit/commit.ts',
    'distinctDebts([...plan.carriedDebts, ...found])',
    'distinctDebts(found)',
    `${SYNC}/commit/commit.test.ts`,
    `${SYNC}/run/runs.test.ts`,
  ),
  one(
    'a debt keeps its age',
    'sync/commit/commit.ts',
    'if (slice.debt !== null) return [dated(debt, slice.debt)];',
    '',
    `${SYNC}/commit/commit.test.ts`,
    `${SYNC}/run/runs.test.ts`,
  ),
  one(
    'an equal debt of a whole object keeps its age',
    'sync/commit/commit.ts',
    'dated(debt, before.get(windowKey(debt)) ?? same)',
    'dated(debt)',
    `${SYNC}/commit/commit.test.ts`,
  ),
  one(
    'many debts stop a commit',
    'sync/judge.ts',
    'newDebts > Math.max(100, read * 0.05)',
    'newDebts < 0 && read < 0',
    `${SYNC}/judge.test.ts`,
  ),
  one(
    'what nobody may read is a missing permission',
    'intercom/readers/walk/failure-gate.ts',
    'if (!isOwed && refused > MOST_REFUSED_AT_FIRST) throw error;',
    '',
    `${READERS}/walk/take-records.test.ts`,
  ),
  one(
    'a refusal says something about its own path only',
    'intercom/readers/walk/failure-gate.ts',
    'if (allowed.has(path)) return',
    'if (allowed.size > 0) return',
    `${READERS}/walk/take-records.test.ts`,
  ),
  one(
    'who joins one segment does not make up for another',
    'intercom/readers/members.ts',
    'return before === null ? null : read;',
    'return before;',
    `${READERS}/members.test.ts`,
  ),
  one(
    'an outage is not owed piece by piece',
    'intercom/readers/walk/failure-gate.ts',
    'if (!isOwed && inARow > MOST_IN_A_ROW) throw error;',
    '',
    `${READERS}/walk/take-records.test.ts`,
    `${READERS}/conversation-parts.test.ts`,
  ),

  // Intercom's limits hold.
  one(
    'a request under way when a window begins counts in it',
    'aws/dynamodb-rate-budget.ts',
    'if (late.length === 0) return;',
    'return;',
    'test/contract/ports/rate-budget.test.ts',
  ),

  // `complete` is true.
  one(
    'what is short is reported',
    'sync/commit/completeness.ts',
    "if (isShort) return 'short';",
    '',
    `${SYNC}/commit/commit.test.ts`,
  ),
  one(
    'lists are counted before duplicates go',
    'core/relationship.ts',
    'expected += Math.max(list.total ?? 0, list.items.length + list.odd.length);',
    'expected += list.items.length;',
    `${SYNC}/commit/commit.test.ts`,
    `${SYNC}/extract/extract.test.ts`,
  ),
  one(
    'a closed window is counted after its walk',
    'intercom/readers/walk/search-walk.ts',
    'if (part === null || pages <= 1) return counts.reduce(plus, 0);',
    'return counts.reduce(plus, 0);',
    `${READERS}/search.test.ts`,
  ),
  one(
    'a reject makes the object short',
    'sync/commit/completeness.ts',
    'done.short || done.evidence.rejects > 0',
    'done.short',
    `${SYNC}/commit/commit.test.ts`,
  ),
  one(
    'a count that does not come proves nothing',
    'sync/commit/completeness.ts',
    "slices.some(({ done }) => done.matched === null) ? 'unproven' : 'complete'",
    "'complete'",
    `${SYNC}/commit/commit.test.ts`,
  ),
];
