import { definePipeline } from './functions/core/config.ts';

/** What is synced, from where, how often. Every key has a default; README lists them all. */
export default definePipeline({
  name: 'intercom',
  region: 'US',
});
