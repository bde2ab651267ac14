/** Pages and texts, without a browser or a network. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCallbackQuery } from '../../../functions/connection/callback-query.ts';
import { explain } from '../../../functions/connection/explanations.ts';
import { renderPage } from '../../../functions/connection/outcome-pages.ts';
import { PAGE_OUTCOMES } from '../../support/page-outcomes.ts';

describe('every page', () => {
  test.each(PAGE_OUTCOMES.map((outcome) => [outcome.kind, outcome] as const))('%s', (_kind, outcome) => {
    const { status, headers, body } = renderPage(outcome, 'shop');
    expect(status).toBeGreaterThanOrEqual(200);
    expect(body).toMatch(/<title>.+ · Intercom to S3<\/title>/);
    expect(body).toContain('pipeline shop');
    const [, style = ''] = /<style>([^<]*)<\/style>/.exec(body) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    expect(headers['content-security-policy']).toContain(`style-src 'sha256-${hash}'`);
    expect(body).not.toMatch(/undefined|null|\[object|`/);
  });

  test('has a title of its own, unless it has the same next step as another one', () => {
    const titles = PAGE_OUTCOMES.map(
      (outcome) => /<h1>(.+)<\/h1>/.exec(renderPage(outcome, 'shop').body)?.[1],
    );
    const twice = titles.filter((title, index) => titles.indexOf(title) !== index);
    expect([...new Set(twice)]).toEqual(['This address is not valid', 'This authorization has expired']);
  });
});

test('the name of a workspace is text, whatever it contains', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom('<script>', '`x`', '"&\'', ''),
      (name, more) => {
        const workspace = { id: 'w1', name: `${name}${more}` };
        const { body } = renderPage({ kind: 'connected', workspace, region: null }, 'shop');
        const text = /<p>(.*)<\/p>/s.exec(body)?.[1] ?? '';
        expect(text).not.toMatch(/[<>"'\p{C}]/u);
        expect(text).not.toMatch(/&(?!amp;|lt;|gt;|quot;|#39;)/);
        const { happened } = explain({ kind: 'connected', workspace, region: null });
        // A terminal must not take it for a command.
        expect(happened).not.toMatch(/[\p{C}`]/u);
        expect([...happened].length).toBeLessThan(200);
      },
    ),
  );
});

describe('a query', () => {
  const STATE = 'S'.repeat(43);

  test('never breaks the parser, and is an answer only with one valid state and one valid code', () => {
    const part = fc.oneof(
      fc.constantFrom('code', 'state', 'error', '=', '&', '%', '%zz', '+', STATE, 'abc='),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const read = readCallbackQuery(parts.join(''));
        if (read.kind === 'answer') {
          expect(read.state).toMatch(/^[A-Za-z0-9_-]{43}$/);
          expect(read.code).toMatch(/^[\x21-\x7e]+$/);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    [`code=YWJj%3D&state=${STATE}`, 'YWJj='],
    [`code=YWJj=&state=${STATE}`, 'YWJj='],
    [`code=YWJj==&state=${STATE}&foo=bar`, 'YWJj=='],
    [`state=${STATE}&code=a%2Bb+c`, 'a+b+c'],
  ])('keeps the whole code: %s', (query, code) => {
    expect(readCallbackQuery(query)).toEqual({ kind: 'answer', state: STATE, code });
  });
});
