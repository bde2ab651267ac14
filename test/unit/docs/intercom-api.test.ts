/** docs/intercom-api.md has every number that is cited, and each paragraph says how well its fact is known. */
import { expect, test } from 'vitest';
import { filesOf, textOf } from '../../support/documents.ts';

const FACTS = textOf('docs/intercom-api.md');

const SECTIONS = [...FACTS.matchAll(/^#{2,3} (\d+(?:\.\d+)?)\.? /gm)].map(([, number = '']) => number);
const PARAGRAPHS = [...FACTS.matchAll(/^\*\*(\d+(?:\.\d+)+)\*\* ([\s\S]*?)(?=\n\n|\n*$)/gm)].map(
  ([, number = '', text = '']) => ({ number, text }),
);
const NUMBERS = [...SECTIONS, ...PARAGRAPHS.map(({ number }) => number)];

/** `intercom-api.md 1, 8.2`, `1-3`, `4 and 5`. */
const CITATION = /intercom-api\.md (\d+(?:\.\d+)*(?:(?:, | and |-)\d+(?:\.\d+)*)*)/g;

/** The numbers of one citation; a range has all its sections. */
function numbersIn(citation: string): readonly string[] {
  return citation.split(/, | and /).flatMap((part) => {
    const [from = '', to] = part.split('-');
    if (to === undefined) return [from];
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => String(Number(from) + index));
  });
}

const citationsIn = (path: string): readonly string[] =>
  [...textOf(path).matchAll(CITATION)].flatMap(([, numbers = '']) => numbersIn(numbers));

test('ranges and lists are read whole', () => {
  expect(['1, 8.2', '1-3', '4 and 5', '10.23'].flatMap(numbersIn)).toEqual([
    ...['1', '8.2'],
    ...['1', '2', '3'],
    ...['4', '5'],
    '10.23',
  ]);
});

test('every number that is cited anywhere is there', () => {
  const files = filesOf('*.{ts,md}', '{functions,lib,bin,test,docs}/**/*.{ts,md}');
  const cited = files.flatMap((path) => citationsIn(path).map((number) => ({ path, number })));
  expect(cited.length).toBeGreaterThan(100);
  expect(cited.filter(({ number }) => !NUMBERS.includes(number))).toEqual([]);
});

test('its paragraphs cite each other by numbers that are there', () => {
  const cited = [...FACTS.matchAll(/\((\d+(?:\.\d+)+)\)/g)].map(([, number]) => number);
  expect(cited.filter((number) => !NUMBERS.includes(String(number)))).toEqual([]);
});

test('a number stands once, in its own section', () => {
  expect(NUMBERS.filter((number, index) => NUMBERS.indexOf(number) !== index)).toEqual([]);
  const parentOf = (number: string): string => number.split('.').slice(0, -1).join('.');
  expect(PARAGRAPHS.map(({ number }) => parentOf(number)).filter((one) => !SECTIONS.includes(one))).toEqual(
    [],
  );
});

test('each fact has a standing; section 10 is about sources that disagree', () => {
  const STANDING = /_(?:documented|seen|unconfirmed|Sources disagree)/;
  const bare = PARAGRAPHS.filter(({ number, text }) => !number.startsWith('10.') && !STANDING.test(text));
  expect(bare.map(({ number }) => number)).toEqual([]);
});
