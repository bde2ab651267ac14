/** The page on which a person authorizes the app (docs/intercom-api.md 8.1). It does not imitate Intercom's design. */
import type { Answer, Request, Route, Services } from '../context.ts';

const HTML = { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' };

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

const page = (status: number, content: string): Answer => ({
  status,
  headers: HTML,
  body: `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Authorize access</title></head><body>${content}</body></html>\n`,
});

const FIELDS = ['client_id', 'state', 'redirect_uri'];

const hidden = (parameters: URLSearchParams): string =>
  FIELDS.filter((name) => parameters.has(name))
    .map((name) => `<input type="hidden" name="${name}" value="${escaped(parameters.get(name) ?? '')}">`)
    .join('');

/** The URL that the browser is sent back to, or a page that says why it is not. */
type Destination = { readonly url: URL } | { readonly refusal: Answer };

function destination(
  clientId: string,
  redirectUrls: readonly string[],
  parameters: URLSearchParams,
): Destination {
  if (parameters.get('client_id') !== clientId) return { refusal: page(404, '<h1>Unknown client_id</h1>') };
  const url = parameters.get('redirect_uri') ?? redirectUrls[0];
  if (url === undefined || !redirectUrls.includes(url)) {
    return { refusal: page(400, '<h1>The redirect URL is not registered for this app</h1>') };
  }
  return { url: new URL(url) };
}

const ask = (parameters: URLSearchParams): Answer =>
  page(
    200,
    `<h1>The app wants access to your workspace</h1><form method="post" action="/oauth">${hidden(parameters)}<button name="decision" value="authorize">Authorize access</button> <button name="decision" value="deny">Deny</button></form>`,
  );

function decide(services: Services, url: URL, parameters: URLSearchParams): Answer {
  const isGranted = parameters.get('decision') === 'authorize';
  const state = parameters.get('state');
  if (isGranted) url.searchParams.set('code', services.tokens.issueCode());
  else url.searchParams.set('error', 'access_denied');
  if (state !== null && (isGranted || services.switches().denial === 'with_state')) {
    url.searchParams.set('state', state);
  }
  return { status: 302, headers: { ...HTML, Location: url.href }, body: '' };
}

/** @param redirectUrls the registered URLs; the first is the default */
export function createAuthorizeRoutes(
  clientId: string,
  redirectUrls: () => readonly string[],
): readonly Route[] {
  const route = (
    method: Route['method'],
    parametersOf: (request: Request) => URLSearchParams,
    answer: (services: Services, url: URL, parameters: URLSearchParams) => Answer,
  ): Route => ({
    method,
    path: '/oauth',
    open: true,
    since: 100,
    handle: (services, request) => {
      const parameters = parametersOf(request);
      const found = destination(clientId, redirectUrls(), parameters);
      return 'refusal' in found ? found.refusal : answer(services, found.url, parameters);
    },
  });
  return [
    route(
      'GET',
      ({ query }) => query,
      (_services, _url, parameters) => ask(parameters),
    ),
    route('POST', ({ body }) => new URLSearchParams(body), decide),
  ];
}
