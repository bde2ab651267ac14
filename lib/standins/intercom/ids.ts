/** Ids in Intercom's formats. Row and id can be converted both ways and sort alike. */

export interface IdScheme {
  idOf(row: number): string;
  rowOf(id: string): number | undefined;
}

/** 24 hexadecimal digits, as contacts and companies have. The last six are the row. */
function hexIds(prefix: string): IdScheme {
  if (!/^[0-9a-f]{18}$/.test(prefix))
    throw new Error(`an id prefix is 18 hexadecimal digits, not "${prefix}"`);
  return {
    idOf: (row) => prefix + row.toString(16).padStart(6, '0'),
    rowOf: (id) =>
      id.startsWith(prefix) && /^[0-9a-f]{6}$/.test(id.slice(18))
        ? Number.parseInt(id.slice(18), 16)
        : undefined,
  };
}

/** Decimal ids in steps, so that conversations and tickets can share one id space (docs/intercom-api.md 6.5). */
function decimalIds(first: number, step: number): IdScheme {
  return {
    idOf: (row) => String(first + row * step),
    rowOf: (id) => {
      const row = (Number(id) - first) / step;
      return /^\d+$/.test(id) && Number.isInteger(row) && row >= 0 ? row : undefined;
    },
  };
}

export const CONTACT_IDS = hexIds('6762f0d01bb69f9f21');
export const COMPANY_IDS = hexIds('6762f0941bb69f9f21');
export const CONVERSATION_IDS = decimalIds(2_150_000_000, 2);
export const TICKET_IDS = decimalIds(2_150_000_001, 2);
/** The inbox number of a ticket, which is not its id (docs/intercom-api.md 6.5). */
export const TICKET_NUMBERS = decimalIds(1, 1);
export const ADMIN_IDS = decimalIds(991_267_400, 1);
export const TEAM_IDS = decimalIds(5_017_600, 1);
export const TAG_IDS = decimalIds(7_500_100, 7);
export const NOTE_IDS = decimalIds(40_000, 1);
export const SUBSCRIPTION_IDS = decimalIds(130, 1);
export const CALL_IDS = decimalIds(4_600, 1);
export const ARTICLE_IDS = decimalIds(9_100_000, 1);
export const COLLECTION_IDS = decimalIds(2_800_000, 1);
export const HELP_CENTER_IDS = decimalIds(120, 1);
export const TICKET_TYPE_IDS = decimalIds(100, 1);
export const TICKET_STATE_IDS = decimalIds(8_570, 1);
export const SEGMENT_IDS = hexIds('6762f0a11bb69f9f21');
export const COMPANY_SEGMENT_IDS = hexIds('6762f0a21bb69f9f21');

/** The id of the n-th part of a conversation or ticket. A thread has fewer than 10,000 parts. */
export const partId = (threadId: string, index: number): string =>
  `${threadId.slice(-8)}${String(index).padStart(4, '0')}`;
export const WORKSPACE_ID = 'sim0test';
/** The bot, which GET /admins lists as an admin. */
export const BOT_ID = '991267399';
