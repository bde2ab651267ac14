/** What `conversation_timeline` must show, computed by walking through the parts one by one. */

type Json = Readonly<Record<string, unknown>>;

interface Actor {
  readonly type: string | null;
  readonly id: string | null;
}

interface Span {
  readonly kind: string;
  readonly value: string;
  readonly detail: string | null;
  readonly from: number;
  readonly by: Actor;
  readonly until: number | null;
  readonly endedBy: Actor | null;
}

/** A row of the view, with times in Unix seconds. */
export interface TimelineRow {
  readonly conversation_id: string;
  readonly kind: string;
  readonly value: string;
  readonly detail: string | null;
  readonly number: number;
  readonly started_at: number;
  readonly started_by_type: string | null;
  readonly started_by_id: string | null;
  readonly ended_at: number | null;
  readonly ended_by_type: string | null;
  readonly ended_by_id: string | null;
  readonly seconds: number | null;
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Json)[name] : undefined;
const text = (value: unknown): string | null =>
  value === null || value === undefined ? null : String(value);

function actorOf(author: unknown): Actor {
  const type = text(member(author, 'type'));
  const isContact = type === 'user' || type === 'lead' || type === 'visitor';
  const name = member(author, 'from_ai_agent') === true ? 'ai_agent' : isContact ? 'contact' : type;
  return { type: name, id: text(member(author, 'id')) };
}

/** The spans of one kind: what holds goes on until something else is set. */
class Track {
  readonly spans: Span[] = [];
  private open: Omit<Span, 'until' | 'endedBy'> | null = null;
  private readonly kind: string;
  constructor(kind: string) {
    this.kind = kind;
  }
  set(value: string, from: number, by: Actor, detail: string | null = null): void {
    if (this.open?.value === value && this.open.detail === detail) return;
    this.end(from, by);
    this.open = { kind: this.kind, value, detail, from, by };
  }
  end(until: number, endedBy: Actor, detail?: string): void {
    if (this.open !== null) {
      this.spans.push({ ...this.open, until, endedBy, ...(detail === undefined ? {} : { detail }) });
    }
    this.open = null;
  }
  get all(): readonly Span[] {
    return [...this.spans, ...(this.open === null ? [] : [{ ...this.open, until: null, endedBy: null }])];
  }
}

/** Parts in the order in which they happened; none is before the conversation. */
const inOrder = (parts: readonly Json[], began: number): readonly Json[] =>
  parts
    .filter(({ created_at }) => typeof created_at === 'number')
    .map((part): Json => ({ ...part, created_at: Math.max(began, Number(part.created_at)) }))
    .toSorted((a, b) => Number(a.created_at) - Number(b.created_at) || Number(a.id) - Number(b.id));

const isMessage = ({ part_type: type, body }: Json): boolean =>
  type === 'comment' ||
  type === 'quick_reply' ||
  (typeof body === 'string' && body !== '' && !String(type).startsWith('note'));

const REOPENS = [
  'open',
  'assign_and_reopen',
  'note_and_reopen',
  'unsnoozed',
  'timer_unsnooze',
  'assign_and_unsnooze',
  'note_and_unsnooze',
];

function slaStatus({ part_type: type, event_details: details }: Json): string | null {
  if (type === 'conversation_sla_removed') return null;
  if (type === 'conversation_sla_target_missed') return 'missed';
  if (type === 'conversation_sla_paused') return 'paused';
  const status = text(member(details, 'current_sla_status'));
  return status === 'hit' || status === 'missed' ? status : 'active';
}

/** The rows of one conversation, from the record and the parts that the API serves. */
export function timelineOf(conversation: Json, parts: readonly Json[]): readonly TimelineRow[] {
  const began = Number(conversation.created_at);
  const starter = actorOf(member(conversation.source, 'author'));
  const [state, team, teammate, waiting, sla, rating] = [
    new Track('state'),
    new Track('team'),
    new Track('teammate'),
    new Track('waiting'),
    new Track('sla'),
    new Track('rating'),
  ];
  let hasReply = false;
  const ask = (at: number, by: Actor) => waiting.set(hasReply ? 'next_reply' : 'first_reply', at, by);
  state.set('open', began, starter);
  if (starter.type === 'contact') ask(began, starter);
  for (const part of inOrder(parts, began)) {
    const at = Number(part.created_at);
    const by = actorOf(part.author);
    const type = String(part.part_type);
    if (type === 'close') state.set('closed', at, by);
    if (type === 'snoozed') state.set('snoozed', at, by);
    if (REOPENS.includes(type)) state.set('open', at, by);
    const assigned = part.assigned_to;
    if (assigned !== null && assigned !== undefined) {
      const track = member(assigned, 'type') === 'team' ? team : teammate;
      const id = text(member(assigned, 'id'));
      if (id === null || id === '0') track.end(at, by);
      else track.set(id, at, by);
    }
    if (by.type === 'admin' && isMessage(part)) {
      hasReply ||= waiting.all.at(-1)?.until === null;
      waiting.end(at, by, 'reply');
    } else if (type === 'close') waiting.end(at, by, 'close');
    else if (by.type === 'contact' && isMessage(part)) ask(at, by);
    if (type.startsWith('conversation_sla_')) {
      const status = slaStatus(part);
      if (status === null) sla.end(at, by);
      else sla.set(status, at, by, text(member(part.event_details, 'sla_name')));
    }
  }
  const { conversation_rating: rated } = conversation;
  const score = text(member(rated, 'rating'));
  if (score !== null) {
    const rater = { type: 'contact', id: text(member(member(rated, 'contact'), 'id')) };
    const mate = actorOf(member(rated, 'teammate'));
    const at = member(rated, 'updated_at') ?? member(rated, 'created_at') ?? conversation.updated_at;
    rating.set(score, Number(at), rater, mate.type === 'admin' ? mate.id : null);
  }
  return [state, team, teammate, waiting, sla, rating].flatMap((track) =>
    track.all.map(({ kind, value, detail, from, by, until, endedBy }, index) => ({
      conversation_id: String(conversation.id),
      kind,
      value,
      detail,
      number: index + 1,
      started_at: from,
      started_by_type: by.type,
      started_by_id: by.id,
      ended_at: until,
      ended_by_type: endedBy?.type ?? null,
      ended_by_id: endedBy?.id ?? null,
      seconds: until === null ? null : until - from,
    })),
  );
}

/** Reads the view as rows of the model. */
export const TIMELINE_SQL = `SELECT conversation_id, kind, value, detail, number, epoch(started_at)::BIGINT AS started_at,
  started_by_type, started_by_id, epoch(ended_at)::BIGINT AS ended_at, ended_by_type, ended_by_id, seconds
FROM conversation_timeline ORDER BY conversation_id, kind, number`;

/** In the order of `TIMELINE_SQL`. */
export const sorted = (rows: readonly TimelineRow[]): readonly TimelineRow[] =>
  rows.toSorted(
    (a, b) =>
      Number(a.conversation_id > b.conversation_id) - Number(a.conversation_id < b.conversation_id) ||
      Number(a.kind > b.kind) - Number(a.kind < b.kind) ||
      a.number - b.number,
  );
