/** A page as a tree of elements: text is escaped when the tree is written, so none of it can become markup. */
import { parseHTML } from 'linkedom';
import { isNumeric } from '../terminal/table-text.ts';

/** The part of an element that we use. */
export interface PageElement {
  readonly outerHTML: string;
  append(...children: readonly (PageElement | string)[]): void;
  setAttribute(name: string, value: string): void;
}

const page = parseHTML('<!doctype html><html lang="en"><head></head><body></body></html>');

/** Charts are drawn in this document too. */
export const { document } = page;

/** An element. Strings become text, whatever they contain. */
export function element(
  tag: string,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (PageElement | string)[]
): PageElement {
  const made: PageElement = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A table with a header. Columns of numbers are aligned right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): PageElement {
  const looks = header.map((_name, index) =>
    rows.every((row) => isNumeric(row[index] ?? '')) ? { class: 'number' } : {},
  );
  const heads = header.map((name, index) => element('th', { scope: 'col', ...looks[index] }, name));
  const cells = (row: readonly string[]) => row.map((text, index) => element('td', looks[index], text));
  return element(
    'div',
    { class: 'scroll' },
    element(
      'table',
      {},
      element('thead', {}, element('tr', {}, ...heads)),
      element('tbody', {}, ...rows.map((row) => element('tr', {}, ...cells(row)))),
    ),
  );
}
