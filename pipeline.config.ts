import { definePipeline } from './functions/config/config.ts';

const SIX_HOURS = { every: '6 hours' };
const DAILY = { every: '1 day' };

/** What to sync, from where, how often. Every key has a default; the documentation lists them all. */
export default definePipeline({
  name: 'intercom',
  region: 'US',
  // Or at fixed times: { cron: '0 6 * * 1-5', timezone: 'Europe/Berlin' }
  frequency: { every: '1 hour' },
  // Intercom only returns these as a whole: each run reads all of them, even if nothing has changed.
  objectFrequency: {
    companies: SIX_HOURS,
    admins: SIX_HOURS,
    tags: SIX_HOURS,
    teams: SIX_HOURS,
    segments: SIX_HOURS,
    data_attributes: SIX_HOURS,
    ticket_types: SIX_HOURS,
    articles: SIX_HOURS,
    collections: SIX_HOURS,
    help_centers: SIX_HOURS,
    subscription_types: SIX_HOURS,
    ticket_states: DAILY,
    brands: DAILY,
    emails: DAILY,
    away_status_reasons: DAILY,
    news_items: DAILY,
    newsfeeds: DAILY,
    internal_articles: DAILY,
    external_pages: DAILY,
    content_import_sources: DAILY,
  },
});
