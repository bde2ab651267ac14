/** Generates the state of a contact from its row number (docs/intercom-api.md 6.2). */
import { ADMIN_IDS, NOTE_IDS, SEGMENT_IDS, SUBSCRIPTION_IDS, TAG_IDS, WORKSPACE_ID } from '../ids.ts';
import { exactInteger, type JsonObject } from '../json.ts';
import { createRandom, mix, type Random } from '../prng.ts';
import type { Timed } from '../table.ts';
import { type Genesis, hasShape, times } from './genesis.ts';
import { companiesOf, contactSegmentsOf, contactTagsOf } from './membership.ts';
import * as personal from './personal.ts';

export interface AppliedTag {
  readonly id: string;
  readonly appliedAt: number;
  readonly appliedBy: JsonObject | null;
}

export interface ContactNote {
  readonly id: string;
  readonly createdAt: number;
  /** The row of the admin who wrote it. */
  readonly admin: number | null;
  readonly body: string;
}

export interface ContactState extends Timed {
  /** Every field except id, times and relationships. */
  readonly fields: JsonObject;
  readonly tags: readonly AppliedTag[];
  /** The rows of the companies. */
  readonly companies: readonly number[];
  readonly segments: readonly string[];
  readonly notes: readonly ContactNote[];
  readonly optedIn: readonly string[];
  readonly optedOut: readonly string[];
  readonly archived: boolean;
}

export const contactTimes = (genesis: Genesis, row: number): Timed =>
  times(genesis, 1, row, genesis.sizes.contacts);

/** Attributes as customers create them: spaces in names, huge integers, decimals among integers, our own column names. */
function customAttributes(random: Random, row: number): JsonObject {
  return {
    paid_subscriber: random.chance(0.5),
    monthly_spend: row % 3 === 0 ? random.int(500) : random.int(50_000) / 100,
    ...(row % 4 === 0 ? { 'favourite colour': random.pick(['blue', 'green 🟢', null]) } : {}),
    ...(hasShape(row, 50, 1)
      ? { legacy_number: exactInteger(`900719925474${String(row % 9000).padStart(4, '0')}`) }
      : {}),
    ...(hasShape(row, 50, 2) ? { attachments: 'a customer called it so' } : {}),
    ...(hasShape(row, 50, 3) ? { note: personal.brokenText() } : {}),
    ...(hasShape(row, 50, 4) ? { legacy_number: exactInteger('-9007199254740993') } : {}),
    ...(hasShape(row, 50, 6)
      ? {
          'Order list': {
            type: 'Order.list',
            instances: [{ id: '21', external_id: '123', custom_attributes: { order_number: 'ORD-1' } }],
          },
        }
      : {}),
    ...(row % 7 === 0 ? { renewal_date: 1_700_000_000 + random.int(90) * 43_200 } : {}),
    ...(hasShape(row, 50, 8) ? { 'Straße "1" / tab\t': 'ok', old_flag: true } : {}),
  };
}

function device(random: Random, row: number, seenAt: number | null): JsonObject {
  const android = row % 6 === 2;
  const ios = row % 6 === 4;
  return {
    android_app_name: android ? 'Simulator' : null,
    android_app_version: android ? '4.7.0' : null,
    android_device: android ? 'Pixel 9' : null,
    android_os_version: android ? '16' : null,
    android_sdk_version: android ? '15.1.2' : null,
    android_last_seen_at: android ? seenAt : null,
    ios_app_name: ios ? 'Simulator' : null,
    ios_app_version: ios ? `${random.int(9)}.0` : null,
    ios_device: ios ? 'iPhone17,1' : null,
    ios_os_version: ios ? '26.0' : null,
    ios_sdk_version: ios ? '18.2.0' : null,
    ios_last_seen_at: ios ? seenAt : null,
  };
}

/** Fields of live answers that are in no schema (docs/intercom-api.md 10.23). */
const undocumented = (row: number): JsonObject => ({
  utm_campaign: row % 9 === 0 ? 'spring' : null,
  utm_content: null,
  utm_medium: null,
  utm_source: row % 9 === 0 ? 'newsletter' : null,
  utm_term: null,
  referrer: row % 9 === 0 ? 'https://search.example/?q=intercom' : null,
  ...(row % 5 === 0 ? { sms_consent: false, unsubscribed_from_sms: false } : {}),
  ...(hasShape(row, 50, 9) ? { field_of_tomorrow: { version: 1, list: [1, 'two', null] } } : {}),
});

export const isLead = (row: number): boolean => row % 8 === 3;

export function contactFields(genesis: Genesis, row: number, time: Timed): JsonObject {
  const { seed, sizes } = genesis;
  const random = createRandom(seed, 'contact', row);
  const lead = isLead(row);
  const life = time.updatedAt - time.createdAt;
  const moment = (chance: number): number | null =>
    random.chance(chance) ? time.createdAt + random.int(life + 1) : null;
  const seenAt = moment(0.7);
  const anonymous = lead && row % 16 === 3;
  return {
    external_id: lead ? null : personal.personExternalId(row),
    workspace_id: WORKSPACE_ID,
    role: lead ? 'lead' : 'user',
    email: anonymous ? null : personal.personEmail(seed, 'contact', row),
    phone: random.chance(0.4) ? personal.personPhone(seed, row) : null,
    name: anonymous ? null : personal.personName(seed, 'contact', row),
    avatar: random.chance(0.3)
      ? { type: 'avatar', image_url: personal.personAvatarUrl('contact', row) }
      : null,
    owner_id:
      sizes.admins > 0 && random.chance(0.3) ? Number(ADMIN_IDS.idOf(random.int(sizes.admins))) : null,
    social_profiles: { type: 'list', data: random.chance(0.1) ? [personal.socialProfile(seed, row)] : [] },
    has_hard_bounced: random.chance(0.03),
    marked_email_as_spam: random.chance(0.02),
    unsubscribed_from_emails: random.chance(0.1),
    signed_up_at: lead ? null : time.createdAt,
    last_seen_at: seenAt,
    last_replied_at: moment(0.3),
    last_contacted_at: moment(0.4),
    last_email_opened_at: moment(0.2),
    last_email_clicked_at: moment(0.1),
    language_override: random.chance(0.1) ? 'fr' : null,
    browser: seenAt === null ? null : 'chrome',
    browser_version: seenAt === null ? null : '142.0',
    browser_language: seenAt === null ? null : 'en',
    os: seenAt === null ? null : 'Windows 11',
    location: random.chance(0.7)
      ? personal.personLocation(seed, row)
      : {
          type: 'location',
          country: null,
          region: null,
          city: null,
          country_code: null,
          continent_code: null,
        },
    custom_attributes: customAttributes(random, row),
    ...device(random, row, seenAt),
    ...undocumented(row),
    ...(anonymous ? {} : { email_domain: personal.personDomain(seed, row) }),
  };
}

/** The contact with more notes than a page of them holds. */
const MANY_NOTES = { row: 13, count: 57 };

function noteCount({ seed }: Genesis, row: number): number {
  if (row === MANY_NOTES.row) return MANY_NOTES.count;
  if (row % 12 === 5) return 1 + (mix(mix(seed, 113), row) % 3);
  return hasShape(row, 89, 13) ? 12 : 0;
}

/** One of 16 notes has no author. */
export const contactNote = (genesis: Genesis, id: string, createdAt: number): ContactNote => {
  const random = createRandom(genesis.seed, 'note', Number(id));
  return {
    id,
    createdAt,
    admin: random.int(16) === 3 || genesis.sizes.admins === 0 ? null : random.int(genesis.sizes.admins),
    body: personal.messageHtml(random),
  };
};

function notesOf(genesis: Genesis, row: number, { createdAt, updatedAt }: Timed): ContactNote[] {
  const count = noteCount(genesis, row);
  const idOf = (index: number): string =>
    index === 0 && row % 12 === 5 ? NOTE_IDS.idOf(row) : String(9_000_000 + row * 20 + index);
  return Array.from({ length: count }, (_, index) =>
    contactNote(genesis, idOf(index), createdAt + Math.floor(((updatedAt - createdAt) * index) / count)),
  );
}

/** A contact that is archived is in no segment until it comes back. */
export const segmentsIn = (state: ContactState): readonly string[] => (state.archived ? [] : state.segments);

export function generateContact(genesis: Genesis, row: number): ContactState {
  const time = contactTimes(genesis, row);
  const subscription = (every: number): string[] =>
    genesis.sizes.subscription_types > 0 && row % every === 0
      ? [SUBSCRIPTION_IDS.idOf(row % genesis.sizes.subscription_types)]
      : [];
  return {
    ...time,
    fields: contactFields(genesis, row, time),
    tags: contactTagsOf(genesis, row).map((tag, i) => ({
      id: TAG_IDS.idOf(tag),
      appliedAt: time.createdAt + i,
      appliedBy: { type: 'admin', id: ADMIN_IDS.idOf(0) },
    })),
    companies: companiesOf(genesis, row),
    segments: contactSegmentsOf(genesis, row).map(SEGMENT_IDS.idOf),
    notes: notesOf(genesis, row, time),
    optedIn: subscription(11),
    optedOut: subscription(10),
    archived: false,
  };
}
