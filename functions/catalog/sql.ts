/** The few words of SQL that the statements are made of; the same in DuckDB and Athena. Pure. */

/** A name as written: never a keyword, whatever Intercom calls its fields. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Names one below the other, indented. */
export const list = (items: readonly string[]): string => items.map((item) => `  ${item}`).join(',\n');
