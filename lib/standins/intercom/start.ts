/** Puts the simulator together: world, truth, routes, server. */

import { createFaults } from './http/faults.ts';
import { createHandler } from './http/handler.ts';
import { createRateWindows, DEFAULT_LIMITS } from './http/rate-windows.ts';
import { createRequestLog } from './http/request-log.ts';
import { createRouter } from './http/router.ts';
import { createActivityLogRoutes } from './http/routes/activity-logs.ts';
import { createAuthorizeRoutes } from './http/routes/authorize.ts';
import { createCallRoutes } from './http/routes/calls.ts';
import { createCompanyRoutes } from './http/routes/companies.ts';
import { createContactRoutes } from './http/routes/contacts.ts';
import { createConversationRoutes } from './http/routes/conversations.ts';
import { createHelpCenterRoutes } from './http/routes/help-center.ts';
import { createListRoutes } from './http/routes/lists.ts';
import { createOAuthRoutes } from './http/routes/oauth.ts';
import { createSmallRoutes } from './http/routes/small.ts';
import { createTicketRoutes } from './http/routes/tickets.ts';
import { createScrolls } from './http/scrolls.ts';
import { listen } from './http/server.ts';
import { createTokens } from './http/tokens.ts';
import { createShortages } from './odd-records.ts';
import { createCursors } from './search/cursor.ts';
import { resolveSizes } from './sizes.ts';
import { DEFAULT_SWITCHES, type Switches } from './switches.ts';
import { createWorkspace } from './truth/workspace.ts';
import type { Simulator, SimulatorOptions } from './types.ts';
import { createClock } from './world/clock.ts';
import { createWorld } from './world/world.ts';

/** Refuses unknown switches: a misspelt one would silently test nothing. */
function checkSwitches(switches: Partial<Switches>): Partial<Switches> {
  for (const name of Object.keys(switches)) {
    if (!(name in DEFAULT_SWITCHES)) throw new Error(`unknown switch "${name}"`);
  }
  return switches;
}

/** Starts a simulator on 127.0.0.1. Two with the same seed, sizes and baseTime serve the same workspace. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, seed = 1, now = Date.now, timezone = 'America/Los_Angeles', region = 'US' } = options;
  const clock = createClock(now);
  const baseTimeMs = options.baseTime ?? now();
  let current: Switches = { ...DEFAULT_SWITCHES, ...checkSwitches(options.switches ?? {}) };
  const switches = (): Switches => current;
  const genesis = { seed, sizes: resolveSizes(options.sizes), baseTime: Math.floor(baseTimeMs / 1000) };
  const indexingDelaySeconds = options.indexingDelaySeconds ?? 0;
  const world = createWorld({ genesis, clock, timezone, switches, indexingDelaySeconds });
  const tokens = createTokens(clock, seed);
  const scrolls = createScrolls(clock, seed);
  const faults = createFaults(options.faults ?? []);
  const log = createRequestLog();
  const seenMs = (): number => log.entries.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
  const workspace = createWorkspace(world, baseTimeMs, seenMs);
  let url = '';
  const services = {
    world,
    cursors: createCursors(clock, switches),
    scrolls,
    tokens,
    shortages: createShortages(),
    switches,
    url: () => url,
    region,
    reportedTimezone: options.reportedTimezone,
  };
  const app = options.oauth ?? { clientId: 'client', clientSecret: 'secret' };
  const redirectUrls = [...(app.redirectUrls ?? [])];
  const router = createRouter([
    ...createContactRoutes(),
    ...createCompanyRoutes(),
    ...createConversationRoutes(),
    ...createTicketRoutes(),
    ...createCallRoutes(),
    ...createSmallRoutes(),
    ...createListRoutes(),
    ...createHelpCenterRoutes(),
    ...createActivityLogRoutes(),
    ...createOAuthRoutes(app),
    ...createAuthorizeRoutes(app.clientId, () => redirectUrls),
  ]);
  const rate = createRateWindows(clock, { ...DEFAULT_LIMITS, ...options.rateLimit }, switches);
  const handle = createHandler(services, router, rate);
  const server = await listen({
    port,
    clock,
    faults,
    log,
    sendsDate: () => switches().dateHeader === 'present',
    handle,
    onInjectedError: (path) => path === '/companies/scroll' && scrolls.fail(),
  });
  url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    token: tokens.issue(),
    workspace,
    requestLog: log.entries,
    issueToken: tokens.issue,
    setTokenState: tokens.setState,
    issueCode: tokens.issueCode,
    registerRedirectUrl: (added) => redirectUrls.push(added),
    addFault: faults.add,
    setSwitches(changes) {
      current = { ...current, ...checkSwitches(changes) };
      world.forget();
    },
    stats: log.stats,
    answer: handle,
    close: server.close,
  };
}
