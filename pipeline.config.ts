import { definePipeline } from './functions/config/config.ts';

const SIX_HOURS = { every: '6 hours' };

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
  },
});
