/** The five questions that people ask first, as SQL for DuckDB and Athena. docs/queries.md shows the same text. Pure. */
import type { ObjectName } from '../../../functions/core/names.ts';

export interface Question {
  /** The heading in docs/queries.md begins with it. */
  readonly title: string;
  /** Objects that it needs. */
  readonly needs: readonly ObjectName[];
  readonly sql: string;
}

const PARTS = ['conversations', 'conversation_parts'] as const;

export const OVERVIEW: Question = {
  title: 'Support overview',
  needs: PARTS,
  sql: `SELECT date_trunc('week', started_at) AS week,
  count(*) FILTER (WHERE kind = 'state' AND number = 1) AS new_conversations,
  count(*) FILTER (WHERE kind = 'state' AND number > 1 AND value = 'open') AS reopened,
  count(*) FILTER (WHERE value = 'closed' AND started_by_type = 'admin') AS closed_by_teammates,
  count(*) FILTER (WHERE value = 'closed' AND started_by_type <> 'admin') AS closed_by_others,
  count(*) FILTER (WHERE kind = 'rating') AS ratings,
  count(*) FILTER (WHERE kind = 'rating' AND value IN ('4', '5')) AS good_ratings
FROM conversation_timeline
WHERE kind IN ('state', 'rating')
GROUP BY 1
ORDER BY 1`,
};

export const RESPONSES: Question = {
  title: 'First response and resolution time',
  needs: PARTS,
  sql: `WITH spans AS (
  SELECT conversation_id,
    min(started_at) FILTER (WHERE kind = 'state') AS began_at,
    min(seconds) FILTER (WHERE value = 'first_reply' AND detail = 'reply') AS first_response,
    max(started_at) FILTER (WHERE value = 'closed' AND ended_at IS NULL) AS resolved_at
  FROM conversation_timeline
  WHERE kind IN ('state', 'waiting')
  GROUP BY conversation_id
)
SELECT CASE
    WHEN extract(dow FROM began_at) BETWEEN 1 AND 5 AND extract(hour FROM began_at) BETWEEN 9 AND 16 THEN 'in office hours'
    ELSE 'out of office hours'
  END AS began,
  count(*) AS conversations,
  count(first_response) AS answered,
  approx_percentile(CAST(first_response AS double), 0.5) / 60 AS median_response_minutes,
  approx_percentile(CAST(time_to_admin_reply AS double), 0.5) / 60 AS median_response_office_minutes,
  count(resolved_at) AS resolved,
  approx_percentile(CAST(date_diff('second', began_at, resolved_at) AS double), 0.5) / 3600 AS median_resolution_hours,
  approx_percentile(CAST(time_to_last_close AS double), 0.5) / 3600 AS median_resolution_office_hours
FROM spans
JOIN conversations_flat ON conversations_flat.id = spans.conversation_id
GROUP BY 1
ORDER BY 1`,
};

export const TEAMS: Question = {
  title: 'Team performance',
  needs: [...PARTS, 'teams'],
  sql: `WITH done AS (
  SELECT conversation_id, ended_at AS done_at, seconds, 0 AS closes FROM conversation_timeline
  WHERE kind = 'waiting' AND detail = 'reply'
  UNION ALL
  SELECT conversation_id, started_at, NULL, 1 FROM conversation_timeline
  WHERE kind = 'state' AND value = 'closed' AND started_by_type = 'admin'
)
SELECT teams.name AS team,
  count(DISTINCT held.conversation_id) AS conversations,
  count(done.seconds) AS replies,
  coalesce(approx_percentile(CAST(done.seconds AS double), 0.5) / 60, 0) AS median_reply_minutes,
  coalesce(sum(done.closes), 0) AS closed
FROM conversation_timeline AS held
JOIN teams ON teams.id = held.value
LEFT JOIN done
  ON done.conversation_id = held.conversation_id
  AND done.done_at >= held.started_at
  AND (held.ended_at IS NULL OR done.done_at < held.ended_at)
WHERE held.kind = 'team'
GROUP BY teams.id, teams.name
ORDER BY conversations DESC, team`,
};

export const WORKLOAD: Question = {
  title: 'Workload by hour of the week',
  needs: PARTS,
  sql: `SELECT (extract(dow FROM started_at) + 6) % 7 AS weekday,
  extract(hour FROM started_at) AS hour_of_day,
  count(*) FILTER (WHERE kind = 'state') AS new_conversations,
  count(*) FILTER (WHERE kind = 'waiting') AS questions
FROM conversation_timeline
WHERE kind = 'waiting' OR (kind = 'state' AND number = 1)
GROUP BY 1, 2
ORDER BY 1, 2`,
};

export const AI_AGENT: Question = {
  title: "The AI agent's share and outcome",
  needs: PARTS,
  sql: `WITH replied AS (
  SELECT DISTINCT conversation_id FROM conversation_timeline WHERE kind = 'waiting' AND detail = 'reply'
)
SELECT CASE
    WHEN ai_agent_participated THEN coalesce(ai_agent_resolution_state, 'no outcome')
    ELSE 'without the AI agent'
  END AS outcome,
  count(*) AS conversations,
  count(*) * 1e2 / sum(count(*)) OVER () AS percent,
  count(replied.conversation_id) AS with_teammates
FROM conversations_flat
LEFT JOIN replied ON replied.conversation_id = conversations_flat.id
GROUP BY 1
ORDER BY conversations DESC, outcome`,
};

export const QUESTIONS: readonly Question[] = [OVERVIEW, RESPONSES, TEAMS, WORKLOAD, AI_AGENT];
