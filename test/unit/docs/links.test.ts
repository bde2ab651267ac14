/** Every relative link, anchor and path in the documents leads somewhere. */
import { existsSync, globSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { filesOf, proseOf, ROOT, textOf } from '../../support/documents.ts';

const DOCUMENTS = filesOf('*.md', 'docs/**/*.md', 'lib/**/*.md');

/** As GitHub makes an anchor of a heading. */
const slugOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');

function anchorsOf(path: string): ReadonlySet<string> {
  const headings = [...proseOf(textOf(path)).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => slugOf(text));
  return new Set(
    headings.map((slug, index) => {
      const before = headings.slice(0, index).filter((one) => one === slug).length;
      return before === 0 ? slug : `${slug}-${before}`;
    }),
  );
}

const linksOf = (path: string): readonly string[] =>
  [...proseOf(textOf(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);

function isDead(document: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return false;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? document : normalize(join(dirname(document), path));
  if (!existsSync(join(ROOT, target))) return true;
  return anchor !== undefined && !anchorsOf(target).has(anchor);
}

/** Begins with a folder of the repository, or is a file name with an extension of a source. */
const A_PATH = /^(?:(?:functions|lib|bin|test|docs|\.ci)\/[\w./*-]*|[\w.-]+\.ts)$/;

const SOURCES = filesOf('*.ts', '{functions,lib,bin,test}/**/*.ts');
const NAMES = new Set(SOURCES.map((path) => basename(path)));

const pathsOf = (path: string): readonly string[] =>
  [...proseOf(textOf(path)).matchAll(/`([^`\n]+)`/g)]
    .map(([, code = '']) => code)
    .filter((code) => A_PATH.test(code));

const isThere = (path: string): boolean =>
  path.includes('/') ? globSync(path, { cwd: ROOT }).length > 0 : NAMES.has(path);

test('there are documents to check', () => {
  expect(DOCUMENTS).toEqual(
    expect.arrayContaining(['README.md', 'AGENTS.md', 'CHANGELOG.md', 'docs/operate.md']),
  );
  expect(DOCUMENTS.flatMap(linksOf).length).toBeGreaterThan(20);
  expect(DOCUMENTS.flatMap(pathsOf).length).toBeGreaterThan(80);
});

describe.each(DOCUMENTS)('%s', (document) => {
  test('links lead somewhere', () => {
    expect(linksOf(document).filter((link) => isDead(document, link))).toEqual([]);
  });

  test('paths exist', () => {
    expect(pathsOf(document).filter((path) => !isThere(path))).toEqual([]);
  });
});

test('every decision that is cited exists', () => {
  const decisions = filesOf('docs/decisions/*.md').map((path) => Number(basename(path).slice(0, 3)));
  const cited = [...SOURCES, ...DOCUMENTS].flatMap((path) =>
    [...textOf(path).matchAll(/docs\/decisions\/(\d+)/g)].map(([, number]) => Number(number)),
  );
  expect(cited.filter((number) => !decisions.includes(number))).toEqual([]);
});
