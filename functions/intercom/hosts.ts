/** Which hosts a pipeline speaks to (docs/intercom-api.md 1, 8.2). */
import { API_HOSTS, type ResolvedConfig } from '../config/config.ts';

/** Where people authorize an app, per region. */
const APP_HOSTS: Readonly<Record<ResolvedConfig['region'], string>> = {
  US: 'https://app.intercom.com',
  EU: 'https://app.eu.intercom.com',
  AU: 'https://app.au.intercom.com',
};

export interface OAuthHosts {
  readonly authorize: string;
  /**
   * In the order in which they are asked. Sources disagree on whether tokens of every region are handed out
   * by the global host or by the region's own.
   */
  readonly token: readonly string[];
}

/** Of the region; a `baseUrl` that is none of Intercom's own stands for all of them. */
export function oauthHosts({ region, baseUrl }: Pick<ResolvedConfig, 'region' | 'baseUrl'>): OAuthHosts {
  const isIntercom = Object.values<string>(API_HOSTS).includes(baseUrl);
  return isIntercom
    ? { authorize: APP_HOSTS[region], token: [...new Set([API_HOSTS[region], API_HOSTS.US])] }
    : { authorize: baseUrl, token: [baseUrl] };
}
