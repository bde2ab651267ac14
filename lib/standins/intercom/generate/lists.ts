/** Small lists with a few records in most workspaces: brands, sender addresses, news, knowledge (docs/intercom-api.md 6.10). */
import { ADMIN_IDS, HELP_CENTER_IDS, WORKSPACE_ID } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import type { Timed } from '../table.ts';
import { type Genesis, times } from './genesis.ts';

type Make = (row: number, at: Timed) => JsonObject;

const stamps = ({ createdAt, updatedAt }: Timed): JsonObject => ({
  created_at: createdAt,
  updated_at: updatedAt,
});

const REASONS = ['☕', '🍽️', '🏖️'];

/** How to make a record of each list. Records are in order of creation. */
export const LISTS = {
  // The default brand has the id of the workspace.
  brands: (row, at) => ({
    type: 'brand',
    id: row === 0 ? WORKSPACE_ID : String(9 + row),
    name: row === 0 ? 'Default Brand' : `Brand ${row} ®`,
    is_default: row === 0,
    ...stamps(at),
    help_center_id: HELP_CENTER_IDS.idOf(0),
    default_address_settings_id: String(13 + row),
  }),
  emails: (row, at) => ({
    type: 'email_setting',
    id: String(13 + row),
    email: `support+${row}@company.example`,
    verified: row % 3 !== 2,
    domain: 'company.example',
    brand_id: row === 0 ? WORKSPACE_ID : String(9 + row),
    forwarding_enabled: row % 2 === 0,
    forwarded_email_last_received_at: row % 2 === 0 ? at.updatedAt : null,
    ...stamps(at),
  }),
  away_status_reasons: (row, at) => ({
    type: 'away_status_reason',
    id: String(500 + row),
    label: `Away ${row}`,
    emoji: REASONS[row % REASONS.length] ?? '☕',
    order: row,
    deleted: row % 4 === 3,
    ...stamps(at),
  }),
  news_items: (row, at) => ({
    id: String(29 + row),
    type: 'news-item',
    workspace_id: WORKSPACE_ID,
    title: `News ${row} 📣`,
    body: `<p>Hello ${row}</p>`,
    sender_id: Number(ADMIN_IDS.idOf(0)),
    state: row % 3 === 0 ? 'draft' : 'live',
    labels: row % 2 === 0 ? [] : ['Product Update', null],
    cover_image_url: row % 2 === 0 ? null : `https://news.example/${row}.png`,
    reactions: row % 2 === 0 ? [] : ['👍', null],
    deliver_silently: row % 5 === 0,
    ...stamps(at),
    newsfeed_assignments: row % 3 === 0 ? [] : [{ newsfeed_id: 68, published_at: at.createdAt }],
  }),
  newsfeeds: (row, at) => ({ id: String(68 + row), type: 'newsfeed', name: `Feed ${row}`, ...stamps(at) }),
  // The example of the documentation has neither type nor times; its schema has both.
  internal_articles: (row, at) => ({
    id: String(39 + row),
    title: `Runbook ${row}`,
    body: row % 4 === 2 ? null : `<p>Restart ${row}</p>`,
    owner_id: Number(ADMIN_IDS.idOf(0)),
    author_id: Number(ADMIN_IDS.idOf(0)),
    locale: 'en',
    ...(row % 2 === 0 ? {} : { type: 'internal_article', ...stamps(at) }),
  }),
  external_pages: (row, at) => ({
    id: String(17 + row),
    type: 'external_page',
    title: `External ${row}`,
    html: `<h1>Hello</h1><p>${row}</p>`,
    ...(row % 3 === 0 ? {} : { url: `https://support.example.com/us/${row}` }),
    ai_agent_availability: true,
    ai_copilot_availability: row % 2 === 0,
    ai_sales_agent_availability: false,
    fin_availability: true,
    locale: 'en',
    source_id: 33,
    external_id: String(row),
    ...stamps(at),
    last_ingested_at: at.updatedAt,
  }),
  content_import_sources: (row, at) => ({
    id: 33 + row,
    type: 'content_import_source',
    last_synced_at: at.updatedAt,
    status: row % 4 === 3 ? 'deactivated' : 'active',
    url: `https://support.example.com/${row}`,
    sync_behavior: ['automatic', 'api', 'manual'][row % 3] ?? 'api',
    ...stamps(at),
    audience_ids: row % 2 === 0 ? [] : [5678],
  }),
} as const satisfies Readonly<Record<string, Make>>;

export type ListName = keyof typeof LISTS;

export const LIST_NAMES = Object.keys(LISTS) as readonly ListName[];

/** The same for each list. */
export const ofLists = <T>(make: (name: ListName) => T): Record<ListName, T> =>
  Object.fromEntries(LIST_NAMES.map((name) => [name, make(name)])) as Record<ListName, T>;

export const listOf = (genesis: Genesis, name: ListName): JsonObject[] =>
  Array.from({ length: genesis.sizes.lists }, (_, row) =>
    LISTS[name](row, times(genesis, 53 + LIST_NAMES.indexOf(name), row, genesis.sizes.lists)),
  );
