/**
 * Makes every personal value of the simulated workspace, so that a test can trace any of them (or replace them all)
 * in one file. The values are realistic on purpose: emoji, right-to-left text, U+2028, quotes, HTML.
 */
import type { JsonObject } from '../json.ts';
import { mix, pick, type Random } from '../prng.ts';

const FIRST = [
  'Ada',
  'Zoë',
  'Søren',
  'María José',
  'Олена',
  '美咲',
  'محمد',
  'נועה',
  'Ọlá',
  'Jean-Luc',
  'Anaïs',
  'Ciarán',
  'Ngọc',
  'Priya',
  "D'Arcy",
];
const LAST = [
  'Lovelace',
  'Müller',
  'García Márquez',
  "O'Brien",
  'Шевченко',
  '佐藤',
  'العربي',
  'כהן',
  'Åkesson',
  'Nguyễn',
  'Van der Berg',
  'Smith',
  'Singh',
  'Adéyemí',
];
const DOMAINS = ['example.com', 'mail.example.org', 'acme.test', 'bücher.example', 'corp.example.net'];
const CITIES = [
  { country: 'Ireland', region: 'Leinster', city: 'Dublin', country_code: 'IRL', continent_code: 'EU' },
  {
    country: 'United States',
    region: 'California',
    city: 'San Francisco',
    country_code: 'USA',
    continent_code: 'NA',
  },
  { country: 'Brazil', region: 'São Paulo', city: 'São Paulo', country_code: 'BRA', continent_code: 'SA' },
  { country: 'Japan', region: 'Tōkyō', city: '渋谷区', country_code: 'JPN', continent_code: 'AS' },
  { country: 'Israel', region: null, city: 'תל אביב', country_code: 'ISR', continent_code: 'AS' },
] as const;
const SENTENCES = [
  'Hello, I cannot log in since this morning.',
  'The invoice says €1,234.50 but we agreed on less.',
  'Is there a way to export "all" our data?',
  'Thanks 🙏🏽 that fixed it! 🎉',
  'مرحبا، أحتاج إلى مساعدة في حسابي',
  'שלום, מתי החשבון שלי יהיה פעיל?',
  'お世話になっております。請求書の件です。',
  'Line one\u2028line two\u2029paragraph\ttab \\ backslash',
  'Call me at +353 1 555 0100 or write to me, please.',
  'Zażółć gęślą jaźń — naïve café',
  'Family: 👨‍👩‍👧‍👦 and flags 🇮🇪🇧🇷',
];
const REMARKS = ['Great!', 'Too slow…', 'Danke 🙂', 'La réponse était "parfaite"', ''];

export type PersonKind = 'contact' | 'admin';

const personHash = (seed: number, kind: PersonKind, row: number): number =>
  mix(mix(seed, kind === 'contact' ? 11 : 13), row);

export function personName(seed: number, kind: PersonKind, row: number): string {
  const hash = personHash(seed, kind, row);
  return `${pick(FIRST, hash)} ${pick(LAST, hash >>> 8)}`;
}

export function personEmail(seed: number, kind: PersonKind, row: number): string {
  if (kind === 'admin') return `admin${row}@workspace.example`;
  return `person${row}+${(personHash(seed, kind, row) >>> 20).toString(36)}@${personDomain(seed, row)}`;
}

export const personDomain = (seed: number, row: number): string =>
  pick(DOMAINS, personHash(seed, 'contact', row) >>> 4);

export const personPhone = (seed: number, row: number): string =>
  `+3531${String(5_550_000 + (personHash(seed, 'contact', row) % 10_000)).padStart(7, '0')}`;

export const personAvatarUrl = (kind: PersonKind, row: number): string =>
  `https://static.intercomassets.example/avatars/${kind}/${row}/square_128/photo.png?1700000000`;

export const personExternalId = (row: number): string => `ext-${row}`;

export const personIp = (seed: number, row: number): string =>
  `203.0.113.${personHash(seed, 'admin', row) % 256}`;

export const personLocation = (seed: number, row: number): JsonObject => ({
  type: 'location',
  ...pick(CITIES, personHash(seed, 'contact', row) >>> 6),
});

export const socialProfile = (seed: number, row: number): JsonObject => ({
  type: 'social_profile',
  name: 'Twitter',
  url: `http://twitter.com/${(personHash(seed, 'contact', row) % 100_000).toString(36)}`,
});

export const freeText = (random: Random): string => random.pick(SENTENCES);

/** A value with half a surrogate pair: JSON carries it as an escape. */
export const brokenText = (): string => 'cut emoji \ud83d';

/** HTML as the inbox writes it. REST bodies stay HTML (docs/intercom-api.md 9). */
export function messageHtml(random: Random): string {
  const paragraphs = Array.from({ length: 1 + random.int(3) }, () => `<p>${freeText(random)}</p>`).join('\n');
  if (random.chance(0.1)) return `${paragraphs}<ul><li><b>A &amp; B</b></li><li>&lt;none&gt;</li></ul>`;
  if (random.chance(0.1))
    return `${paragraphs}<p><img src="https://downloads.intercomcdn.example/i/1/${random.int(1e9)}.png" alt="x"></p>`;
  return paragraphs;
}

export const subjectLine = (random: Random): string =>
  random.chance(0.3) ? '' : `<p>Re: ${freeText(random).slice(0, 40)}</p>`;

export const ratingRemark = (random: Random): string => random.pick(REMARKS);

export const companyName = (seed: number, row: number): string =>
  `${pick(LAST, mix(seed, row))} ${pick(['GmbH', 'Ltd', 'S.à r.l.', '株式会社', 'Inc.'], mix(seed, row) >>> 9)} ${row}`;

export const companyWebsite = (row: number): string => `https://company-${row}.example`;

export const ticketTitle = (random: Random): string =>
  `${freeText(random).slice(0, 50)} #${random.int(1000)}`;

/** The sender and receivers of an e-mail part (`email_address_header` in OpenAPI). */
export function emailHeaders(seed: number, contactRow: number, random: Random): JsonObject[] {
  const header = (type: string, email: string, name: string | null): JsonObject => ({
    type,
    email_address: email,
    name,
  });
  const person = personEmail(seed, 'contact', contactRow);
  return [
    header('from', person, personName(seed, 'contact', contactRow)),
    header('to', 'support@workspace.example', null),
    ...(random.chance(0.5) ? [header('cc', `second.${person}`, 'Second Person')] : []),
  ];
}

export const attachmentName = (random: Random): string =>
  random.pick(['screenshot.png', 'Rechnung März.pdf', 'données (1).csv', '写真.jpg']);

/** Signed and expiring, like the real ones (docs/intercom-api.md 6.4). */
export const attachmentUrl = (random: Random): string =>
  `https://downloads.intercomcdn.example/i/o/${random.int(1e9)}/file?expires=1700000000&signature=${random.int(1e9).toString(16)}`;

export const BOT_NAME = 'Fin';
export const BOT_EMAIL = 'operator+simulator@intercom.example';

/** The author of a message: a contact, an admin or the bot. */
export function author(
  seed: number,
  kind: 'user' | 'lead' | 'admin' | 'bot',
  id: string,
  row: number,
): JsonObject {
  if (kind === 'bot') return { type: 'bot', id, name: BOT_NAME, email: BOT_EMAIL };
  if (kind === 'admin') {
    return {
      type: 'admin',
      id,
      name: personName(seed, 'admin', row),
      email: personEmail(seed, 'admin', row),
    };
  }
  const lead = kind === 'lead';
  return {
    type: kind,
    id,
    name: lead && row % 2 === 0 ? null : personName(seed, 'contact', row),
    email: lead ? '' : personEmail(seed, 'contact', row),
  };
}
