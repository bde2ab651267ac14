/** The hosts a pipeline talks to (docs/intercom-api.md 1, 8.2). */
import { API_HOSTS } from '../config/api-hosts.ts';
import type { ResolvedConfig } from '../config/config.ts';

/** Where people authorize an app, per region. */
const APP_HOSTS: Readonly<Record<ResolvedConfig['region'], string>> = {
  US: 'https://app.intercom.com',
  EU: 'https://app.eu.intercom.com',
  AU: 'https://app.au.intercom.com',
};

export interface OAuthHosts {
  readonly authorize: string;
  /**
   * In the order in which to ask them. Sources disagree about which host issues the tokens of a region: its own or
   * the global one.
   */
  readonly token: readonly string[];
}

/** The hosts of the region. A `baseUrl` that is not one of Intercom's replaces all of them. */
export function oauthHosts({ region, baseUrl }: Pick<ResolvedConfig, 'region' | 'baseUrl'>): OAuthHosts {
  const isIntercom = Object.values<string>(API_HOSTS).includes(baseUrl);
  return isIntercom
    ? { authorize: APP_HOSTS[region], token: [...new Set([API_HOSTS[region], API_HOSTS.US])] }
    : { authorize: baseUrl, token: [baseUrl] };
}
