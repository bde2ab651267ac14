/** The small objects of the workspace, each with a template for new records. */

import { beginCall, calls } from '../generate/calls.ts';
import * as catalog from '../generate/catalog.ts';
import { dataAttributes } from '../generate/data-attributes.ts';
import type { Genesis } from '../generate/genesis.ts';
import { articles, collections, helpCenters } from '../generate/help-center.ts';
import { LISTS, type ListName, listOf, ofLists } from '../generate/lists.ts';
import { activityLog, activityLogs, admins, teams } from '../generate/people.ts';
import { personEmail, personName } from '../generate/personal.ts';
import * as ids from '../ids.ts';
import type { JsonObject } from '../json.ts';
import type { Clock } from './clock.ts';
import { createPlain, type Plain, type PlainOptions } from './plain.ts';

export interface Plains extends Readonly<Record<ListName, Plain>> {
  readonly calls: Plain;
  readonly admins: Plain;
  readonly teams: Plain;
  readonly tags: Plain;
  readonly segments: Plain;
  readonly dataAttributes: Plain;
  readonly ticketTypes: Plain;
  readonly ticketStates: Plain;
  readonly articles: Plain;
  readonly collections: Plain;
  readonly helpCenters: Plain;
  readonly subscriptionTypes: Plain;
  readonly activityLogs: Plain;
}

type Template = PlainOptions['template'];

const stamped = (at: number): JsonObject => ({
  workspace_id: ids.WORKSPACE_ID,
  created_at: at,
  updated_at: at,
});

const templates = (genesis: Genesis): Record<keyof Plains, Template> => ({
  ...ofLists(
    (name): Template =>
      (row, at) =>
        LISTS[name](row, { createdAt: at, updatedAt: at }),
  ),
  calls: (row, at) => beginCall(genesis, row, { at, conversation: null, contact: null }),
  admins: (row) => ({
    type: 'admin',
    email: personEmail(genesis.seed, 'admin', row + 1000),
    id: ids.ADMIN_IDS.idOf(row + 1000),
    name: personName(genesis.seed, 'admin', row + 1000),
    away_mode_enabled: false,
    away_mode_reassign: false,
    away_status_reason_id: null,
    has_inbox_seat: true,
    team_ids: [],
    team_priority_level: {},
  }),
  teams: (row) => ({ type: 'team', id: ids.TEAM_IDS.idOf(row), name: `Team ${row}`, admin_ids: [] }),
  tags: (row) => ({ type: 'tag', id: ids.TAG_IDS.idOf(row), name: `Tag ${row}` }),
  segments: (row, at) => ({
    type: 'segment',
    id: ids.SEGMENT_IDS.idOf(row),
    name: `Segment ${row}`,
    created_at: at,
    updated_at: at,
    person_type: 'contact',
  }),
  dataAttributes: (row, at) => ({
    id: 34_000 + row,
    type: 'data_attribute',
    name: `attribute_${row}`,
    full_name: `custom_attributes.attribute_${row}`,
    label: `attribute_${row}`,
    description: '',
    data_type: 'string',
    api_writable: true,
    ui_writable: true,
    messenger_writable: false,
    custom: true,
    archived: false,
    model: 'contact',
    admin_id: ids.ADMIN_IDS.idOf(0),
    created_at: at,
    updated_at: at,
  }),
  ticketTypes: (row, at) => ({
    ...stamped(at),
    type: 'ticket_type',
    id: ids.TICKET_TYPE_IDS.idOf(row),
    name: `Ticket type ${row}`,
    description: '',
    icon: '🎟️',
    archived: false,
    is_internal: false,
    ticket_type_attributes: { type: 'list', data: [] },
    category: 'Customer',
  }),
  ticketStates: (row) => ({
    type: 'ticket_state',
    id: ids.TICKET_STATE_IDS.idOf(row),
    category: 'in_progress',
    internal_label: `State ${row}`,
    external_label: `State ${row}`,
  }),
  articles: (row, at) => ({
    ...stamped(at),
    id: ids.ARTICLE_IDS.idOf(row),
    type: 'article',
    parent_id: null,
    parent_type: null,
    parent_ids: [],
    tags: { type: 'tag.list', tags: [] },
    title: `Article ${row}`,
    description: null,
    body: '<p></p>',
    author_id: Number(ids.ADMIN_IDS.idOf(0)),
    state: 'draft',
    url: null,
  }),
  collections: (row, at) => ({
    ...stamped(at),
    id: ids.COLLECTION_IDS.idOf(row),
    name: `Collection ${row}`,
    description: null,
    url: null,
    icon: null,
    order: row + 1,
    parent_id: null,
    help_center_id: null,
  }),
  helpCenters: (row, at) => ({
    ...stamped(at),
    id: ids.HELP_CENTER_IDS.idOf(row),
    identifier: `help-center-${row}`,
    website_turned_on: false,
    display_name: `Help Center ${row}`,
    url: `https://intercom.help/help-center-${row}`,
    custom_domain: null,
  }),
  subscriptionTypes: (row) => {
    const translation = { name: `Newsletter ${row}`, description: '', locale: 'en' };
    return {
      type: 'subscription',
      id: ids.SUBSCRIPTION_IDS.idOf(row),
      state: 'live',
      default_translation: translation,
      translations: [translation],
      consent_type: 'opt_out',
      content_types: ['email'],
    };
  },
  activityLogs: (row, at) => activityLog(genesis, row, at),
});

const initials = (genesis: Genesis): Record<keyof Plains, JsonObject[]> => ({
  ...ofLists((name) => listOf(genesis, name)),
  calls: calls(genesis),
  admins: admins(genesis),
  teams: teams(genesis),
  tags: catalog.tags(genesis),
  segments: [...catalog.segments(genesis), ...catalog.companySegments(genesis)],
  dataAttributes: dataAttributes(genesis),
  ticketTypes: catalog.ticketTypes(genesis),
  ticketStates: catalog.ticketStates(),
  articles: articles(genesis),
  collections: collections(genesis),
  helpCenters: helpCenters(genesis),
  subscriptionTypes: catalog.subscriptionTypes(genesis),
  activityLogs: activityLogs(genesis),
});

/** `id` is on custom attributes only, so model and full name are the key (docs/intercom-api.md 6.7). */
const attributeKey = (record: JsonObject): string => `${String(record.model)}:${String(record.full_name)}`;

export function createPlains(genesis: Genesis, clock: Clock, changed: () => void): Plains {
  const template = templates(genesis);
  const initial = initials(genesis);
  const make = (name: keyof Plains): Plain =>
    createPlain({
      name,
      clock,
      changed,
      initial: initial[name],
      template: template[name],
      ...(name === 'dataAttributes' ? { keyOf: attributeKey } : {}),
    });
  return {
    ...ofLists(make),
    calls: make('calls'),
    admins: make('admins'),
    teams: make('teams'),
    tags: make('tags'),
    segments: make('segments'),
    dataAttributes: make('dataAttributes'),
    ticketTypes: make('ticketTypes'),
    ticketStates: make('ticketStates'),
    articles: make('articles'),
    collections: make('collections'),
    helpCenters: make('helpCenters'),
    subscriptionTypes: make('subscriptionTypes'),
    activityLogs: make('activityLogs'),
  };
}

/** A state in GET /ticket_states; inside tickets and ticket types it has neither `archived` nor `ticket_types`. */
export const detailedState = ({ ticketTypes }: Plains, state: JsonObject): JsonObject => ({
  ...state,
  archived: false,
  ticket_types: { type: 'list', data: [...ticketTypes.records()] },
});
