/** The workspace as tests see it: complete and without paging. */

import { createCalendar } from '../calendar.ts';
import { ofLists } from '../generate/lists.ts';
import { COMPANY_SEGMENT_IDS, WORKSPACE_ID } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import type { RecordTruth, Workspace } from '../workspace-types.ts';
import { detailedState } from '../world/plains.ts';
import type { World } from '../world/world.ts';
import { createCallTruth } from './calls.ts';
import { createCompanyTruth } from './companies.ts';
import { createContactTruth } from './contacts.ts';
import { createConversationTruth } from './conversations.ts';
import { simulateDay } from './day.ts';
import { moment } from './expected-records.ts';
import { createRowTruth } from './rows.ts';
import { createTicketTruth } from './tickets.ts';

const DAY_MS = 86_400_000;

/** The same records, each in another form. */
function mapped(truth: RecordTruth, form: (record: JsonObject) => JsonObject): RecordTruth {
  const record = (id: string): JsonObject | undefined => {
    const plain = truth.record(id);
    return plain === undefined ? undefined : form(plain);
  };
  return {
    get size() {
      return truth.size;
    },
    ids: () => truth.ids(),
    has: (id) => truth.has(id),
    record,
    records: () => [...truth.records()].map(form),
    json: (id) => JSON.stringify(record(id)),
  };
}

/** @param seenMs the time of the last request; minus infinity before the first one */
export function createWorkspace(world: World, baseTimeMs: number, seenMs: () => number): Workspace {
  const { plains, genesis } = world;
  const contacts = createContactTruth(world);
  const companies = createCompanyTruth(world);
  const conversations = createConversationTruth(world);
  const tickets = createTicketTruth(world);
  const calls = createCallTruth(world, conversations);
  let lastDayMs = baseTimeMs;
  const today: Omit<Workspace, 'simulateDay'> = {
    id: WORKSPACE_ID,
    get timezone() {
      return world.calendar().timezone;
    },
    baseTimeMs,
    sizes: genesis.sizes,
    contacts,
    companies,
    conversations,
    tickets,
    ...plains,
    calls,
    rows: createRowTruth(world, { contacts, calls }),
    objects: {
      ...ofLists((name) => plains[name]),
      contacts,
      companies,
      conversations,
      tickets,
      calls,
      admins: plains.admins,
      teams: plains.teams,
      tags: plains.tags,
      segments: plains.segments,
      data_attributes: plains.dataAttributes,
      ticket_types: plains.ticketTypes,
      ticket_states: mapped(plains.ticketStates, (state) => detailedState(plains, state)),
      articles: plains.articles,
      collections: plains.collections,
      help_centers: plains.helpCenters,
      subscription_types: plains.subscriptionTypes,
      activity_logs: plains.activityLogs,
    },
    companySegmentIds: () =>
      [...plains.segments.ids()].filter((id) => COMPANY_SEGMENT_IDS.rowOf(id) !== undefined),
    deletedConversations: () => world.deletedConversations,
    setTimezone(timezone, options) {
      const before = world.calendar().timezone;
      createCalendar(timezone);
      world.setCalendar(timezone);
      plains.activityLogs.create(
        { activity_type: 'app_timezone_change', metadata: { before, after: timezone } },
        { at: moment(world.clock, options) },
      );
    },
  };
  return {
    ...today,
    get timezone() {
      return world.calendar().timezone;
    },
    simulateDay(day, window = {}) {
      const now = world.clock.nowMs();
      const dayEnd = baseTimeMs + day * DAY_MS;
      const dayStart = Math.min(dayEnd - DAY_MS, now);
      const fromMs = window.fromMs ?? Math.min(now, Math.max(dayStart, lastDayMs, seenMs()));
      const toMs = window.toMs ?? (dayEnd <= now && dayEnd > fromMs ? dayEnd : now);
      const report = simulateDay(world, today, day, fromMs, toMs);
      lastDayMs = toMs;
      world.days.passed += 1;
      return report;
    },
  };
}
