/** A table for a terminal: columns as wide as their widest cell, numbers aligned right. Pure. */

/** A dash stands for an unknown number. */
export const isNumeric = (text: string): boolean => /^([\d.,]+( [A-Za-z%/]+)?|–)$/.test(text);

/** @param rows cells as text; the first row is the header */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const body = rows.slice(1);
  const alignsRight = widths.map((_width, column) =>
    body.every((row) => (row[column] ?? '') === '' || isNumeric(row[column] ?? '')),
  );
  return rows
    .map((row) =>
      widths
        .map((width, column) => {
          const cell = row[column] ?? '';
          return alignsRight[column] ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const thousands = new Intl.NumberFormat('en-US');

export const count = (value: number): string => thousands.format(value);

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `1.4 MB` */
export function byteSize(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power]}`;
}

/** `2026-11-22T12:00:05.123Z` as `2026-11-22 12:00:05Z`. */
export const shortTime = (time: string): string => `${time.slice(0, 19).replace('T', ' ')}Z`;
