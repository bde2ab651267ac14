/** The parts of conversations, oldest first (docs/intercom-api.md 6.4). */
import { ADMIN_IDS, BOT_ID, CONTACT_IDS, CONVERSATION_IDS, partId, TEAM_IDS } from '../ids.ts';
import type { JsonObject } from '../json.ts';
import { createRandom, type Random, uuid } from '../prng.ts';
import { attachments } from './attachments.ts';
import { isLead } from './contacts.ts';
import { type ConversationState, contactsOf, hasStory } from './conversations.ts';
import type { Genesis } from './genesis.ts';
import * as personal from './personal.ts';
import { storyOf } from './story.ts';

interface Scene {
  readonly genesis: Genesis;
  readonly random: Random;
  readonly contact: number;
}

const byContact = ({ genesis, contact }: Scene): JsonObject =>
  personal.author(genesis.seed, isLead(contact) ? 'lead' : 'user', CONTACT_IDS.idOf(contact), contact);

function byAdmin({ genesis, random }: Scene): JsonObject {
  const admin = random.int(Math.max(1, genesis.sizes.admins));
  return personal.author(genesis.seed, 'admin', ADMIN_IDS.idOf(admin), admin);
}

const byBot = ({ genesis }: Scene): JsonObject => ({
  ...personal.author(genesis.seed, 'bot', BOT_ID, 0),
  from_ai_agent: true,
  is_ai_answer: true,
});

const action = (name: string, result?: string): JsonObject => ({
  action: { name, ...(result ? { result } : {}) },
});

/** The fields that differ for each kind of part. The real API has an open list of kinds. */
const KINDS: readonly ((scene: Scene) => JsonObject)[] = [
  (scene) => ({
    part_type: 'comment',
    body: personal.messageHtml(scene.random),
    author: byContact(scene),
    attachments: attachments(scene.random, 0.3),
  }),
  (scene) => ({ part_type: 'comment', body: personal.messageHtml(scene.random), author: byAdmin(scene) }),
  (scene) => ({
    part_type: 'comment',
    body: personal.messageHtml(scene.random),
    author: byContact(scene),
    email_message_metadata: {
      subject: personal.subjectLine(scene.random),
      email_address_headers: personal.emailHeaders(scene.genesis.seed, scene.contact, scene.random),
      message_id: `<${scene.random.int(1e9)}@mail.example>`,
    },
  }),
  (scene) => ({
    part_type: 'note',
    body: personal.messageHtml(scene.random),
    author: byAdmin(scene),
    attachments: attachments(scene.random, 0.5),
  }),
  (scene) => ({
    part_type: 'assignment',
    body: null,
    author: byAdmin(scene),
    assigned_to: scene.random.chance(0.5)
      ? { type: 'team', id: TEAM_IDS.idOf(0) }
      : { type: 'admin', id: ADMIN_IDS.idOf(0) },
  }),
  (scene) => ({
    part_type: 'comment',
    body: personal.messageHtml(scene.random),
    author: byBot(scene),
    metadata: {
      quick_reply_options: [{ text: 'Yes 👍', uuid: uuid(1, scene.random.int(1e6)) }],
      quick_reply_uuid: uuid(2, scene.random.int(1e6)),
    },
  }),
  (scene) => ({
    part_type: 'custom_action_started',
    body: null,
    author: byAdmin(scene),
    event_details: action('Jira Create Issue'),
    app_package_code: 'test-integration',
  }),
  (scene) => ({
    part_type: 'custom_action_finished',
    body: null,
    author: byAdmin(scene),
    event_details: action('Jira Create Issue', 'success'),
  }),
  (scene) => ({
    part_type: 'conversation_attribute_updated_by_admin',
    body: null,
    author: byAdmin(scene),
    event_details: { attribute: { name: 'jira_issue_key' }, value: { name: 'PROJ-007', previous: null } },
  }),
  (scene) => ({ part_type: 'close', body: null, author: byAdmin(scene), state: 'closed' }),
  (scene) => ({ part_type: 'open', body: null, author: byContact(scene), tags: null }),
  (scene) => ({
    part_type: 'comment',
    body: null,
    author: byContact(scene),
    redacted: true,
    tags: [{ type: 'tag', id: '7500100', name: 'VIP' }],
  }),
  (scene) => ({
    part_type: 'a_type_of_tomorrow',
    body: `<p>${personal.brokenText()}</p>`,
    author: byBot(scene),
    unknown_key: { x: [1] },
  }),
];

/** A part with every field of a live one. `details` overrides them. */
export function conversationPart(id: string, at: number, details: JsonObject): JsonObject {
  return {
    type: 'conversation_part',
    id,
    part_type: 'comment',
    body: null,
    created_at: at,
    updated_at: at,
    notified_at: at,
    assigned_to: null,
    attachments: [],
    external_id: null,
    redacted: false,
    email_message_metadata: null,
    state: 'open',
    tags: [],
    event_details: null,
    app_package_code: null,
    ...details,
  };
}

/** One more message by the contact, for mutations. */
export function messagePart(genesis: Genesis, contact: number, random: Random): JsonObject {
  const kind = random.pick(KINDS.slice(0, 4));
  return kind({ genesis, random, contact });
}

function generateStory(genesis: Genesis, row: number, state: ConversationState): JsonObject[] {
  const id = CONVERSATION_IDS.idOf(row);
  const random = createRandom(genesis.seed, 'story', row);
  const { fields, contact, createdAt, updatedAt, partCount } = state;
  const sla = fields.sla_applied as { sla_name: string; sla_status: string } | null;
  const list = (fields.teammates as { admins: readonly { id: string }[] } | null)?.admins ?? [];
  const admins = list.length > 0 ? list.map((one) => one.id) : [ADMIN_IDS.idOf(0)];
  const contacts = contactsOf(genesis, row, contact);
  const scene = {
    random,
    state: String(fields.state),
    team: fields.team_assignee_id === null ? null : String(fields.team_assignee_id),
    sla: sla === null ? null : { name: sla.sla_name, status: sla.sla_status },
    hasAgent: fields.ai_agent_participated === true,
    isRated: fields.conversation_rating !== null,
    byContact: () => byContact({ genesis, random, contact: random.pick(contacts) }),
    byAdmin: () => {
      const admin = random.pick(admins);
      return personal.author(genesis.seed, 'admin', admin, ADMIN_IDS.rowOf(admin) ?? 0);
    },
  };
  return storyOf(scene, partCount, updatedAt - createdAt).map(({ after, details }, index) =>
    conversationPart(partId(id, index), createdAt + after, details),
  );
}

/** Times rise from the conversation's creation to its last update. */
export function generateParts(genesis: Genesis, row: number, state: ConversationState): JsonObject[] {
  if (hasStory(row)) return generateStory(genesis, row, state);
  const id = CONVERSATION_IDS.idOf(row);
  const random = createRandom(genesis.seed, 'parts', row);
  const step = (state.updatedAt - state.createdAt) / Math.max(1, state.partCount);
  return Array.from({ length: state.partCount }, (_, index) => {
    const kind =
      index < KINDS.length && row % 2 === 0 ? KINDS[(index + row) % KINDS.length] : random.pick(KINDS);
    const at = Math.floor(state.createdAt + (index + 1) * step);
    const details = kind?.({ genesis, random, contact: state.contact }) ?? {};
    return conversationPart(partId(id, index), at, {
      ...(random.chance(0.1) ? { external_id: `part-${index}` } : {}),
      ...details,
    });
  });
}
