/** Building blocks of SQL that are the same in DuckDB and Athena. Pure. */

/** A quoted name, which is never mistaken for a keyword. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Items, one per line, indented. */
export const list = (items: readonly string[]): string => items.map((item) => `  ${item}`).join(',\n');
