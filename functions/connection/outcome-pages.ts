/**
 * The pages of the callback: self-contained, without scripts, and without any text from the request. Pure.
 * The only text from outside is Intercom's name for a workspace, and it is escaped.
 */
import { createHash } from 'node:crypto';
import type { AuthorizationOutcome } from '../core/authorization.ts';
import { type Explanation, explain } from './explanations.ts';

/** Results of a request to the callback, including those that never reach an authorization. */
export type PageOutcome =
  | AuthorizationOutcome
  | { readonly kind: 'wrong_method' | 'prefetch' | 'aws_unavailable' | 'internal_error' };

export interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** RFC 9110: 4xx if the request or its sender has to change something, 5xx if we, AWS or Intercom do. */
const STATUS: Readonly<Record<PageOutcome['kind'], number>> = {
  connected: 200,
  reconnected: 200,
  replaced: 200,
  denied: 403,
  no_state: 400,
  bad_state: 400,
  unknown_state: 400,
  used_state: 409,
  expired_state: 410,
  no_code: 400,
  bad_code: 400,
  repeated_parameter: 400,
  too_long: 414,
  wrong_method: 405,
  // Browsers drop a prefetched answer with this status, and send the request again when it is wanted.
  prefetch: 503,
  code_refused: 400,
  other_workspace: 409,
  region_mismatch: 409,
  permission_missing: 403,
  intercom_unreachable: 503,
  aws_unavailable: 503,
  client_missing: 500,
  client_refused: 502,
  token_refused: 502,
  unexpected_answer: 502,
  not_stored: 500,
  internal_error: 500,
};

const CONNECT_AGAIN = 'Run `npm run pipeline -- connect` again.';

function explanationOf(outcome: PageOutcome): Explanation {
  switch (outcome.kind) {
    case 'wrong_method':
      return {
        tone: 'refused',
        title: 'Nothing to see here',
        happened:
          'This address only answers the GET of a browser that Intercom sends here. Nothing has changed.',
        next: ['To connect the pipeline, run `npm run pipeline -- connect`.'],
      };
    case 'prefetch':
      return {
        tone: 'refused',
        title: 'Not loaded in advance',
        happened:
          'Your browser asked for this page before you did. It works only once, so nothing has happened yet.',
        next: ['Reload the page.', `If that does not help: ${CONNECT_AGAIN}`],
      };
    case 'aws_unavailable':
      return {
        tone: 'failed',
        title: 'AWS did not answer',
        happened: 'The pipeline could not reach its own table or secrets. Nothing was stored.',
        next: [`Wait a few minutes. ${CONNECT_AGAIN}`],
      };
    case 'internal_error':
      return {
        tone: 'failed',
        title: 'Something is broken',
        happened: 'The callback ran into an unexpected error.',
        next: [
          "The log of the pipeline's callback function shows it.",
          '`npm run pipeline -- check` shows whether the pipeline is connected. If it is not, run `npm run pipeline -- connect` again.',
        ],
      };
    default:
      return explain(outcome);
  }
}

const STYLE = `
:root{color-scheme:light dark;--back:#f4f5f7;--card:#fff;--line:#dfe2e8;--text:#1c2330;--soft:#525c6e;--code:#eef0f4;--done:#12774a;--refused:#8f5a00;--failed:#b3261e}
@media (prefers-color-scheme:dark){:root{--back:#12151b;--card:#1b1f28;--line:#323847;--text:#eceff5;--soft:#a9b2c3;--code:#282e3b;--done:#5fd39b;--refused:#f0bb5b;--failed:#ff8f86}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;min-height:100dvh;display:grid;place-items:center;padding:1.5rem;background:var(--back);color:var(--text);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{width:100%;max-width:36rem;padding:2.25rem 2.5rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;overflow-wrap:anywhere}
svg{display:block;width:2.75rem;height:2.75rem;margin-bottom:1.1rem}
h1{margin:0 0 .6rem;font-size:1.5rem;line-height:1.25;font-weight:650;letter-spacing:-.01em;text-wrap:balance}
h2{margin:1.6rem 0 .4rem;font-size:.8125rem;font-weight:650;letter-spacing:.04em;text-transform:uppercase;color:var(--soft)}
p{margin:0}
ul{margin:0;padding-left:1.15rem}
li+li{margin-top:.35rem}
code{display:inline-block;max-width:100%;padding:.05em .35em;border-radius:.3em;background:var(--code);font:.875em ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
footer{margin-top:1.9rem;padding-top:1rem;border-top:1px solid var(--line);font-size:.875rem;color:var(--soft)}
.done{color:var(--done)}.refused{color:var(--refused)}.failed{color:var(--failed)}
@media (max-width:30rem){body{padding:1rem;place-items:start center}main{padding:1.5rem 1.35rem}}
@media (max-width:23rem){code{display:inline;box-decoration-break:clone;-webkit-box-decoration-break:clone}}
@media (forced-colors:active){main{border-color:CanvasText}}
`;

const SIGNS: Readonly<Record<Explanation['tone'], string>> = {
  done: '<path d="M14.5 24.5l6.5 6.5 13-14"/>',
  refused: '<path d="M24 13v14"/><path d="M24 33.5v.5"/>',
  failed: '<path d="M17 17l14 14M31 17L17 31"/>',
};

const signOf = (tone: Explanation['tone']): string =>
  `<svg class="${tone}" viewBox="0 0 48 48" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><circle cx="24" cy="24" r="21" stroke-width="3"/>${SIGNS[tone]}</svg>`;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (sign) => ESCAPES[sign] ?? '');

const html = (text: string): string => escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');

function bodyOf({ tone, title, happened, next }: Explanation, pipeline: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${html(title)} · Intercom to S3</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${signOf(tone)}
<h1>${html(title)}</h1>
<p>${html(happened)}</p>
<h2>Next</h2>
<ul>
${next.map((step) => `<li>${html(step)}</li>`).join('\n')}
</ul>
<footer>Intercom to S3 · pipeline ${html(pipeline)}</footer>
</main>
</body>
</html>
`;
}

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

const HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'x-robots-tag': 'noindex',
};

/** @param pipeline its name, for the page's footer */
export function renderPage(outcome: PageOutcome, pipeline: string): Page {
  const isWrongMethod = outcome.kind === 'wrong_method';
  return {
    status: STATUS[outcome.kind],
    headers: { ...HEADERS, ...(isWrongMethod && { allow: 'GET' }) },
    body: bodyOf(explanationOf(outcome), pipeline),
  };
}
