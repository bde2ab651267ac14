/** Reads what a report shows, and makes the page. */
import { isPipelineError } from '../../../functions/core/errors.ts';
import { OBJECT_NAMES, type ObjectName } from '../../../functions/core/names.ts';
import type { Lake } from '../../../functions/core/ports.ts';
import { DAY_SECONDS, type EpochMs } from '../../../functions/core/time.ts';
import { readStatus } from '../../../functions/sync/status.ts';
import type { AnswerRow } from './answers.ts';
import { readHistory } from './history.ts';
import { type Answer, reportPage } from './page.ts';
import { QUESTIONS, type Question } from './questions.ts';
import { readSizes } from './sizes.ts';

/** Where a report gets what it shows. */
export interface ReportSources {
  readonly name: string;
  readonly lake: Pick<Lake, 'get' | 'list'>;
  /** Answers a question's SQL. If it throws a PipelineError, the person is told and the report has no answer there. */
  readonly ask: (sql: string) => Promise<readonly AnswerRow[]>;
  /** Tells the person why a question has no answer. */
  readonly tell: (text: string) => void;
}

async function answerOf(
  { ask, tell }: ReportSources,
  { title, needs, sql }: Question,
  committed: ReadonlySet<ObjectName>,
): Promise<Answer> {
  const missing = needs.filter((object) => !committed.has(object));
  if (missing.length > 0) return { why: `Needs ${missing.join(' and ')}, which no run has committed.` };
  try {
    return { rows: await ask(sql) };
  } catch (error) {
    if (!isPipelineError(error)) throw error;
    tell(`${title}: ${error.message}`);
    // The message may quote a value.
    return { why: 'This question has no answer here. The command that made this page said why.' };
  }
}

/**
 * @param days how many days of runs the report shows
 * @returns the page
 * @throws ContractError if a file of the lake cannot be read
 */
export async function makeReport(sources: ReportSources, days: number, now: EpochMs): Promise<string> {
  const { lake, name } = sources;
  const history = await readHistory(lake, now - days * DAY_SECONDS * 1000, now);
  const status = await readStatus(lake, OBJECT_NAMES, now);
  const sizes = await readSizes(lake, OBJECT_NAMES);
  const committed = new Set(status.objects.flatMap((one) => (one.committed === null ? [] : one.object)));
  const answers: [Question, Answer][] = [];
  for (const question of QUESTIONS) answers.push([question, await answerOf(sources, question, committed)]);
  return reportPage({ name, madeAt: now, days, history, status, sizes, answers });
}
