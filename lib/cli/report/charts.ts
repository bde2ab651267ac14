/** The charts of the report, as SVG without a script. Colors are variables of the page, so that charts follow light and dark mode. */
import * as Plot from '@observablehq/plot';
import { sum } from '../../../functions/core/metrics.ts';
import { document, element, type PageElement } from './dom.ts';

const WIDTH = 720;

/** One part of each column or bar, with its color. */
export interface Series<T> {
  readonly name: string;
  /** A color of the page, such as `--blue`. */
  readonly color: string;
  readonly of: (item: T) => number;
}

const color = (name: string): string => `var(${name})`;

const number = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
export const figureText = (value: number): string => number.format(value);

/** @param label says what the chart shows, for people who cannot see it */
function draw(label: string, options: Plot.PlotOptions): PageElement {
  const svg = Plot.plot({
    document,
    width: WIDTH,
    style: { background: 'none', color: 'inherit', fontSize: '11px', fontFamily: 'inherit' },
    ...options,
  });
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  return svg;
}

export const legend = (entries: readonly { readonly name: string; readonly color: string }[]): PageElement =>
  element(
    'p',
    { class: 'legend' },
    ...entries.flatMap(({ name, color: variable }) => [
      element('span', { class: 'swatch', style: `background:${color(variable)}` }),
      `${name} `,
    ]),
  );

/** How many labels fit below a chart: short ones, and those with a year. */
const [LABELS, LONG_LABELS] = [12, 6];

/** A scale of periods with labels at intervals; without the year if all are in the same one. */
function periodScale(periods: readonly string[]): Plot.ScaleOptions {
  const isOneYear = new Set(periods.map((period) => period.slice(0, 4))).size === 1;
  const step = Math.ceil(periods.length / (isOneYear ? LABELS : LONG_LABELS));
  return {
    type: 'band',
    domain: periods,
    label: null,
    padding: 0.15,
    ticks: periods.filter((_period, index) => index % step === 0),
    tickFormat: (period: string) => (isOneYear ? period.slice(5) : period),
    tickSize: 3,
  };
}

interface Cell<T> {
  readonly item: T;
  readonly x: string;
  readonly series: Series<T>;
  readonly value: number;
}

const cellsOf = <T>(
  items: readonly T[],
  x: (item: T) => string,
  series: readonly Series<T>[],
): readonly Cell<T>[] =>
  items.flatMap((item) => series.map((one) => ({ item, x: x(item), series: one, value: one.of(item) })));

const total = <T>(item: T, series: readonly Series<T>[]): number => sum(series.map(({ of }) => of(item)));

const MAX_TICKS = 4;

const titleOf = <T>({ x, series, value }: Cell<T>): string => `${x}\n${series.name}: ${figureText(value)}`;

/** Stacked columns over time. */
export const columns = <T>(
  label: string,
  items: readonly T[],
  period: (item: T) => string,
  series: readonly Series<T>[],
): readonly PageElement[] => {
  const cells = cellsOf(items, period, series).filter(({ value }) => value > 0);
  if (cells.length === 0) return [element('p', { class: 'none' }, 'None.')];
  const highest = Math.max(...items.map((item) => total(item, series)));
  const isWhole = cells.every(({ value }) => Number.isInteger(value));
  return [
    ...(series.length > 1 ? [legend(series)] : []),
    draw(label, {
      height: 190,
      marginLeft: 52,
      x: periodScale(items.map(period)),
      y: { label: null, grid: true, ticks: isWhole ? Math.min(MAX_TICKS, highest) : MAX_TICKS, zero: true },
      marks: [
        Plot.barY(cells, {
          x: 'x',
          y: 'value',
          fill: (cell: Cell<T>) => color(cell.series.color),
          title: titleOf,
        }),
        Plot.ruleY([0]),
      ],
    }),
  ];
};

/** A stacked bar for each item, with its total at the end. */
export const bars = <T>(
  label: string,
  items: readonly T[],
  name: (item: T) => string,
  series: readonly Series<T>[],
  textOf: (figure: number) => string = figureText,
): readonly PageElement[] => {
  const totals = items.map((item) => total(item, series));
  return [
    ...(series.length > 1 ? [legend(series)] : []),
    draw(label, {
      height: 34 + items.length * 20,
      marginLeft: 170,
      marginRight: 70,
      x: { label: null, axis: null, zero: true },
      y: {
        type: 'band',
        domain: items.map(name),
        label: null,
        padding: 0.25,
        tickSize: 0,
        tickFormat: short,
      },
      marks: [
        Plot.barX(
          cellsOf(items, name, series).filter(({ value }) => value > 0),
          {
            x: 'value',
            y: 'x',
            fill: (cell: Cell<T>) => color(cell.series.color),
            title: titleOf,
          },
        ),
        Plot.text(items, {
          x: (_item: T, index: number) => totals[index],
          y: name,
          text: (_item: T, index: number) => textOf(totals[index] ?? 0),
          textAnchor: 'start',
          dx: 5,
        }),
        Plot.ruleX([0]),
      ],
    }),
  ];
};

const MAX_NAME = 26;
const short = (name: string): string =>
  name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1).toWellFormed()}…` : name;

/** One square of a grid. */
export interface Square {
  readonly column: string;
  readonly row: string;
  readonly color: string;
  /** From 0 to 1. */
  readonly strength: number;
  /** Shown in the square, for people who cannot see its color. */
  readonly sign?: string;
  readonly title: string;
}

/** Rows of squares over time, or over the hours of a day. */
export const grid = (
  label: string,
  squares: readonly Square[],
  {
    columns: across,
    rows,
    end,
  }: {
    readonly columns: readonly string[];
    readonly rows: readonly string[];
    /** The total of a row, shown at its end. */
    readonly end?: (row: string) => string;
  },
): PageElement =>
  draw(label, {
    height: 34 + rows.length * 18,
    marginLeft: 170,
    ...(end !== undefined && { marginRight: 70 }),
    x: { ...periodScale(across), padding: 0.08 },
    y: { type: 'band', domain: rows, label: null, padding: 0.12, tickSize: 0, tickFormat: short },
    marks: [
      Plot.cell(squares, {
        x: 'column',
        y: 'row',
        fill: (square: Square) => color(square.color),
        fillOpacity: (square: Square) => square.strength,
        title: 'title',
      }),
      Plot.text(
        squares.filter(({ sign }) => sign !== undefined),
        {
          x: 'column',
          y: 'row',
          text: 'sign',
          fill: color('--on-color'),
          fontWeight: 'bold',
          pointerEvents: 'none',
        },
      ),
      ...(end === undefined
        ? []
        : [
            Plot.text(rows, {
              y: (row: string) => row,
              text: end,
              frameAnchor: 'right',
              textAnchor: 'start',
              dx: 5,
            }),
          ]),
    ],
    opacity: { type: 'identity' },
  });
