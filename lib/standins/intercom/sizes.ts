/** The size of a workspace, and the two presets that most callers need. */

export interface WorkspaceSizes {
  readonly contacts: number;
  readonly companies: number;
  readonly conversations: number;
  readonly tickets: number;
  /** Phone calls. */
  readonly calls: number;
  readonly admins: number;
  readonly teams: number;
  readonly tags: number;
  /** Contact segments. There are a third as many company segments in addition. */
  readonly segments: number;
  readonly articles: number;
  readonly collections: number;
  readonly help_centers: number;
  readonly activity_logs: number;
  readonly ticket_types: number;
  readonly subscription_types: number;
  /** Records of each of the small lists: brands, sender addresses, news and the like. */
  readonly lists: number;
  /** The average number of parts of an ordinary conversation. */
  readonly partsPerConversation: number;
  /** The number of parts of the one long conversation (docs/intercom-api.md 6.4: only the newest 500 are served). */
  readonly partsOfLongConversation: number;
  /** The days between the oldest record and `baseTime`. */
  readonly historyDays: number;
  /** How many contacts share one `updated_at` second after a bulk update, at most half of them; conversations likewise (docs/intercom-api.md 5.2). */
  readonly sharedSecond: number;
}

const demo: WorkspaceSizes = {
  contacts: 2000,
  companies: 300,
  conversations: 600,
  tickets: 150,
  calls: 60,
  admins: 14,
  teams: 5,
  tags: 40,
  segments: 12,
  articles: 80,
  collections: 18,
  help_centers: 2,
  activity_logs: 700,
  ticket_types: 6,
  subscription_types: 6,
  lists: 8,
  partsPerConversation: 8,
  partsOfLongConversation: 620,
  historyDays: 400,
  sharedSecond: 180,
};

const tiny: WorkspaceSizes = {
  contacts: 340,
  companies: 70,
  conversations: 60,
  tickets: 24,
  calls: 30,
  admins: 6,
  teams: 3,
  tags: 30,
  segments: 6,
  articles: 30,
  collections: 24,
  help_centers: 2,
  activity_logs: 60,
  ticket_types: 4,
  subscription_types: 4,
  lists: 4,
  partsPerConversation: 4,
  partsOfLongConversation: 520,
  historyDays: 90,
  sharedSecond: 160,
};

export const SIZES = { demo, tiny } as const satisfies Record<string, WorkspaceSizes>;

/** Completes `sizes` from SIZES.demo. Refuses a size that is not a whole number. */
export function resolveSizes(sizes: Partial<WorkspaceSizes> = {}): WorkspaceSizes {
  for (const [name, value] of Object.entries(sizes)) {
    if (!(name in demo)) throw new Error(`unknown size "${name}"; known: ${Object.keys(demo).join(', ')}`);
    if (!Number.isInteger(value) || value < 0)
      throw new Error(`size ${name} must be a whole number, not ${value}`);
  }
  return { ...demo, ...sizes };
}
