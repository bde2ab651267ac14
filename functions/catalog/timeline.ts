/**
 * `conversation_timeline`: what held for a conversation from when to when, derived from its parts. The SQL is the same
 * in DuckDB and Athena, except for how it reads the leaves of JSON. Pure.
 */
import { fromUnix, type WriteLeaf } from './flat.ts';
import { list, quoted } from './sql.ts';
import type { CatalogTable } from './tables.ts';
import { liveName, type View } from './views.ts';

export const TIMELINE = 'conversation_timeline';

/** A column of the timeline, with its type in Glue. */
export interface TimelineColumn {
  readonly name: string;
  readonly type: 'string' | 'bigint' | 'timestamp';
  readonly description: string;
}

export const TIMELINE_COLUMNS: readonly TimelineColumn[] = [
  { name: 'conversation_id', type: 'string', description: '`conversations.id`.' },
  {
    name: 'kind',
    type: 'string',
    description: '`state`, `team`, `teammate`, `waiting`, `sla` or `rating`.',
  },
  {
    name: 'value',
    type: 'string',
    description:
      'What held, by kind: `open`, `closed` or `snoozed`; id of the team; id of the teammate; `first_reply` or `next_reply`; status of the SLA; the rating.',
  },
  {
    name: 'detail',
    type: 'string',
    description:
      'Of `waiting`, what ended it: `reply` or `close`. Of `sla`, its name. Of `rating`, id of the teammate who was rated.',
  },
  {
    name: 'number',
    type: 'bigint',
    description: 'Counts the rows of this kind in the conversation, from 1.',
  },
  { name: 'started_at', type: 'timestamp', description: 'When it began, in UTC.' },
  {
    name: 'started_by_type',
    type: 'string',
    description:
      'Who began it: `admin` (a teammate), `contact`, `ai_agent`, `bot`, `team` or what else Intercom sends.',
  },
  { name: 'started_by_id', type: 'string', description: 'The id of who began it.' },
  { name: 'ended_at', type: 'timestamp', description: 'When it ended, in UTC; null if it still holds.' },
  { name: 'ended_by_type', type: 'string', description: 'Who ended it.' },
  { name: 'ended_by_id', type: 'string', description: 'The id of who ended it.' },
  { name: 'seconds', type: 'bigint', description: 'How long it held; null if it still holds.' },
];

/** Contacts have several types, and for Intercom the AI agent is a bot. */
const authorType = (type: string, isAiAgent: string): string =>
  `CASE WHEN ${isAiAgent} = 'true' THEN 'ai_agent' WHEN ${type} IN ('user', 'lead', 'visitor') THEN 'contact' ELSE ${type} END`;

const seconds = (sql: string): string => `TRY_CAST(${sql} AS bigint)`;

const NULL = 'CAST(NULL AS varchar)';
const ROW = 'live';

/** Writes a cell, or a leaf of one, as text; null if the column is excluded. */
const reader =
  ({ columns }: CatalogTable, leaf: WriteLeaf) =>
  (column: string, ...keys: readonly string[]): string => {
    const cell = `${ROW}.${quoted(column)}`;
    if (!columns.some(({ name }) => name === column)) return NULL;
    return keys.length === 0 ? `CAST(${cell} AS varchar)` : leaf(cell, keys);
  };

/** How each conversation began, and its rating. */
function begun(table: CatalogTable, leaf: WriteLeaf): string {
  const read = reader(table, leaf);
  const rating = (...keys: readonly string[]) => read('conversation_rating', ...keys);
  const ratedAt = [rating('updated_at'), rating('created_at'), read('updated_at')].map(seconds);
  const columns = [
    `${read('id')} AS began_id`,
    `${seconds(read('created_at'))} AS began_at`,
    `${authorType(read('source', 'author', 'type'), read('source', 'author', 'from_ai_agent'))} AS began_by_type`,
    `${read('source', 'author', 'id')} AS began_by_id`,
    `${rating('rating')} AS rating`,
    `coalesce(${ratedAt.join(', ')}) AS rated_at`,
    `${rating('contact', 'id')} AS rated_by_id`,
    `CASE WHEN ${rating('teammate', 'type')} = 'admin' THEN ${rating('teammate', 'id')} END AS rated_id`,
  ];
  return `SELECT\n${list(columns)}\nFROM ${liveName(table.name)} AS ${ROW}`;
}

/** The parts, with what the timeline needs of each. */
function happened(table: CatalogTable, leaf: WriteLeaf): string {
  const read = reader(table, leaf);
  const columns = [
    `${read('conversation_id')} AS conversation_id`,
    `${read('id')} AS part_id`,
    `${seconds(read('created_at'))} AS happened_at`,
    `coalesce(${read('part_type')}, '') AS part_type`,
    `${authorType(read('author', 'type'), read('author', 'from_ai_agent'))} AS by_type`,
    `${read('author', 'id')} AS by_id`,
    `coalesce(${read('body')}, '') <> '' AS has_text`,
    `${read('assigned_to', 'type')} AS assigned_type`,
    `${read('assigned_to', 'id')} AS assigned_id`,
    `${read('event_details', 'sla_name')} AS sla_name`,
    `${read('event_details', 'current_sla_status')} AS sla_status`,
  ];
  return `SELECT\n${list(columns)}\nFROM ${liveName(table.name)} AS ${ROW}`;
}

/** Notes are only for teammates. A reply may come with an assignment, a close or a reopening. */
const IS_MESSAGE = `(part_type IN ('comment', 'quick_reply') OR has_text) AND part_type NOT LIKE 'note%'`;

/** What each part sets. A null value ends what held. */
const JUDGED = `SELECT *,
  CASE
    WHEN part_type = 'close' THEN 'closed'
    WHEN part_type = 'snoozed' THEN 'snoozed'
    WHEN part_type = 'open' OR part_type LIKE '%reopen' OR part_type LIKE '%unsnooze%' THEN 'open'
  END AS state,
  CASE WHEN assigned_type LIKE '%team' THEN 'team' WHEN assigned_type IS NOT NULL THEN 'teammate' END AS assigned_kind,
  CASE WHEN assigned_id NOT IN ('', '0') THEN assigned_id END AS assigned,
  CASE
    WHEN part_type = 'close' THEN CASE WHEN by_type = 'admin' AND ${IS_MESSAGE} THEN 'reply' ELSE 'close' END
    WHEN by_type = 'contact' AND ${IS_MESSAGE} THEN 'question'
    WHEN by_type = 'admin' AND ${IS_MESSAGE} THEN 'reply'
  END AS said,
  CASE
    WHEN part_type = 'conversation_sla_removed' THEN NULL
    WHEN part_type = 'conversation_sla_target_missed' THEN 'missed'
    WHEN part_type = 'conversation_sla_paused' THEN 'paused'
    WHEN sla_status IN ('hit', 'missed', 'active') THEN sla_status
    ELSE 'active'
  END AS sla
FROM happened`;

/** The times at which something began, changed or ended, by kind. */
const EVENTS = `SELECT
  began_id AS conversation_id,
  kind,
  CASE kind WHEN 'state' THEN 'open' WHEN 'waiting' THEN 'waiting' ELSE rating END AS value,
  CASE kind WHEN 'rating' THEN rated_id END AS detail,
  CASE kind WHEN 'rating' THEN rated_at ELSE began_at END AS moment,
  CAST(-1 AS bigint) AS place,
  '' AS part_id,
  CASE kind WHEN 'rating' THEN 'contact' ELSE began_by_type END AS by_type,
  CASE kind WHEN 'rating' THEN rated_by_id ELSE began_by_id END AS by_id
FROM begun
CROSS JOIN (VALUES ('state'), ('waiting'), ('rating')) AS kinds (kind)
WHERE CASE kind WHEN 'state' THEN true WHEN 'waiting' THEN began_by_type = 'contact' ELSE rating IS NOT NULL END
UNION ALL
SELECT
  conversation_id,
  kind,
  CASE kind
    WHEN 'state' THEN state
    WHEN 'waiting' THEN CASE WHEN said = 'question' THEN 'waiting' END
    WHEN 'sla' THEN sla
    ELSE assigned
  END,
  CASE kind WHEN 'waiting' THEN CASE WHEN said <> 'question' THEN said END WHEN 'sla' THEN sla_name END,
  CASE WHEN happened_at < began_at THEN began_at ELSE happened_at END,
  TRY_CAST(part_id AS bigint),
  part_id,
  by_type,
  by_id
FROM judged
JOIN begun ON began_id = conversation_id
CROSS JOIN (VALUES ('state'), ('team'), ('teammate'), ('waiting'), ('sla')) AS kinds (kind)
WHERE CASE kind
  WHEN 'state' THEN state IS NOT NULL
  WHEN 'waiting' THEN said IS NOT NULL
  WHEN 'sla' THEN part_type LIKE 'conversation_sla_%'
  ELSE assigned_kind = kind
END`;

/** Parts of the same second are in the order of their ids, and after the conversation's beginning. */
const ORDER = 'PARTITION BY conversation_id, kind ORDER BY moment, place, part_id';

/** Events that change nothing are left out. */
const STEPS = `SELECT * FROM (
  SELECT *, lag(value) OVER (${ORDER}) AS value_before, lag(detail) OVER (${ORDER}) AS detail_before
  FROM events
  WHERE moment IS NOT NULL
) AS compared
WHERE value IS DISTINCT FROM value_before OR detail IS DISTINCT FROM detail_before`;

const SPANS = `SELECT *,
  lead(moment) OVER (${ORDER}) AS end_moment,
  lead(by_type) OVER (${ORDER}) AS end_by_type,
  lead(by_id) OVER (${ORDER}) AS end_by_id,
  CASE kind WHEN 'waiting' THEN lead(detail) OVER (${ORDER}) ELSE detail END AS told
FROM steps`;

const NUMBERED = `SELECT *,
  row_number() OVER (${ORDER}) AS number,
  count(CASE WHEN told = 'reply' THEN 1 END) OVER (${ORDER} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS replies
FROM spans
WHERE value IS NOT NULL`;

/**
 * @param conversations the table as configured: what a field rule excludes is null, and rows that need it are missing
 * @param parts likewise
 */
export const timelineView = (conversations: CatalogTable, parts: CatalogTable, leaf: WriteLeaf): View => ({
  name: TIMELINE,
  columns: TIMELINE_COLUMNS.map(({ name, type }) => ({ name, type })),
  select: `WITH ${[
    ['begun', begun(conversations, leaf)],
    ['happened', happened(parts, leaf)],
    ['judged', JUDGED],
    ['events', EVENTS],
    ['steps', STEPS],
    ['spans', SPANS],
    ['numbered', NUMBERED],
  ]
    .map(([name, select]) => `${name} AS (\n${select}\n)`)
    .join(', ')}
SELECT
  conversation_id,
  kind,
  CASE WHEN kind <> 'waiting' THEN value WHEN replies = 0 THEN 'first_reply' ELSE 'next_reply' END AS value,
  told AS detail,
  number,
  ${fromUnix('moment')} AS started_at,
  by_type AS started_by_type,
  by_id AS started_by_id,
  ${fromUnix('end_moment')} AS ended_at,
  end_by_type AS ended_by_type,
  end_by_id AS ended_by_id,
  end_moment - moment AS seconds
FROM numbered`,
});
